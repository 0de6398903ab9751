//! memcached's text protocol over real sockets: what clients are answered, what guards the cache against them, and
//! what subscribers of the broker hear of it.
//!
//! What each command does is shown in `crates/cache`; here is what needs the process.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod changes;
mod client;
mod clock;
mod dialogues;
mod limits;
mod original_tests;
mod pymemcache;

use rialto_testkit::{Broker, Launch};

use client::Client;

/// The binary under test.
const RIALTO: &str = env!("CARGO_BIN_EXE_rialto");
/// The listener of the cache.
const LISTENER: &str = "memcached";

/// Starts a broker with a cache and these settings.
fn start(settings: &[&str]) -> Broker {
    start_as(Launch::of(RIALTO), settings)
}

fn start_as(launch: Launch, settings: &[&str]) -> Broker {
    let launch = launch
        .listener(LISTENER)
        .set("listeners.memcached.enabled=true")
        .set("listeners.memcached.dialect=memcached");
    settings.iter().fold(launch, |launch, setting| launch.set(setting)).start()
}

/// Proves that the cache serves others.
#[track_caller]
fn check_serves(broker: &Broker) {
    Client::connect(broker).play(
        "
        > set check 0 0 2
        > ok
        < STORED
        > get check
        < VALUE check 0 2
        < ok
        < END
        ",
    );
}
