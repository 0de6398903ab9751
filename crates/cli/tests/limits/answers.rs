//! Answers that are much larger than what is asked: a connection that asks again and again and does
//! not read takes room for few of them, and nobody else notices.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use rialto_testkit::{Broker, CoremqPeer, PATIENCE, Peer, Transport};
use serde_json::{Value, json};

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
    let launch = launch().coremq().listener("http").set("listeners.http.dialect=http");
    let launch = launch.set("api.keys=[{name = \"app\", key = \"the-key-of-the-application\"}]");
    let broker = settings.iter().fold(launch, |launch, it| launch.set(it)).start();
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

/// Asks the HTTP API for something.
fn ask_http(broker: &Broker, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(broker.address_of("http")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: x\r\nX-API-Key: the-key-of-the-application\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// Reads an answer of the HTTP API to its end: its status and its body.
#[track_caller]
fn read_http(mut stream: TcpStream) -> (u16, Value) {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
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

#[test]
fn histories_that_are_asked_for_by_http_and_not_read_take_room_for_few() {
    const CONNECTIONS: usize = 40;
    let broker = with_history(&[]);
    let mut unread = Vec::new();
    let noticed = look_on(&broker, || {
        unread.extend((0..CONNECTIONS).map(|_| ask_http(&broker, "/v1/channels/big/history")));
        // What is small does not wait for what is large.
        assert_eq!(read_http(ask_http(&broker, "/v1/channels")).0, 200);
    });
    check(&noticed, "histories by HTTP");
    check_serves(&broker);
    thread::scope(|scope| {
        for stream in unread {
            scope.spawn(|| {
                let (status, answer) = read_http(stream);
                let messages = answer["messages"].as_array().unwrap();
                assert_eq!((status, messages.len()), (200, 10));
                let text = messages[9]["payload"]["text"].as_str().unwrap();
                assert_eq!(text.len(), 900_000);
            });
        }
    });
}

#[test]
fn whoever_does_not_read_its_answer_by_http_is_closed_and_others_get_theirs() {
    // J-119: three take the room; nobody waits for them as long as limits.request_timeout lasts, a minute.
    let broker = with_history(&[]);
    let asleep: Vec<_> = (0..3).map(|_| ask_http(&broker, "/v1/channels/big/history")).collect();
    for stream in &asleep {
        assert_eq!(stream.peek(&mut [0]).unwrap(), 1, "its answer is made");
    }
    let mut reader = CoremqPeer::connect(&broker, Transport::Tcp);
    let answer = reader.ask("-", r#"{"coremq_gethistory": ["big"]}"#);
    assert_eq!(answer["history"]["big"].as_array().map(Vec::len), Some(9));
    // One is enough to make room.
    let is_cut = |mut stream: TcpStream| {
        let mut text = Vec::new();
        _ = stream.read_to_end(&mut text);
        text.len() < 10 * 900_000
    };
    assert!(asleep.into_iter().any(is_cut), "they got all of their answers");
}

#[test]
fn a_request_waits_for_room_no_longer_than_a_request_may_take() {
    let broker = with_history(&["limits.request_timeout=1s"]);
    let _asleep: Vec<_> = (0..3).map(|_| ask_for_history(&broker, Transport::Tcp)).collect();
    // Until the answers to the three are made, there is room.
    let mut answers = (0..100).map(|_| read_http(ask_http(&broker, "/v1/channels/big/history")));
    let (status, problem) = answers.find(|(status, _)| *status != 200).expect("room runs out");
    assert_eq!((status, &problem["status"]), (503, &json!(503)), "{problem}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("limits.request_timeout"), "{detail}");
    assert_eq!(read_http(ask_http(&broker, "/v1/channels/big")).0, 200);
}
