//! A stop that is asked for: everybody gets what was on its way and a goodbye, within a time.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod common;

use std::{
    io::{ErrorKind, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use rialto_testkit::{Broker, Ending, Launch, PATIENCE, Peer, Transport};
use serde_json::json;

use common::{PROGRAM, Signal, acknowledge, frames, publish, publish_stored, signal};

/// WebSocket's code for a server that goes away.
const GOING_AWAY: u16 = 1001;

/// WebSocket's code for a server in whose place another one serves.
const SERVICE_RESTART: u16 = 1012;

#[test]
fn everybody_is_told_goodbye_and_the_exit_code_is_0() {
    for stop in [Signal::TERM, Signal::INT] {
        let mut broker = Broker::start(PROGRAM);
        let mut peers = Transport::ALL
            .map(|transport| Peer::online(&broker, transport, &transport.to_string()));
        let mut greeted = Transport::ALL.map(|transport| Peer::connect(&broker, transport));
        signal(broker.process_id(), stop);
        for peer in &mut peers {
            check_goodbye(peer);
        }
        for peer in &mut greeted {
            // One that has said nothing inside TLS yet is not known well enough for a goodbye.
            assert_ne!(peer.expect_close(), Ending::Reset);
        }
        assert!(broker.terminate().0.success());
        let log = broker.log_lines();
        for message in ["stopping", "stopped"] {
            assert!(log.iter().any(|line| line.contains(&format!(r#""message":"{message}""#))));
        }
    }
}

#[test]
fn what_is_in_the_outboxes_arrives_whole() {
    // Far more than the sockets' buffers hold: most of it waits in the broker when it is stopped.
    let (count, payload_bytes) = (1500, 8 << 10);
    let mut broker = Broker::start(PROGRAM);
    let mut subscribers = Transport::ALL.map(|transport| {
        let mut peer = Peer::online(&broker, transport, &transport.to_string());
        peer.subscribe("room");
        peer
    });
    let mut publisher = Peer::online(&broker, Transport::Tcp, "publisher");
    let filler = "x".repeat(payload_bytes);
    for number in 0..count {
        publisher.send(publish("room", json!([number, filler])));
    }
    publisher.expect_silence();
    signal(broker.process_id(), Signal::TERM);
    broker.wait_for_log("line that it stops", |line| line["message"] == "stopping");
    // All at once, as the time for it is limited.
    std::thread::scope(|scope| {
        for subscriber in &mut subscribers {
            scope.spawn(|| {
                for number in 0..count {
                    assert_eq!(subscriber.recv()["push"]["dt"][0], number);
                }
                check_goodbye(subscriber);
            });
        }
    });
    check_goodbye(&mut publisher);
    assert!(broker.terminate().0.success());
}

#[test]
fn a_peer_that_does_not_read_is_cut_off_when_the_time_is_up() {
    let mut broker = Launch::of(PROGRAM).set("server.shutdown_timeout=1s").start();
    let _stuck = stuck_subscriber(&broker);
    let (status, took) = broker.terminate();
    assert!(status.success());
    assert!(Duration::from_millis(900) < took, "it was given its time: {took:?}");
    assert!(took < Duration::from_secs(4), "but no more: {took:?}");
    let is_warning = |line: &String| {
        line.contains("some connections were still open at the end of server.shutdown_timeout")
    };
    assert!(broker.log_lines().iter().any(is_warning));
}

#[test]
fn a_broker_that_drains_lets_its_clients_go_a_few_at_a_time() {
    // J-128.
    let mut broker = Launch::of(PROGRAM).set("server.drain_time=1s").start();
    let online = |number: usize| {
        let transport = Transport::ALL[number % Transport::ALL.len()];
        Peer::online(&broker, transport, &number.to_string())
    };
    // Ten groups of two.
    let peers: Vec<Peer> = (0..20).map(online).collect();
    signal(broker.process_id(), Signal::TERM);
    let gone = peers.into_iter().map(|mut peer| {
        std::thread::spawn(move || {
            assert_eq!(peer.expect_last_word(SERVICE_RESTART, 5), "shutting-down");
            Instant::now()
        })
    });
    let gone: Vec<Instant> =
        gone.collect::<Vec<_>>().into_iter().map(|it| it.join().unwrap()).collect();
    let (first, last) = (gone.iter().min().unwrap(), gone.iter().max().unwrap());
    assert!(Duration::from_millis(700) < *last - *first, "{:?}", *last - *first);
    // It has nothing more to wait for; were it asked again, it would hurry.
    assert!(broker.wait_for_end().success());
}

#[test]
fn a_broker_that_drains_stops_at_once_when_it_is_asked_again() {
    let mut broker = Launch::of(PROGRAM).set("server.drain_time=1h").start();
    let online = |number: usize| Peer::online(&broker, Transport::Tcp, &number.to_string());
    // One a tenth of a second.
    let mut peers: Vec<Peer> = (0..100).map(online).collect();
    signal(broker.process_id(), Signal::TERM);
    broker.wait_for_log("line that it drains", |line| {
        line["message"] == "draining: clients are let go"
    });
    let (status, took) = broker.terminate();
    assert!(status.success());
    assert!(took < Duration::from_secs(8), "it took {took:?}");
    for peer in &mut peers {
        assert_eq!(peer.expect_last_word(GOING_AWAY, 5), "shutting-down");
    }
}

#[test]
fn while_it_stops_nobody_is_let_in() {
    let mut broker = Launch::of(PROGRAM).set("server.shutdown_timeout=30s").start();
    let stuck = stuck_subscriber(&broker);
    signal(broker.process_id(), Signal::TERM);
    broker.wait_for_log("line that it stops", |line| line["message"] == "stopping");
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(broker.address()).is_ok() {
        assert!(Instant::now() < deadline, "the port must be closed");
    }
    let refused = TcpStream::connect(broker.address()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    let is_stopped = |line: &String| line.contains(r#""message":"stopped""#);
    assert!(!broker.log_lines().iter().any(is_stopped), "it still waits for the stuck one");
    drop(stuck);
    assert!(broker.terminate().0.success());
}

#[test]
fn connections_that_say_little_do_not_hold_it_up() {
    let mut broker = Launch::of(PROGRAM).set("server.shutdown_timeout=30s").start();
    let beginnings: [&[u8]; 4] = [b"", b"GET / HTTP/1.1\r\n", b"\x16\x03\x01", b"{\"conn\":"];
    let _connections = beginnings.map(|beginning| {
        let mut socket = TcpStream::connect(broker.address()).unwrap();
        socket.write_all(beginning).unwrap();
        socket
    });
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.send_raw(b"{\"hb\":");
    let (status, took) = broker.terminate();
    assert!(status.success());
    assert!(took < Duration::from_secs(8), "it took {took:?}");
}

#[test]
fn it_starts_again_at_once_on_the_same_port() {
    let mut broker = Broker::start(PROGRAM);
    let address = broker.address();
    for round in 0..4 {
        let _peers = Transport::ALL
            .map(|transport| Peer::online(&broker, transport, &transport.to_string()));
        if round % 2 == 0 {
            assert!(broker.terminate().0.success());
        }
        broker.restart();
        assert_eq!(broker.address(), address);
    }
}

#[test]
fn what_a_stop_interrupts_is_stored_or_not_acknowledged() {
    // J-73: a publisher in full flow; every message it was acknowledged is there afterwards.
    let mut broker = Broker::start(PROGRAM);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe_for_good("room");
    ada.leave();
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    let mut acknowledged = 0;
    let mut sent = 0;
    loop {
        let burst = frames((sent..sent + 50).map(|number| publish_stored("room", number, number)));
        if bob.try_send_raw(&burst).is_err() {
            break;
        }
        sent += 50;
        if sent == 500 {
            signal(broker.process_id(), Signal::TERM);
        }
        let Ok(answer) = bob.next() else { break };
        if answer["connAck"]["rs"] == "shutting-down" {
            break;
        }
        assert_eq!(answer, json!({"pubAck": {"st": 1, "id": acknowledged.to_string()}}));
        acknowledged += 1;
    }
    assert!(broker.terminate().0.success());
    broker.restart();
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    for number in 0..acknowledged {
        let push = ada.recv();
        assert_eq!(push["push"]["dt"], number);
        // There may be more of them than a window holds.
        ada.send(acknowledge(push["push"]["id"].as_str().unwrap()));
    }
}

/// Returns a subscriber that does not read, and for which the broker has more than sockets hold.
fn stuck_subscriber(broker: &Broker) -> Peer {
    let mut stuck = Peer::online(broker, Transport::Tcp, "stuck");
    stuck.subscribe("room");
    let mut publisher = Peer::online(broker, Transport::Tcp, "publisher");
    let payload = format!("{:?}", "x".repeat(100_000));
    for _ in 0..150 {
        publisher.send(publish("room", &payload));
    }
    publisher.expect_silence();
    publisher.leave();
    stuck
}

#[track_caller]
fn check_goodbye(peer: &mut Peer) {
    assert_eq!(peer.expect_last_word(GOING_AWAY, 5), "shutting-down");
}
