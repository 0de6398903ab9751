//! Brokers that are restarted one by one behind the balancer, while clients publish.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
        mpsc::{Sender, channel},
    },
    thread,
};

use rialto_testkit::{Broker, Launch, PATIENCE, Peer, Postgres};
use serde_json::json;

use crate::{
    Balancer, addresses, brokers,
    common::{PROGRAM, acknowledge},
};

/// Acknowledged messages between two restarts.
const BETWEEN: u32 = 100;

/// A client that goes on until it is told to stop; it connects again and sends again what was not
/// acknowledged, as any client should.
fn publish_until(address: SocketAddr, is_over: &AtomicBool, acknowledged: &Sender<u32>) -> u32 {
    let mut number = 0;
    let mut peer = log_in(address);
    while !is_over.load(Ordering::Relaxed) {
        let id = number.to_string();
        peer.send(json!({"pub": {"cn": "news", "dt": number, "q": 1, "id": id}}));
        // Whatever is on its way of an end comes before it.
        match peer.next() {
            Ok(packet) if packet["pubAck"]["id"] == id => {
                assert_eq!(packet["pubAck"]["st"], 1, "{packet}");
                acknowledged.send(number).unwrap();
                number += 1;
            }
            Ok(packet) => assert_eq!(packet["connAck"]["rs"], "shutting-down", "{packet}"),
            Err(_) => peer = log_in(address),
        }
    }
    number
}

fn log_in(address: SocketAddr) -> Peer {
    log_in_as(address, "publisher")
}

fn log_in_as(address: SocketAddr, client: &str) -> Peer {
    let mut peer = Peer::plain(address);
    peer.log_in(client);
    peer
}

#[test]
fn a_rolling_restart_refuses_nothing_and_loses_nothing() {
    let mut brokers = brokers::<3>();
    let servers = addresses(&brokers);
    let balancer = Balancer::start(&servers, "dialect = \"jmqt\"", "");
    let is_over = Arc::new(AtomicBool::new(false));
    let (acknowledged, acknowledgements) = channel();
    let (address, ends) = (balancer.address(), is_over.clone());
    let publisher = thread::spawn(move || publish_until(address, &ends, &acknowledged));
    let wait_for_more = || {
        let next = |_, _| acknowledgements.recv_timeout(PATIENCE).expect("the publisher goes on");
        (0..BETWEEN).fold(0, next)
    };
    for (broker, server) in brokers.iter_mut().zip(&servers) {
        wait_for_more();
        balancer.command(&["drain", server]);
        assert!(broker.terminate().0.success());
        wait_for_more();
        broker.restart();
        balancer.command(&["resume", server]);
    }
    let newest = wait_for_more();
    is_over.store(true, Ordering::Relaxed);
    let count = publisher.join().unwrap();
    let newest = acknowledgements.iter().last().unwrap_or(newest);
    assert_eq!(newest, count - 1, "each was acknowledged in its turn");
    assert!(!balancer.get("/metrics", "localhost").contains("no-server\"} 1"));
}

/// A client that reads all numbers up to the last one, connects again whenever it has to, and gets everything in order.
fn read_until_last(address: SocketAddr, last: &AtomicU32) {
    let mut next = 0;
    let mut peer = log_in_as(address, "subscriber");
    while next <= last.load(Ordering::Relaxed) {
        match peer.next() {
            Ok(packet) if packet["push"]["dt"].is_u64() => {
                let number = packet["push"]["dt"].as_u64().unwrap() as u32;
                // What was sent twice, since its answer did not come, may come twice, and so may what was not acknowledged.
                assert!(number <= next, "{number} comes where {next} should");
                next = next.max(number + 1);
                peer.send(acknowledge(packet["push"]["id"].as_str().unwrap()));
            }
            Ok(packet) => assert_eq!(packet["connAck"]["rs"], "shutting-down", "{packet}"),
            Err(_) => peer = log_in_as(address, "subscriber"),
        }
    }
}

#[test]
fn nodes_on_one_database_are_restarted_one_by_one_and_no_message_is_refused_or_lost() {
    // J-73, J-77, J-87. Nobody tells the balancer: a node that drains accepts nothing, and it finds another one.
    let database = Postgres::start_in_memory(&[]);
    let url = format!("store.url={}", database.url());
    let node = |_| -> Broker {
        let launch = Launch::of(PROGRAM).without_certificate().set("store.kind=postgres");
        launch.set("store.shared=true").set(&url).start()
    };
    let mut nodes: [Broker; 3] = std::array::from_fn(node);
    let balancer = Balancer::start(&addresses(&nodes), "dialect = \"jmqt\"", "");
    let address = balancer.address();
    let mut subscriber = log_in_as(address, "subscriber");
    subscriber.subscribe_for_good("news");

    let (is_over, last) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(u32::MAX)));
    let (acknowledged, acknowledgements) = channel();
    let ends = is_over.clone();
    let publisher = thread::spawn(move || publish_until(address, &ends, &acknowledged));
    let reads = last.clone();
    let subscriber = thread::spawn(move || read_until_last(address, &reads));
    let wait_for_more = || {
        let next = |_, _| acknowledgements.recv_timeout(PATIENCE).expect("the publisher goes on");
        (0..BETWEEN).fold(0, next)
    };
    for node in &mut nodes {
        wait_for_more();
        let (status, _) = node.terminate();
        assert!(status.success());
        wait_for_more();
        node.restart();
    }
    let newest = wait_for_more();
    is_over.store(true, Ordering::Relaxed);
    let count = publisher.join().unwrap();
    assert_eq!(acknowledgements.iter().last().unwrap_or(newest), count - 1);
    last.store(count - 1, Ordering::Relaxed);
    // Whatever it waits for, one more comes.
    let mut peer = log_in_as(address, "other");
    peer.send(json!({"pub": {"cn": "news", "dt": count, "q": 1, "id": "last"}}));
    subscriber.join().unwrap();
}
