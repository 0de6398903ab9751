//! Answers that are much larger than what is asked: a connection that asks again and again and does
//! not read takes room for few of them, and nobody else notices.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use rialto_testkit::{Broker, CoremqPeer, Peer, Transport};
use serde_json::json;

use super::{check_serves, launch, start};

/// How often each connection asks, in one write.
const ASKED: usize = 256;
/// What the process may grow by.
const GROWTH_MAX: usize = 64 << 20;
/// How long another client may wait for the answer to a heartbeat. Far more than it does, for the
/// sake of busy machines; without a limit it was many seconds.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// How long is looked at what happens.
const LOOK: Duration = Duration::from_secs(2);

/// What others noticed.
#[derive(Debug)]
struct Noticed {
    /// Most the process had grown by.
    growth: usize,
    /// Longest that a client waited for the answer to a heartbeat.
    wait: Duration,
}

/// Lets peers be made that ask and do not read, and looks on for a while.
fn look_on<T>(broker: &Broker, act: impl FnOnce() -> T) -> Noticed {
    let mut onlooker = Peer::online(broker, Transport::Tcp, "onlooker");
    let before = broker.memory_bytes();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut noticed = Noticed { growth: 0, wait: Duration::ZERO };
            while !is_over.load(Ordering::Relaxed) {
                let asked = Instant::now();
                onlooker.send(r#"{"hb":{}}"#);
                onlooker.expect(r#"{"hbAck":{}}"#);
                noticed.wait = noticed.wait.max(asked.elapsed());
                let growth = broker.memory_bytes().saturating_sub(before);
                noticed.growth = noticed.growth.max(growth);
            }
            noticed
        });
        let peers = act();
        thread::sleep(LOOK);
        is_over.store(true, Ordering::Relaxed);
        let noticed = watch.join().unwrap();
        drop(peers);
        noticed
    })
}

#[track_caller]
fn check(noticed: &Noticed, what: &str) {
    eprintln!("{what}: {} KiB more, others waited {:?}", noticed.growth >> 10, noticed.wait);
    assert!(noticed.growth < GROWTH_MAX, "{what}: {noticed:?}");
    assert!(noticed.wait < WAIT_MAX, "{what}: {noticed:?}");
}

/// Starts a broker with ten messages of 900,000 bytes in the history of a queue.
fn with_history(settings: &[&str]) -> Broker {
    let launch = settings.iter().fold(launch().coremq(), |launch, it| launch.set(it));
    let broker = launch.start();
    let mut writer = CoremqPeer::connect(&broker, Transport::Tcp);
    let text = "x".repeat(900_000);
    for n in 0..10 {
        writer.publish("big", json!({"n": n, "text": text}));
    }
    broker
}

