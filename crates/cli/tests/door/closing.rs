//! How connections are parted from: nothing that was sent is lost to a reset, whatever the peer is
//! still sending.

use std::thread;

use rialto_testkit::{Broker, Ending, Peer, Transport};

use crate::{
    common::{Signal, signal},
    raw::{JMQT, Raw},
    start,
};

/// More than the other side reads at once, and less than it reads on.
const MUCH: usize = 1 << 20;

/// Says something on a new connection and goes on sending; returns what is answered up to the end,
/// which must not be a reset.
#[track_caller]
fn answer_to(broker: &Broker, listener: &str, said: &[u8]) -> String {
    let mut connection = Raw::connect(broker.address_of(listener));
    connection.send([said, &vec![b'x'; MUCH]].concat());
    connection.read_to_end()
}

#[test]
fn a_connection_that_is_refused_learns_why_whatever_it_is_sending() {
    let broker = start(&["limits.connections_max=1"]);
    let mut first = Peer::online(&broker, Transport::Tcp, "first");
    let words = [
        (JMQT, r#"{"connAck":{"st":5,"rs":"too-many-connections","mg":"the server has 1 "#),
        ("coremq", "the server has 1 connections"),
        ("coremq-websocket", "HTTP/1.1 503 "),
        ("http", "HTTP/1.1 503 "),
        ("memcached", "ERROR Too many open connections\r\n"),
        ("pubsubx", ""),
    ];
    for (listener, word) in words {
        for said in [&b""[..], b"GET / HTTP/1.1\r\n\r\n"] {
            let answer = answer_to(&broker, listener, said);
            assert!(answer.contains(word), "{listener}: {answer}");
        }
    }
    first.expect_silence();
}

#[test]
fn what_a_request_is_answered_arrives_though_its_body_is_not_read() {
    let key = r#"api.keys=[{name="t", key="0123456789abcdef", allow=["publish"]}]"#;
    let broker = start(&[key, "access.websocket_origins=[\"https://here.example\"]"]);
    let publish = |key: &str, length: usize| {
        format!("POST /v1/publish HTTP/1.1\r\nHost: x\r\n{key}Content-Length: {length}\r\n\r\n")
    };
    let too_much = "x".repeat(16 << 20);
    let upgrade = "GET / HTTP/1.1\r\nHost: x\r\nOrigin: https://there.example\r\n\
                   Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let cases: [(&str, &str, &str); 8] = [
        ("http", "nonsense\r\n\r\n", "400"),
        ("http", &format!("GET /{} HTTP/1.1\r\n", "x".repeat(500_000)), "4"),
        ("http", &publish("", MUCH), "401"),
        ("http", &(publish("X-API-Key: 0123456789abcdef\r\n", 20 << 20) + &too_much), "413"),
        (JMQT, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "426"),
        (JMQT, upgrade, "403"),
        ("coremq-websocket", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "426"),
        ("coremq-websocket", upgrade, "403"),
    ];
    for (listener, said, status) in cases {
        let answer = answer_to(&broker, listener, said.as_bytes());
        let start = &said[..said.len().min(40)];
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{start}: {answer}");
    }
}

#[test]
fn what_is_said_at_the_end_arrives_in_every_dialect() {
    // J-120, C-16, P-49
    let broker = start(&["limits.packet_bytes_max=1KiB", "pubsubx.request_bytes_max=64B"]);
    let long = format!("{{\"auth\":{{\"dt\":\"{}", "x".repeat(2000));
    assert!(answer_to(&broker, JMQT, long.as_bytes()).contains("1024 bytes"));
    assert!(answer_to(&broker, "coremq", b"nonsense, no length ").contains("Welcome"));
    assert_eq!(answer_to(&broker, "memcached", b"get a\r\nquit\r\n"), "END\r\n");
    // P-13
    assert_eq!(answer_to(&broker, "pubsubx", b"SUBSCRIBE a\n\nx"), "");
    assert_eq!(answer_to(&broker, "pubsubx", b"CONNECT\n\nx"), "");
    // A greeting that leads to nothing is not answered, but not reset either.
    let flood = [&b"GET / HTTP/1.1\r\n"[..], &[b'x'; 20 << 10]].concat();
    assert_eq!(answer_to(&broker, JMQT, &flood), "");
    for listener in [JMQT, "coremq-tls", "pubsubx-tls", "http", "memcached"] {
        // A record of TLS that is none: an alert may be answered.
        answer_to(&broker, listener, b"\x16\x03\x01\xff\xff\x01\x00\x00\x00");
    }
    for listener in ["coremq-tls", "pubsubx-tls"] {
        assert_eq!(answer_to(&broker, listener, b"plain text where TLS is required"), "");
    }
}

