//! Peers that do not read, or do not acknowledge, cost themselves and nobody else.
//!
//! Nothing here is measured in time: a publisher waits for what others have received, and everything
//! is counted.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod common;

use std::{
    io::{ErrorKind, Read},
    net::TcpStream,
    sync::{Arc, Condvar, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rialto_testkit::{Broker, Launch, PATIENCE, Peer, Transport};
use serde_json::json;

use common::{PROGRAM, Wire, acknowledge, frames, publish, publish_stored};

/// Messages the publisher is ahead of the slowest reader at most.
const WINDOW: u64 = 2000;
/// Messages it sends in one write.
const BURST: u64 = 100;
const MIB: usize = 1 << 20;

#[test]
fn a_stuck_subscriber_leaves_the_others_complete_and_in_order() {
    // J-104: one of five does not read, while 100,000 messages go by. The publisher is made to wait
    // for it once, which takes two seconds, and not for every 2000 of them.
    let started = Instant::now();
    check_others_are_unharmed(&[Transport::Tcp], 100_000);
    assert!(started.elapsed() < Duration::from_secs(60), "it took {:?}", started.elapsed());
}

#[test]
fn stuck_subscribers_over_every_transport_leave_the_others_complete_and_in_order() {
    // J-104.
    check_others_are_unharmed(&Transport::ALL, 40_000);
}

/// Publishes to readers over every transport and to stuck ones, who read only when all is over.
fn check_others_are_unharmed(stuck: &[Transport], count: u64) {
    let broker = Launch::of(PROGRAM)
        .set("limits.outbox_bytes_max=1MiB")
        .set("delivery.publisher_stall_max=2s")
        .start();
    let subscribe = |name: String, transport| {
        let mut peer = Peer::online(&broker, transport, &name);
        peer.subscribe("room");
        peer
    };
    let mut stuck: Vec<Peer> =
        stuck.iter().map(|&transport| subscribe(format!("stuck {transport}"), transport)).collect();
    let progress = Arc::new(Progress::new(Transport::ALL.len()));
    let readers: Vec<JoinHandle<()>> = Transport::ALL
        .into_iter()
        .enumerate()
        .map(|(index, transport)| {
            let mut peer = subscribe(format!("reader {transport}"), transport);
            let progress = progress.clone();
            thread::spawn(move || {
                for number in 0..count {
                    assert_eq!(peer.recv()["push"]["dt"][0], number, "over {transport}");
                    if number % BURST == BURST - 1 {
                        progress.note(index, number + 1);
                    }
                }
                peer.expect_silence();
                peer.leave();
            })
        })
        .collect();

    let mut publisher = Peer::online(&broker, Transport::Tcp, "publisher");
    let filler = "x".repeat(100);
    for first in (0..count).step_by(BURST as usize) {
        let packets = (first..first + BURST).map(|number| publish("room", json!([number, filler])));
        publisher.send_raw(&frames(packets));
        progress.wait_for((first + BURST).saturating_sub(WINDOW));
    }
    for reader in readers {
        reader.join().unwrap();
    }

    // Each stuck one was sent what its outbox took, in order; the rest is counted as dropped.
    let dropped = broker.stat("dropped_slow");
    let received: u64 = stuck.iter_mut().map(|peer| count_in_order(peer, count)).sum();
    assert!(0 < dropped);
    assert_eq!(received + dropped, count * stuck.len() as u64);
    let warning = broker.wait_for_log("warning of the drops", |line| {
        line["message"].as_str().is_some_and(|text| text.contains("slow consumer"))
    });
    assert!(warning["client"].as_str().unwrap().starts_with("stuck"), "{warning}");
}

/// Reads what had come and returns how many messages that were.
fn count_in_order(peer: &mut Peer, count: u64) -> u64 {
    peer.send(r#"{"hb":{}}"#);
    let mut received = 0;
    let mut next = 0;
    loop {
        let packet = peer.recv();
        if packet.get("hbAck").is_some() {
            return received;
        }
        let number = packet["push"]["dt"][0].as_u64().unwrap();
        assert!(next <= number && number < count, "{number} after {next}");
        next = number + 1;
        received += 1;
    }
}

#[test]
fn a_stuck_subscriber_is_closed_where_that_is_configured() {
    let broker = Launch::of(PROGRAM)
        .set("limits.outbox_bytes_max=1MiB")
        .set("delivery.slow_consumer=close")
        .start();
    let mut stuck = Peer::online(&broker, Transport::Tcp, "stuck");
    stuck.subscribe("room");
    let mut publisher = Peer::online(&broker, Transport::Tcp, "publisher");
    let payload = json!("x".repeat(10_000));
    until_closed(&broker, || publisher.send(publish("room", &payload)));
    assert_eq!(broker.stat("dropped_slow"), 0);
    publisher.expect_silence();
    let warning = broker.wait_for_log("line with the reason", |line| {
        line["reason"].as_str().is_some_and(|reason| reason.starts_with("slow consumer"))
    });
    assert_eq!(warning["client"], "stuck");
    read_to_the_end(stuck.socket());
}

#[test]
fn a_subscriber_that_never_acknowledges_takes_no_memory() {
    // J-78: 200 MB are stored for three persistent subscribers. One acknowledges, one only reads, one
    // does not even read; what is beyond their windows stays on disk.
    let broker = Launch::of(PROGRAM).set("limits.outbox_bytes_max=4MiB").start();
    let mut unread = Wire::online(broker.address(), "unread").unwrap();
    unread.send(r#"{"sub":{"cn":"room","pr":1}}"#).unwrap();
    let mut silent = Peer::online(&broker, Transport::Tcp, "silent");
    silent.subscribe_for_good("room");
    let reader = thread::spawn(move || {
        let mut received = 0;
        while silent.next().is_ok() {
            received += 1;
        }
        received
    });
    let mut keen = Peer::online(&broker, Transport::Tcp, "keen");
    keen.subscribe_for_good("room");
    let keen_one = thread::spawn(move || {
        for number in 0..10_000 {
            let push = keen.recv()["push"].take();
            assert_eq!(push["dt"][0], number, "another subscriber is not held up");
            keen.send(acknowledge(push["id"].as_str().unwrap()));
        }
    });
    let mut publisher = Peer::online(&broker, Transport::Tcp, "publisher");
    let filler = "x".repeat(20_000);
    let mut number = 0;
    let mut store = |publisher: &mut Peer, batches: u64| {
        for _ in 0..batches {
            let numbers = number..number + 100;
            number += 100;
            publisher.send_raw(&frames(
                numbers.clone().map(|id| publish_stored("room", json!([id, filler]), id)),
            ));
            for id in numbers {
                publisher.expect(json!({"pubAck": {"st": 1, "id": id.to_string()}}));
            }
        }
    };
    store(&mut publisher, 10);
    let before = broker.memory_bytes();
    store(&mut publisher, 90);
    check_growth(&broker, before, 48);
    keen_one.join().unwrap();

    drop(broker);
    let window_bytes = 2 * MIB;
    let received = reader.join().unwrap();
    assert!(received * 20_000 < window_bytes + 2 * 20_000, "{received} were sent");
}

#[test]
fn a_publisher_that_reads_no_acknowledgements_takes_no_memory() {
    check_flood_is_bounded("nobody's");
}

#[test]
fn a_publisher_that_reads_no_acknowledgements_of_what_is_stored_takes_no_memory() {
    check_flood_is_bounded("archived");
}

/// Publishes QoS 1 without reading a single acknowledgement: they wait up to the limit, and then the
/// connection is closed.
fn check_flood_is_bounded(channel: &str) {
    // One that reads nothing of its answers is closed after this time.
    let broker = Launch::of(PROGRAM)
        .set("limits.outbox_bytes_max=1MiB")
        .set("session.heartbeat_timeout=3s")
        .start();
    let mut archive = Peer::online(&broker, Transport::Tcp, "archive");
    archive.subscribe_for_good("archived");
    archive.leave();
    let mut witness = Peer::online(&broker, Transport::WebSocket, "witness");
    witness.subscribe("other");
    let before = broker.memory_bytes();
    let mut flood = Peer::online(&broker, Transport::Tcp, "flood");
    let long_ids = (0..1000).map(|id| publish_stored(channel, 1, format!("{id:0>500}")));
    let burst = frames(long_ids);
    let flooder = thread::spawn(move || {
        while flood.try_send_raw(&burst).is_ok() {}
        flood
    });
    let mut publisher = Peer::online(&broker, Transport::Tcp, "publisher");
    let mut number = 0;
    until_closed(&broker, || {
        publisher.send(publish("other", number));
        witness.expect(json!({"push": {"cn": "other", "dt": number, "cl": "publisher"}}));
        number += 1;
        // The witness says something too, or it would be silent for as long as the flood.
        witness.expect_silence();
    });
    check_growth(&broker, before, 32);
    read_to_the_end(flooder.join().unwrap().socket());
}

/// Checks that the broker has taken no more memory than so much since `before`.
fn check_growth(broker: &Broker, before: usize, mebibytes_max: usize) {
    let grown = broker.memory_bytes().saturating_sub(before) / MIB;
    eprintln!("the broker grew by {grown} MiB");
    assert!(grown < mebibytes_max, "it grew by {grown} MiB");
}

/// Reads all that had come until the broker's end of the connection, be it within a frame.
fn read_to_the_end(mut socket: &TcpStream) {
    let mut chunk = [0; 64 << 10];
    loop {
        match socket.read(&mut chunk) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                break;
            }
        }
    }
}

/// Does something until the broker has closed a connection at a limit.
fn until_closed(broker: &Broker, mut act: impl FnMut()) {
    let deadline = Instant::now() + PATIENCE;
    while broker.stat("closed_limit") == 0 {
        assert!(Instant::now() < deadline, "nobody was closed");
        for _ in 0..50 {
            act();
        }
    }
}

/// How far each reader has come.
struct Progress {
    received: Mutex<Vec<u64>>,
    grown: Condvar,
}

impl Progress {
    fn new(readers: usize) -> Self {
        Progress { received: Mutex::new(vec![0; readers]), grown: Condvar::new() }
    }

    fn note(&self, reader: usize, count: u64) {
        self.received.lock().unwrap()[reader] = count;
        self.grown.notify_all();
    }

    /// Waits until every reader has so many.
    fn wait_for(&self, count: u64) {
        let received = self.received.lock().unwrap();
        let (received, waited) = self
            .grown
            .wait_timeout_while(received, PATIENCE, |received| {
                received.iter().any(|&one| one < count)
            })
            .unwrap();
        assert!(!waited.timed_out(), "no reader may fall behind {count}: {received:?}");
    }
}
