//! Strangers at the door: how long they may take, how many they may be, where they come from, and
//! how they are parted from, on every listener.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../common/mod.rs"]
mod common;

mod closing;
mod files;
mod followers;
mod haproxy;
mod proxies;
mod raw;
mod shares;
mod times;

use rialto_testkit::{Broker, Launch};

use common::PROGRAM;

/// Begins to start a broker with a listener for everything it speaks. Its store does not wait for the
/// disk, which only a power cut could tell from one that does.
fn launch() -> Launch {
    Launch::of(PROGRAM)
        .set("store.durability=os")
        .coremq()
        .pubsubx()
        .listener("http")
        .set("listeners.http.dialect=http")
        .listener("memcached")
        .set("listeners.memcached.dialect=memcached")
}

/// Starts a broker with these settings.
fn start(settings: &[&str]) -> Broker {
    settings.iter().fold(launch(), |launch, setting| launch.set(setting)).start()
}
