//! Brokers that are restarted one by one behind the balancer, while clients publish.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Sender, channel},
    },
    thread,
};

use rialto_testkit::{PATIENCE, Peer};
use serde_json::json;

use crate::{Balancer, addresses, brokers};

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
    let mut peer = Peer::plain(address);
    peer.log_in("publisher");
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
        for _ in 0..BETWEEN {
            acknowledgements.recv_timeout(PATIENCE).expect("the publisher goes on");
        }
    };
    for (broker, server) in brokers.iter_mut().zip(&servers) {
        wait_for_more();
        balancer.command(&["drain", server]);
        assert!(broker.terminate().0.success());
        wait_for_more();
        broker.restart();
        balancer.command(&["resume", server]);
    }
    wait_for_more();
    is_over.store(true, Ordering::Relaxed);
    let count = publisher.join().unwrap();
    assert_eq!(
        acknowledgements.iter().last(),
        Some(count - 1),
        "each was acknowledged in its turn"
    );
    assert!(!balancer.get("/metrics", "localhost").contains("no-server\"} 1"));
}
