//! What a connection begins with, when it is none of the four transports.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpStream},
};

use rialto_testkit::{Broker, PATIENCE, Peer, Transport};

use crate::{check_logged, check_serves, launch, start};

/// Says something on a new connection and returns all that is answered until its end.
fn answer_to(broker: &Broker, greeting: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(broker.address()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.write_all(greeting).unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    answer
}

#[test]
fn a_request_that_is_no_upgrade_is_told_what_this_port_is_for() {
    // J-7: 426, which says how to go on; whatever is wrong with the request.
    let broker = start(&[]);
    let requests = [
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
        "OPTIONS * HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        "NONSENSE\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "HELO there\r\n\r\n\r\n",
    ];
    for request in requests {
        let answer = String::from_utf8(answer_to(&broker, request.as_bytes())).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 426 Upgrade Required\r\n"), "{request:?}: {head}");
        assert!(head.contains("\r\nUpgrade: websocket"), "{request:?}: {head}");
        assert!(body.contains("WebSocket"), "{request:?}: {body}");
    }
    // Inside TLS as well.
    let mut peer = Peer::connect(&broker, Transport::Tls);
    peer.send_raw(b"GET / HTTP/1.1\r\n\r\n");
    assert!(peer.read_to_end().starts_with(b"HTTP/1.1 426 "));
    check_serves(&broker);
}

#[test]
fn a_request_may_not_grow_without_an_end() {
    // J-104: 16 KiB at most, headers and all.
    let broker = start(&["log.level=debug"]);
    let mut flood = b"GET / HTTP/1.1\r\n".to_vec();
    flood.resize(20 << 10, b'x');
    assert_eq!(answer_to(&broker, &flood), b"");
    let entry = check_logged(&broker, "DEBUG", "before its protocol was known");
    assert!(entry["error"].as_str().unwrap().contains("too long"), "{entry}");
    check_serves(&broker);
}

#[test]
fn tls_that_is_none_is_closed() {
    // J-104: records and ClientHellos that make no sense; an alert may be answered.
    let broker = start(&["log.level=debug"]);
    let hello = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03";
    let greetings: [&[u8]; 5] = [
        b"\x16\x03\x01\xff\xff\x01\x00\x00\x00",
        b"\x16\x00\x00\x00\x00\x00\x00\x00\x00",
        b"\x16{\"auth\":{\"dt\":{\"client_name\":\"ada\"}}}\0",
        hello,
        &[0x16; 4096],
    ];
    for greeting in greetings {
        let mut socket = TcpStream::connect(broker.address()).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.write_all(greeting).unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        _ = socket.read_to_end(&mut answer);
        assert!(answer.is_empty() || answer[0] == 0x15, "{greeting:?}: {answer:?}");
    }
    check_logged(&broker, "DEBUG", "before its protocol was known");
    check_serves(&broker);
}

#[test]
fn tls_to_a_listener_without_a_certificate_is_closed() {
    // J-105, J-104
    let broker = launch().without_certificate().set("log.level=debug").start();
    for transport in [Transport::Tls, Transport::WebSocketTls] {
        let refused = Peer::try_connect(&broker, broker.address(), transport, None);
        assert!(refused.is_err(), "{transport}");
    }
    let entry = check_logged(&broker, "DEBUG", "before its protocol was known");
    assert!(entry["error"].as_str().unwrap().contains("without certificate"), "{entry}");
    for transport in [Transport::Tcp, Transport::WebSocket] {
        Peer::online(&broker, transport, "ada").leave();
    }
}

#[test]
fn a_client_that_does_not_trust_the_certificate_harms_nobody() {
    // J-105, J-104: it goes away in the middle of the handshake.
    let (broker, other) = (start(&[]), start(&[]));
    for transport in [Transport::Tls, Transport::WebSocketTls] {
        let refused = Peer::try_connect(&other, broker.address(), transport, None);
        assert!(refused.is_err(), "{transport}");
    }
    check_serves(&broker);
}
