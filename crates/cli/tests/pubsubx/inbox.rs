//! What is kept for a lost client is bounded (P-35), whichever way messages are dropped.

use rialto_testkit::Broker;

use crate::{back, online, start, subscriber, wait_for};

/// Publishes so many messages of 100 bytes to a lost client; returns the numbers of those it gets.
fn kept_of(broker: &Broker, count: usize) -> Vec<usize> {
    subscriber(broker, "ada", "a").hang_up();
    wait_for(broker, "client lost", "ada");
    let filler = "x".repeat(94);
    let mut bob = online(broker, "bob");
    for n in 0..count {
        bob.publish("a", &format!("{n:05} {filler}"));
    }
    bob.leave();
    let mut ada = back(broker, "ada", &["a"]);
    ada.send("PUBLISH a end");
    let mut kept = Vec::new();
    loop {
        let message = ada.recv();
        let data = message.strip_prefix("a ").unwrap();
        if data == "end" {
            break;
        }
        assert_eq!(data.len(), 100, "only whole ones come");
        kept.push(data[..5].parse().unwrap());
    }
    ada.leave();
    kept
}

#[test]
fn the_oldest_messages_make_room_for_new_ones() {
    // P-35
    let broker = start(&["session.resume_full=drop-oldest"]);
    let kept = kept_of(&broker, 300);
    // The end is one of them: it was published within the pause.
    assert!(85 < kept.len() && kept.len() <= 102, "{} were kept", kept.len());
    assert_eq!(kept, (300 - kept.len()..300).collect::<Vec<_>>());
    assert!(300 - kept.len() as u64 <= broker.stat("dropped_absent"));
}

#[test]
fn new_messages_are_dropped_where_that_is_configured() {
    // P-35: as the original does. The end comes through where there is room for it still.
    let broker = start(&["session.resume_full=drop-newest"]);
    subscriber(&broker, "ada", "a").hang_up();
    wait_for(&broker, "client lost", "ada");
    let filler = "x".repeat(94);
    let mut bob = online(&broker, "bob");
    for n in 0..300 {
        bob.publish("a", &format!("{n:05} {filler}"));
    }
    let dropped = broker.stat("dropped_absent") as usize;
    assert!((198..215).contains(&dropped), "{dropped} were dropped");
    let mut ada = back(&broker, "ada", &["a"]);
    for n in 0..300 - dropped {
        ada.expect(format!("a {n:05} {filler}"));
    }
    ada.expect_silence();
}

#[test]
fn as_much_is_kept_as_is_configured() {
    // P-35
    for (setting, count) in [("0", 0), ("1KiB", 300), ("1MiB", 300), ("128KiB", 300)] {
        for full in ["drop-oldest", "drop-newest"] {
            let broker = start(&[
                &format!("session.resume_bytes_max={setting}"),
                &format!("session.resume_full={full}"),
            ]);
            subscriber(&broker, "ada", "a").hang_up();
            wait_for(&broker, "client lost", "ada");
            let mut bob = online(&broker, "bob");
            for n in 0..count {
                bob.publish("a", &format!("{n:0100}"));
            }
            let dropped = broker.stat("dropped_absent") as usize;
            let expected = match setting {
                "0" => count..count + 1,
                "1KiB" => count - 10..count - 8 + 1,
                _ => 0..1,
            };
            assert!(expected.contains(&dropped), "{setting}, {full}: {dropped} were dropped");
            let mut ada = back(&broker, "ada", &["a"]);
            let first = if full == "drop-oldest" { dropped } else { 0 };
            for n in first..first + count - dropped {
                ada.expect(format!("a {n:0100}"));
            }
            ada.expect_silence();
        }
    }
}

#[test]
fn a_message_that_is_longer_than_all_that_is_kept_is_dropped() {
    // P-35: with drop-oldest it takes the others' room no more than it has to.
    for full in ["drop-oldest", "drop-newest"] {
        let broker =
            start(&["session.resume_bytes_max=1KiB", &format!("session.resume_full={full}")]);
        subscriber(&broker, "ada", "a").hang_up();
        wait_for(&broker, "client lost", "ada");
        let mut bob = online(&broker, "bob");
        bob.publish("a", &"x".repeat(2000));
        bob.publish("a", "1");
        let mut ada = back(&broker, "ada", &["a"]);
        ada.expect("a 1");
        ada.expect_silence();
        assert_eq!(broker.stat("dropped_absent"), 1);
    }
}

#[test]
fn what_is_kept_for_one_costs_others_nothing() {
    // P-35, P-40: each has its own room.
    let broker = start(&[]);
    for name in ["ada", "eve"] {
        subscriber(&broker, name, name).hang_up();
        wait_for(&broker, "client lost", name);
    }
    let mut bob = online(&broker, "bob");
    bob.publish("ada", "1");
    for n in 0..500 {
        bob.publish("eve", &format!("{n:0100}"));
    }
    let mut ada = back(&broker, "ada", &["ada"]);
    ada.expect("ada 1");
    ada.expect_silence();
}
