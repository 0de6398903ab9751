//! What guards the broker against its peers: each limit, one below and one above; bytes that mean
//! nothing; peers that do not read. After each the broker serves others as before, and its counters
//! or its log say what happened.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod answers;
mod connections;
mod frames;
mod garbage;
mod greetings;
mod held;
mod memory;
mod names;
mod slow;
mod stored;

use rialto_testkit::{Broker, Launch, Peer, Transport};
use serde_json::Value;

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

/// Proves that the broker serves others: new clients get a message and its acknowledgement.
#[track_caller]
fn check_serves(broker: &Broker) {
    let mut reader = Peer::online(broker, Transport::Tcp, "reader");
    reader.subscribe("check");
    let mut writer = Peer::online(broker, Transport::WebSocketTls, "writer");
    writer.send(r#"{"pub":{"cn":"check","dt":1,"q":1,"id":"1"}}"#);
    writer.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
    reader.expect(r#"{"push":{"cn":"check","dt":1,"cl":"writer","q":1,"id":"*"}}"#);
    reader.leave();
    writer.leave();
}

/// Waits until the log has a line with this level and message.
#[track_caller]
fn check_logged(broker: &Broker, level: &str, message: &str) -> Value {
    broker.wait_for_log(message, |entry| {
        let text = entry["message"].as_str().unwrap_or_default();
        entry["level"] == level && text.contains(message)
    })
}
