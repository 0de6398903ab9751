//! CoreMQ over real sockets: every clause of `spec/coremq.md` that binds the server, one file a
//! subject.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../common/mod.rs"]
mod common;

mod connections;
mod framing;
mod paced;
mod secure;

mod errors;
mod requests;
mod status;

mod direct;
mod history;
mod messages;

mod idle;
mod limits;

mod gateway;
mod links;
mod replication;
mod rights;

use std::time::Instant;

use rialto_testkit::{Broker, CoremqPeer, Launch, PATIENCE, Transport};
use serde_json::json;

use common::PROGRAM;

/// What a server answers to a message.
const SENT: &str = "OK: Message sent";

/// Begins to start a broker with CoreMQ listeners. Its store does not wait for the disk, which is
/// faster, and which only a power cut could tell from one that does.
fn launch() -> Launch {
    Launch::of(PROGRAM).coremq().set("store.durability=os")
}

/// Starts a broker with these settings.
fn start(settings: &[&str]) -> Broker {
    settings.iter().fold(launch(), |launch, setting| launch.set(setting)).start()
}

/// Connects over TCP.
#[track_caller]
fn connect(broker: &Broker) -> CoremqPeer {
    CoremqPeer::connect(broker, Transport::Tcp)
}

/// Connects over TCP and subscribes to a queue.
#[track_caller]
fn subscriber(broker: &Broker, queue: &str) -> CoremqPeer {
    let mut peer = connect(broker);
    peer.subscribe(queue);
    peer
}

/// Looks again and again until something is as it should be.
#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "waited in vain: {what}");
    }
}

/// Proves that the broker serves others: new clients get a message, over TCP and over the gateway.
#[track_caller]
fn check_serves(broker: &Broker) {
    let mut reader = subscriber(broker, "check");
    let mut watcher = CoremqPeer::connect(broker, Transport::WebSocketTls);
    watcher.subscribe("check");
    let mut writer = CoremqPeer::connect(broker, Transport::Tls);
    writer.publish("check", r#"{"n":1}"#);
    for peer in [&mut reader, &mut watcher] {
        assert_eq!(peer.expect_message("check"), json!({"n": 1}));
    }
    for peer in [reader, watcher, writer] {
        peer.hang_up();
    }
}