#[test]
fn inside_tls_the_end_is_said_though_the_peer_is_still_sending() {
    // J-120
    let broker = start(&["limits.packet_bytes_max=1KiB"]);
    let mut ada = Peer::online(&broker, Transport::Tls, "ada");
    ada.send_raw(&vec![b'x'; MUCH]);
    ada.expect_last_word(1009, 10);
    // One that shook hands and said nothing else.
    let broker = start(&["limits.authenticate_timeout=3s"]);
    let mut silent = Peer::connect(&broker, Transport::Tls);
    assert_eq!(silent.expect_close(), Ending::Eof);
}

#[test]
fn a_stop_parts_from_everybody_who_is_sending_and_from_those_not_accepted_yet() {
    // J-120, C-16, P-49
    let mut broker = start(&[]);
    let beginnings: [(&str, &[u8]); 8] = [
        (JMQT, b"{\"auth\":"),
        ("coremq", b"+100 room {"),
        ("coremq-websocket", b"GET / HTTP/1.1\r\n"),
        ("pubsubx", b"CONNECT"),
        ("http", b"POST /v1/publish HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"),
        ("http", b"GET / HT"),
        ("memcached", b"set k 0 0 10\r\n01"),
        ("coremq-tls", b"\x16\x03\x01"),
    ];
    let connect = || {
        beginnings.map(|(listener, beginning)| {
            let mut connection = Raw::connect(broker.address_of(listener));
            connection.send(beginning);
            connection
        })
    };
    let accepted = connect();
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    // Connected as far as the system is concerned, and never accepted by a broker that goes on.
    let id = broker.process_id();
    signal(id, Signal::STOP);
    let waiting: Vec<Raw> = (0..5).flat_map(|_| connect()).collect();
    signal(id, Signal::TERM);
    signal(id, Signal::CONT);
    thread::scope(|scope| {
        for mut connection in accepted.into_iter().chain(waiting) {
            scope.spawn(move || connection.read_to_end());
        }
    });
    assert_eq!(ada.expect_last_word(1001, 5), "shutting-down");
    assert!(broker.terminate().0.success());
}

#[test]
fn a_request_that_came_before_a_stop_is_answered() {
    let key = r#"api.keys=[{name="t", key="0123456789abcdef", allow=["publish"]}]"#;
    let mut broker = start(&[key]);
    let mut request = Raw::connect(broker.address_of("http"));
    let body = r#"{"channel":"room","payload":1}"#;
    let (first, rest) = body.split_at(10);
    request.send(format!(
        "POST /v1/publish HTTP/1.1\r\nHost: x\r\nX-API-Key: 0123456789abcdef\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    ));
    assert!(request.read_until("\r\n\r\n").starts_with("HTTP/1.1 100 "));
    request.send(first);
    signal(broker.process_id(), Signal::TERM);
    broker.wait_for_log("line that it stops", |line| line["message"] == "stopping");
    request.send(rest);
    let answer = request.read_to_end();
    assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
    assert!(broker.terminate().0.success());
}

#[test]
fn a_peer_that_reads_late_gets_everything_up_to_the_end() {
    // The last word stands behind more than is read at once, and the peer sends on meanwhile.
    let broker = start(&[]);
    let mut cache = Raw::connect(broker.address_of("memcached"));
    cache.send(format!("set k 0 0 {}\r\n{}\r\n", 100_000, "v".repeat(100_000)));
    cache.read_until("STORED\r\n");
    cache.send("get k\r\nquit\r\n".to_owned() + &"x".repeat(MUCH));
    let answer = cache.read_to_end();
    assert!(answer.ends_with("\r\nEND\r\n"), "{} bytes", answer.len());
}