/// Asks for the history many times in one write.
fn ask_for_history(broker: &Broker, transport: Transport) -> CoremqPeer {
    let mut peer = CoremqPeer::connect(broker, transport);
    peer.send_all((0..ASKED).map(|_| ("-", r#"{"coremq_gethistory": ["big"]}"#)));
    peer
}

/// Starts a broker with a retained message of so many bytes.
fn with_retained(bytes: usize) -> Broker {
    let broker = start(&[]);
    let mut writer = Peer::online(&broker, Transport::Tcp, "writer");
    let text = "x".repeat(bytes);
    writer.send(json!({"pub": {"cn": "big", "dt": text, "rt": 1, "q": 1, "id": "1"}}));
    writer.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
    broker
}

#[test]
fn a_history_that_is_asked_for_and_not_read_takes_room_once_for_few() {
    // J-104, J-119, C-22
    let broker = with_history(&[]);
    let noticed = look_on(&broker, || ask_for_history(&broker, Transport::Tcp));
    check(&noticed, "one connection");
    let noticed = look_on(&broker, || {
        let transports = [Transport::Tcp, Transport::Tls, Transport::WebSocket];
        let peers = transports.iter().cycle().map(|it| ask_for_history(&broker, *it));
        peers.take(8).collect::<Vec<_>>()
    });
    check(&noticed, "eight connections");
    check_serves(&broker);
}

#[test]
fn a_retained_message_that_is_asked_for_and_not_read_takes_room_once() {
    // J-104, J-82
    let broker = with_retained(1_000_000);
    for persistence in ["", r#","pr":1"#] {
        let noticed = look_on(&broker, || {
            let peers = Transport::ALL.iter().cycle().take(8).enumerate();
            let ask = |(n, transport): (usize, &Transport)| {
                let mut peer = Peer::online(&broker, *transport, &format!("asker {n}"));
                let packet = format!(r#"{{"sub":{{"cn":"big"{persistence}}}}}"#);
                peer.send_all(&vec![packet.as_str(); ASKED]);
                peer
            };
            peers.map(ask).collect::<Vec<_>>()
        });
        check(&noticed, "retained messages");
    }
    check_serves(&broker);
}

#[test]
fn a_long_list_of_subscriptions_that_is_asked_for_and_not_read_takes_room_once() {
    // J-104, J-97
    let broker = start(&[]);
    let noticed = look_on(&broker, || {
        let mut peer = Peer::online(&broker, Transport::Tcp, "asker");
        for n in 0..999 {
            peer.subscribe(&format!("{n:0>250}"));
        }
        peer.send_all(&vec![r#"{"pub":{"cn":"$mySubscriptions","id":"1"}}"#; ASKED]);
        peer
    });
    check(&noticed, "lists of subscriptions");
    check_serves(&broker);
}

#[test]
fn whoever_reads_gets_every_answer_in_the_order_asked() {
    // J-119: what had to wait is answered like everything else, whatever comes behind it.
    const TIMES: usize = 40;
    let broker = with_retained(300_000);
    for transport in Transport::ALL {
        let mut peer = Peer::online(&broker, transport, "asker");
        let publish = |n: usize| format!(r#"{{"pub":{{"cn":"quiet","dt":1,"q":1,"id":"{n}"}}}}"#);
        let publishes: Vec<String> = (0..TIMES).map(publish).collect();
        let packets = publishes.iter().flat_map(|publish| [r#"{"sub":{"cn":"big"}}"#, publish]);
        peer.send_all(&packets.collect::<Vec<_>>());
        for n in 0..TIMES {
            peer.expect(r#"{"subAck":{"st":1,"cn":"big"}}"#);
            let push = peer.recv()["push"].take();
            assert_eq!(push["dt"].as_str().map(str::len), Some(300_000), "{transport}");
            peer.expect(json!({"pubAck": {"st": 1, "id": n.to_string()}}));
        }
        peer.expect_silence();
        peer.leave();
    }
}

#[test]
fn whoever_does_not_read_its_answers_is_closed_and_others_get_theirs() {
    // J-119: eight connections ask for more than there is room for; who asks behind them waits its
    // turn, and no longer than they are given.
    let broker = with_history(&["session.heartbeat_timeout=3s"]);
    let asleep: Vec<_> = (0..8).map(|_| ask_for_history(&broker, Transport::Tcp)).collect();
    let mut reader = CoremqPeer::connect(&broker, Transport::Tcp);
    let answer = reader.ask("-", r#"{"coremq_gethistory": ["big"]}"#);
    assert_eq!(answer["history"]["big"].as_array().map(Vec::len), Some(9));
    assert!(4 <= broker.stat("closed_limit"));
    drop(asleep);
    check_serves(&broker);
}

#[test]
fn what_a_session_begins_with_comes_in_parts_as_it_is_read() {
    // J-82, J-119: eight clients with thirty subscriptions to large retained messages come back.
    const CHANNELS: usize = 30;
    let broker = start(&[]);
    let mut writer = Peer::online(&broker, Transport::Tcp, "writer");
    let text = "x".repeat(900_000);
    for n in 0..CHANNELS {
        let channel = format!("big-{n:02}");
        writer.send(json!({"pub": {"cn": channel, "dt": text, "rt": 1, "q": 1, "id": "1"}}));
        writer.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
    }
    let clients = Transport::ALL.iter().cycle().take(8).enumerate();
    for (n, transport) in clients.clone() {
        let mut peer = Peer::online(&broker, *transport, &format!("client {n}"));
        for n in 0..CHANNELS {
            let channel = format!("big-{n:02}");
            peer.subscribe_for_good(&channel);
            assert_eq!(peer.recv()["push"]["cn"], channel.as_str());
        }
        peer.leave();
    }
    let noticed = look_on(&broker, || {
        let online = |(n, transport): (usize, &Transport)| {
            Peer::online(&broker, *transport, &format!("client {n}"))
        };
        let mut peers: Vec<_> = clients.map(online).collect();
        let reader = &mut peers[3];
        for n in 0..CHANNELS {
            let push = reader.recv()["push"].take();
            assert_eq!(push["cn"], format!("big-{n:02}"));
            assert_eq!(push["rt"], 1);
        }
        reader.expect_silence();
        peers
    });
    check(&noticed, "eight clients that come back");
}
