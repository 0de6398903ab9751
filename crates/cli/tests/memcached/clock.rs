//! Items that live for a time, and a wall clock that steps.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use rialto_testkit::{Launch, PATIENCE};

use crate::{RIALTO, client::Client, start_as};

#[test]
fn an_item_that_lives_an_hour_is_not_gone_when_the_clock_is_stepped_two() {
    let broker = start_as(Launch::of(RIALTO).with_clock(), &[]);
    let mut ada = Client::connect(&broker);
    let mut set = |name: &str, exptime: u64| {
        ada.send(format!("set {name} 0 {exptime} 1\r\nv\r\n"));
        ada.expect("STORED");
    };
    set("hour", 3600);
    broker.step_clock(7200);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut bob = Client::connect(&broker);
    let mut is_there = |name: &str| {
        bob.send(format!("get {name}\r\n"));
        let is_there = bob.line() != "END";
        (0..2 * u32::from(is_there)).for_each(|_| _ = bob.line());
        is_there
    };
    // By the clock as it is now, that was an hour ago.
    let started = Instant::now();
    while {
        set("past", now + 3600);
        is_there("past")
    } {
        assert!(started.elapsed() < PATIENCE, "the wall clock is not heard of");
    }
    set("later", now + 10_800);
    assert!(is_there("later") && is_there("hour"));
    broker.step_clock(-7200);
    assert!(is_there("hour"));
}
