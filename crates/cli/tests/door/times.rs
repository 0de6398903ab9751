//! How long a connection may take for what it has to do, whatever the listener.

use std::{
    thread,
    time::{Duration, Instant},
};

use rialto_testkit::{Broker, Peer, Transport};

use crate::{
    launch,
    raw::{JMQT, Raw},
    start,
};

/// Listeners whose clients speak first.
const CLIENT_FIRST: [&str; 7] =
    [JMQT, "coremq-tls", "coremq-websocket", "pubsubx", "pubsubx-tls", "http", "memcached"];

/// Begins something on each of these listeners, all at the same time, and waits for its end.
fn check_ends(broker: &Broker, beginnings: &[(&str, &[u8])]) {
    thread::scope(|scope| {
        for (listener, beginning) in beginnings {
            scope.spawn(move || {
                let mut connection = Raw::connect(broker.address_of(listener));
                connection.send(beginning);
                connection.read_to_end();
            });
        }
    });
}

#[test]
fn whoever_says_nothing_is_closed_on_every_listener() {
    let broker = start(&["limits.authenticate_timeout=1s"]);
    let silent = CLIENT_FIRST.map(|listener| (listener, &b""[..]));
    check_ends(&broker, &silent);
    assert_eq!(broker.stat("closed_silent"), silent.len() as u64);
}

#[test]
fn whoever_stops_halfway_is_closed_on_every_listener() {
    let broker = start(&["limits.authenticate_timeout=1s"]);
    let hello: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    let tls = CLIENT_FIRST.map(|listener| (listener, hello));
    check_ends(&broker, &tls);
    let head: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n";
    check_ends(&broker, &[("http", head), ("coremq-websocket", head), (JMQT, head)]);
    assert_eq!(broker.stat("closed_silent"), 10);
}

#[test]
fn a_request_that_trickles_is_cut_head_and_body() {
    let broker = start(&["limits.authenticate_timeout=1s"]);
    let mut head = Raw::connect(broker.address_of("http"));
    head.send("GET / HTTP/1.1\r\nX-Filler: ");
    head.trickle(b'x');

    let keys = r#"api.keys=[{name="t", key="0123456789abcdef", allow=["publish"]}]"#;
    let broker = start(&["limits.request_timeout=500ms", keys]);
    let mut body = Raw::connect(broker.address_of("http"));
    body.send(
        "POST /v1/publish HTTP/1.1\r\nHost: x\r\nX-API-Key: 0123456789abcdef\r\n\
         Content-Length: 100000\r\n\r\n{",
    );
    body.trickle(b' ');
    let answer = body.read_to_end();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("limits.request_timeout"), "{answer}");
    assert!(answer.to_lowercase().contains("\r\nconnection: close\r\n"), "{answer}");
}

#[test]
fn a_connection_is_kept_for_the_next_request_but_not_for_ever() {
    let broker = start(&["limits.request_timeout=1s"]);
    let mut idle = Raw::connect(broker.address_of("http"));
    for _ in 0..2 {
        idle.send("GET /status.json HTTP/1.1\r\nHost: x\r\n\r\n");
        let head = idle.read_until("\r\n\r\n").to_lowercase();
        let length = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
        idle.read_exactly(length.parse().unwrap());
    }
    assert_eq!(idle.read_to_end(), "");
}

#[test]
fn answers_that_nobody_reads_are_not_kept_for_ever() {
    let broker = start(&["limits.request_timeout=500ms", "listeners.http.connections_max=1"]);
    let mut asking = Raw::connect(broker.address_of("http"));
    // Far more answers than the sockets' buffers hold.
    let request = "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100);
    let is_cut = (0..10_000).any(|_| !asking.try_send(&request));
    assert!(is_cut, "it may go on for ever");
}

#[test]
fn the_time_for_a_session_begins_with_the_connection_and_not_with_its_first_word() {
    // J-31
    let broker = start(&["limits.authenticate_timeout=4s"]);
    let started = Instant::now();
    let mut late = Peer::connect(&broker, Transport::Tcp);
    // Meant: this is about time that goes by.
    late.expect_nothing_for(Duration::from_secs(3));
    late.ask(r#"{"auth":{"dt":{"client_name":"late"}}}"#);
    late.expect_last_word(1008, 7);
    let took = started.elapsed();
    assert!(took < Duration::from_millis(6500), "it had {took:?}, its greeting not counted");
}

#[test]
fn clients_of_the_cache_may_be_silent_unless_the_settings_say_otherwise() {
    let broker =
        launch().set("cache.idle_timeout=2s").set("limits.authenticate_timeout=10s").start();
    let mut idle = Raw::connect(broker.address_of("memcached"));
    idle.send("version\r\n");
    idle.read_until("\r\n");
    assert_eq!(idle.read_to_end(), "");

    let broker = start(&["limits.authenticate_timeout=2s"]);
    let mut silent = Raw::connect(broker.address_of("memcached"));
    silent.send("version\r\n");
    silent.read_until("\r\n");
    check_ends(&broker, &[("memcached", b"")]);
    // It was there longer than the one that said nothing.
    silent.send("version\r\n");
    assert!(silent.read_until("\r\n").starts_with("VERSION "));
}
