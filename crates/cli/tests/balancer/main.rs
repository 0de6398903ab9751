//! The load balancer before real brokers: who gets which, and what becomes of connections when brokers are
//! killed, drained, added, or all gone.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../common/mod.rs"]
mod common;

mod process;

mod failing;
mod names;
mod page;
mod policies;
mod rolling;
mod routes;
mod slow;
mod words;

use rialto_testkit::{Broker, Launch, Peer, Transport};
use serde_json::json;

use common::PROGRAM;
use process::Balancer;

/// Starts brokers that keep nothing.
fn brokers<const COUNT: usize>() -> [Broker; COUNT] {
    std::array::from_fn(|_| Launch::of(PROGRAM).set("store.kind=memory").start())
}

/// Returns the servers of a route.
fn addresses(brokers: &[Broker]) -> Vec<String> {
    brokers.iter().map(|broker| broker.address().to_string()).collect()
}

/// Opens a session through the balancer; `any` is a broker whose certificate all show.
fn online(balancer: &Balancer, any: &Broker, transport: Transport, client: &str) -> Peer {
    let mut peer = Peer::connect_to(any, balancer.address(), transport);
    peer.log_in(client);
    peer
}

/// Checks that a peer is served: what it publishes is acknowledged.
#[track_caller]
fn expect_service(peer: &mut Peer) {
    peer.subscribe("news");
    peer.send(json!({"pub": {"cn": "other", "dt": 1, "q": 1, "id": "1"}}));
    assert_eq!(peer.recv()["pubAck"]["st"], 1);
    peer.send(json!({"unsub": {"cn": "news"}}));
    assert_eq!(peer.recv()["unsubAck"]["st"], 1);
}
