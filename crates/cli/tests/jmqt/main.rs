//! JMQT over real sockets: every clause of `spec/jmqt.md` that binds the server, one file a section.
//!
//! Most tests are dialogues in text, played over all four transports, which is itself the proof of
//! J-9: the same packets get the same answers on every transport.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod carriers;
mod packets;
mod vectors;

mod authenticate;
mod connect;
mod heartbeat;

mod publish;
mod push;
mod subscribe;

mod quality;
mod retained;
mod status;

mod control;
mod direct;
mod server;

mod end;
mod paced;

use rialto_testkit::{Broker, Dialogue, Launch, Transport};

/// The binary under test.
const RIALTO: &str = env!("CARGO_BIN_EXE_rialto");

/// Begins to start a broker. Its store does not wait for the disk, which is faster, and which only
/// a power cut could tell from one that does.
fn launch() -> Launch {
    Launch::of(RIALTO).set("store.durability=os")
}

/// Starts a broker with these settings.
fn start(settings: &[&str]) -> Broker {
    settings.iter().fold(launch(), |launch, setting| launch.set(setting)).start()
}

/// Plays a dialogue over each transport, each time with a broker of its own.
#[track_caller]
fn check(dialogue: &str) {
    check_with(&[], dialogue);
}

/// Plays a dialogue over each transport, each time with a broker that has these settings.
#[track_caller]
fn check_with(settings: &[&str], dialogue: &str) {
    for transport in Transport::ALL {
        let mut broker = start(settings);
        Dialogue::new(&mut broker, transport).play(dialogue);
    }
}
