//! What was acknowledged is kept: over kills, restarts, full disks and full logs.
//!
//! Everything here goes through the real binary and its real store.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../common/mod.rs"]
mod common;

mod backup;
mod cursors;
mod damage;
mod growth;
mod hang;
mod identity;
mod kills;
mod log_damage;
mod logs;
mod retained;
mod room;

use std::{ops::Range, time::Instant};

use rialto_testkit::{Broker, Launch, PATIENCE, Peer, Transport};
use serde_json::{Value, json};

use common::{PROGRAM, acknowledge, frames, publish_stored};

fn launch() -> Launch {
    Launch::of(PROGRAM).without_certificate()
}

fn online(broker: &Broker, client: &str) -> Peer {
    Peer::online(broker, Transport::Tcp, client)
}

/// Makes `client` a persistent subscriber that is offline.
fn subscribe_for_later(broker: &Broker, client: &str, channel: &str) {
    let mut peer = online(broker, client);
    peer.subscribe_for_good(channel);
    peer.leave();
}

/// Publishes numbers with QoS 1, all in one write; all are acknowledged when it returns.
#[track_caller]
fn publish_numbers(publisher: &mut Peer, channel: &str, numbers: Range<u64>) {
    let packets = numbers.clone().map(|number| publish_stored(channel, number, number));
    publisher.send_raw(&frames(packets));
    for number in numbers {
        publisher.expect(json!({"pubAck": {"st": 1, "id": number.to_string()}}));
    }
}

/// Takes pushes of these numbers in this order, and returns their ids.
#[track_caller]
fn expect_numbers(
    subscriber: &mut Peer,
    channel: &str,
    numbers: impl IntoIterator<Item = u64>,
) -> Vec<String> {
    let take = |number: u64| {
        let push = subscriber.recv()["push"].take();
        assert_eq!((&push["cn"], &push["dt"]), (&json!(channel), &json!(number)), "{push}");
        assert_eq!(push["q"], 1, "{push}");
        push["id"].as_str().expect("a stored message has an id").to_owned()
    };
    numbers.into_iter().map(take).collect()
}

/// Acknowledges pushes; the broker knows of it when this returns.
#[track_caller]
fn acknowledge_all(subscriber: &mut Peer, ids: &[String]) {
    subscriber.send_raw(&frames(ids.iter().map(acknowledge)));
    subscriber.send(r#"{"hb":{}}"#);
    // Further pushes may be under way already; nothing here is to take them.
    subscriber.expect(r#"{"hbAck":{}}"#);
}

/// Returns the status of a packet's answer.
fn status(answer: &Value) -> i64 {
    let (_, body) = answer.as_object().and_then(|packet| packet.iter().next()).unwrap();
    body["st"].as_i64().unwrap_or_else(|| panic!("no status in {answer}"))
}

/// Tries until it succeeds; what is tried must not be instant.
#[track_caller]
fn until<T>(what: &str, mut try_once: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(result) = try_once() {
            return result;
        }
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
    }
}
