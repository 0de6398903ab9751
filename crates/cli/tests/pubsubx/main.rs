//! PubSubX over real sockets: every clause of `spec/pubsubx.md`, one file a subject.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../common/mod.rs"]
mod common;

mod framing;

mod connecting;
mod secure;

mod messages;

mod leaving;
mod restored;

mod inbox;
mod limits;

mod alone;
mod grace;
mod logged;

mod load;
mod storm;

use rialto_testkit::{Broker, Launch, PubsubxPeer, Transport};

use common::PROGRAM;

/// What a new client is answered.
const ACCEPTED: &str = "OK: Conn accepted";
/// What a client is answered whose name is in use.
const TAKEN: &str = "ERROR: Name already taken";

/// Begins to start a broker with PubSubX listeners. Its store does not wait for the disk, which is
/// faster, and which only a power cut could tell from one that does.
fn launch() -> Launch {
    Launch::of(PROGRAM).pubsubx().set("store.durability=os")
}

/// Starts a broker with these settings.
fn start(settings: &[&str]) -> Broker {
    settings.iter().fold(launch(), |launch, setting| launch.set(setting)).start()
}

/// Opens a session over TCP.
#[track_caller]
fn online(broker: &Broker, name: &str) -> PubsubxPeer {
    PubsubxPeer::online(broker, Transport::Tcp, name)
}

/// Opens a session over TCP and subscribes to a topic.
#[track_caller]
fn subscriber(broker: &Broker, name: &str, topic: &str) -> PubsubxPeer {
    let mut peer = online(broker, name);
    peer.subscribe(topic);
    peer
}

/// Takes up the session of a lost client over TCP; these must be its topics.
#[track_caller]
fn back(broker: &Broker, name: &str, topics: &[&str]) -> PubsubxPeer {
    let (peer, actual) = PubsubxPeer::back(broker, Transport::Tcp, name);
    assert_eq!(actual, topics);
    peer
}

/// Waits until the log says that of a client.
#[track_caller]
fn wait_for(broker: &Broker, what: &str, client: &str) {
    broker.wait_for_log(&format!("line that says {what} of {client}"), |line| {
        line["message"] == what && line["client"] == client
    });
}

/// Proves that the broker serves others: new clients get a message, over TCP and TLS.
#[track_caller]
fn check_serves(broker: &Broker) {
    let mut readers = Transport::SOCKETS
        .map(|transport| PubsubxPeer::online(broker, transport, &format!("check-{transport}")));
    for reader in &mut readers {
        reader.subscribe("check");
    }
    let mut writer = online(broker, "check-writer");
    writer.publish("check", "1");
    for reader in &mut readers {
        reader.expect("check 1");
    }
    for peer in readers.into_iter().chain([writer]) {
        peer.leave();
    }
}
