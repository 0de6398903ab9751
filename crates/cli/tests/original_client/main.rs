//! The original Python client, which reads 1024 bytes and takes them for whole frames, on the default
//! listener.
//!
//! [`Reader`] does with what it reads what that client was seen to do, losses included. No test here
//! needs luck or an idle machine: that client loses nothing, however late it reads.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../common/mod.rs"]
mod common;
mod reader;

mod delivery;
mod imported;
mod recognition;

use std::ops::Range;

use rialto_testkit::{Broker, Launch, Peer};
use serde_json::json;

use common::{PROGRAM, frames, publish_stored};

/// Starts a broker with the settings of the defaults.
fn start() -> Broker {
    Launch::of(PROGRAM).start()
}

/// Publishes numbers with QoS 1, all in one write, and waits until they are stored.
fn publish_numbers(publisher: &mut Peer, numbers: Range<u64>) {
    publisher.send_raw(&frames(numbers.clone().map(|id| publish_stored("room", id, id))));
    for id in numbers {
        publisher.expect(json!({"pubAck": {"st": 1, "id": id.to_string()}}));
    }
}
