//! Those who would follow channels by HTTP and harm others by it: who never ends a request, sends more fields than
//! anybody needs, or takes back what was begun.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
    thread,
};

use rialto_testkit::{Broker, PATIENCE, Peer, Transport};
use rustls::{ClientConnection, StreamOwned, pki_types::ServerName};

use crate::{raw::Raw, start};

const REQUEST: &str = "GET /v1/channels/room/messages HTTP/1.1\r\nHost: localhost\r\n";

/// Proves that others are served.
fn check_served(broker: &Broker) {
    let mut follower = Raw::connect(broker.address_of("http"));
    follower.send(format!("{REQUEST}\r\n"));
    follower.read_until("{\"event\":\"open\"}\n");
    let mut ada = Peer::online(broker, Transport::Tcp, "ada");
    ada.send(r#"{"pub":{"cn":"room","dt":"news"}}"#);
    assert!(follower.read_until("\"payload\":\"news\"}").contains("\"publisher\":\"ada\""));
}

#[test]
fn whoever_never_ends_a_request_to_follow_is_cut_and_keeps_nobody_waiting() {
    let broker = start(&["limits.authenticate_timeout=1s", "limits.request_timeout=1s"]);
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                let mut slow = Raw::connect(broker.address_of("http"));
                slow.send(format!("{REQUEST}X-Filler: "));
                slow.trickle(b'x');
            });
        }
        check_served(&broker);
    });
}

#[test]
fn a_hundred_thousand_fields_are_refused() {
    let broker = start(&[]);
    let mut many = Raw::connect(broker.address_of("http"));
    let fields = (0..100_000).map(|number| format!("X-{number}: y\r\n"));
    // It may be refused before it has sent all of them.
    _ = many.try_send(format!("{REQUEST}{}\r\n", fields.collect::<String>()));
    let answer = many.read_to_end();
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    check_served(&broker);
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags][..], &stream.to_be_bytes()[..]].concat();
    [&head[..], payload].concat()
}

/// The fields of a request to follow, as HPACK writes those that its table has, and others as they are.
fn fields() -> Vec<u8> {
    let literal =
        |index: u8, text: &str| [&[index, text.len() as u8][..], text.as_bytes()].concat();
    let (path, authority) =
        (literal(0x04, "/v1/channels/room/messages"), literal(0x01, "localhost"));
    [&[0x82, 0x87][..], &path[..], &authority[..]].concat()
}

#[test]
fn whoever_takes_requests_back_again_and_again_is_sent_away() {
    const CANCEL: [u8; 4] = [0, 0, 0, 8];
    const ENHANCE_YOUR_CALM: u8 = 0x0b;
    let broker = start(&[]);
    let mut config = (*broker.client_config()).clone();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let socket = TcpStream::connect(broker.address_of("http")).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, socket);

    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, &[]));
    for request in 0..1000 {
        let id = 2 * request + 1;
        bytes.extend(frame(1, 0x05, id, &fields()));
        bytes.extend(frame(3, 0, id, &CANCEL));
    }
    // It may be sent away before it has sent all of them.
    _ = stream.write_all(&bytes).and_then(|()| stream.flush());
    let mut read = Vec::new();
    _ = stream.read_to_end(&mut read);
    let mut rest = &read[..];
    let mut reason = None;
    while let [a, b, c, kind, _, _, _, _, _, payload @ ..] = rest {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        assert!(length <= payload.len(), "a frame is cut short");
        if *kind == 7 {
            reason = Some(payload[7]);
        }
        rest = &payload[length..];
    }
    assert_eq!(reason, Some(ENHANCE_YOUR_CALM), "{} bytes came", read.len());
    check_served(&broker);
}
