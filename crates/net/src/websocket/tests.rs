use rialto_domain::CloseReason;
use tungstenite::{
    Message, WebSocket,
    protocol::{CloseFrame, Role},
};

use super::{
    Accepted, Messages, NotUpgraded, Origins, Tap, UpgradeTerms, UpgradeTexts, WebSocketReader,
};
use crate::{proxies::Proxies, testing::trusting};

const TEXTS: UpgradeTexts = UpgradeTexts {
    foreign_origin: "foreign\n",
    upgrade_required: "websocket only\n",
    no_room: b"full",
};
const MESSAGE_BYTES_MAX: usize = 1000;

/// Answers an upgrade request with these header lines, from a trusted proxy.
fn upgrade(origins: &[&str], headers: &str) -> Result<Accepted, NotUpgraded> {
    let request = format!(
        "GET /any HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\n{headers}\r\n"
    );
    let known = Origins::default();
    known.replace(origins.iter().map(|&origin| origin.to_owned()).collect());
    let terms = UpgradeTerms {
        message_bytes_max: MESSAGE_BYTES_MAX,
        origins: &known,
        proxies: &Proxies::new(trusting(&["10.0.0.0/8"])),
        texts: &TEXTS,
        peer: "10.0.0.1:1000".parse().unwrap(),
    };
    WebSocketReader::accept(request.as_bytes(), &terms)
}

/// The key of RFC 6455, 1.3, whose answer is known.
const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

fn accepted() -> WebSocketReader {
    upgrade(&[], KEY).map_err(|refused| refused.response).unwrap().reader
}

/// Returns the bytes of messages as a client writes them.
fn written(messages: impl IntoIterator<Item = Message>) -> Vec<u8> {
    let mut client = WebSocket::from_raw_socket(Tap::default(), Role::Client, None);
    for message in messages {
        client.send(message).unwrap();
    }
    std::mem::take(&mut client.get_mut().output)
}

/// Reads what the server has written as a client does.
fn read(bytes: Vec<u8>) -> Message {
    let tap = Tap { input: bytes, ..Tap::default() };
    WebSocket::from_raw_socket(tap, Role::Client, None).read().unwrap()
}

fn texts(messages: &Messages) -> Vec<&str> {
    messages.texts.iter().map(|text| &**text).collect()
}

#[test]
fn an_upgrade_is_answered_with_the_accept_key_and_is_its_clients() {
    let headers = format!("{KEY}X-Forwarded-For: 203.0.113.5\r\n");
    let Accepted { peer, response, .. } = upgrade(&[], &headers).ok().unwrap();
    let response = String::from_utf8(response).unwrap().to_lowercase();
    assert!(response.starts_with("http/1.1 101 "), "{response}");
    assert!(response.contains("s3pplmbitxaq9kygzzhzrbk+xoo="), "{response}");
    assert_eq!(peer.to_string(), "203.0.113.5:0");
}

#[test]
fn a_page_of_another_origin_is_refused_and_what_names_none_is_no_page() {
    let origins = ["https://app.example"];
    let from = |origin: &str| upgrade(&origins, &format!("{KEY}{origin}"));
    assert!(from("").is_ok());
    assert!(from("Origin: HTTPS://APP.example\r\n").is_ok());
    let refused = from("Origin: https://evil.example\r\nX-Forwarded-For: 203.0.113.5\r\n");
    let NotUpgraded { response, foreign } = refused.err().unwrap();
    let response = String::from_utf8(response).unwrap();
    assert!(response.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{response}");
    assert!(response.ends_with("Content-Length: 8\r\n\r\nforeign\n"), "{response}");
    assert_eq!(foreign.unwrap().to_string(), "203.0.113.5:0");
    // Any may while none are configured.
    assert!(upgrade(&[], &format!("{KEY}Origin: https://evil.example\r\n")).is_ok());
}

#[test]
fn what_asks_for_no_upgrade_is_told_what_is_spoken() {
    let NotUpgraded { response, foreign } = upgrade(&[], "").err().unwrap();
    let response = String::from_utf8(response).unwrap();
    assert!(response.starts_with("HTTP/1.1 426 Upgrade Required\r\n"), "{response}");
    assert!(response.ends_with("\r\n\r\nwebsocket only\n"), "{response}");
    assert_eq!(foreign, None);
}

#[test]
fn messages_are_whole_wherever_reads_cut_them() {
    let sent = written([Message::text("one"), Message::text(""), Message::text("zwei ä")]);
    for split in 0..=sent.len() {
        let mut reader = accepted();
        let (first, rest) = sent.split_at(split);
        let mut came = reader.push(first).texts;
        came.extend(reader.push(rest).texts);
        assert_eq!(came, ["one", "", "zwei ä"], "cut at {split}");
    }
}

#[test]
fn a_ping_is_answered_and_a_close_ends_it_with_one_close_frame() {
    let mut reader = accepted();
    let close = Message::Close(Some(CloseFrame { code: 1000.into(), reason: "bye".into() }));
    let messages = reader.push(&written([Message::Ping("echo".into())]));
    assert_eq!(read(messages.answers), Message::Pong("echo".into()));
    let messages = reader.push(&written([Message::text("last"), close]));
    assert_eq!(texts(&messages), ["last"]);
    assert_eq!(messages.end, Some(CloseReason::Ended));
    assert!(
        matches!(read(messages.answers), Message::Close(Some(frame)) if frame.code == 1000.into())
    );
    assert_eq!(reader.close_frame(1001, "going away"), b"");
}

#[test]
fn the_server_ends_it_with_code_and_reason() {
    let frame = accepted().close_frame(1013, "listener-full: try again");
    let Message::Close(Some(frame)) = read(frame) else { panic!("no close frame") };
    assert_eq!((u16::from(frame.code), &*frame.reason), (1013, "listener-full: try again"));
}

#[test]
fn what_is_too_large_binary_or_no_text_ends_it_with_the_reason() {
    let largest = "x".repeat(MESSAGE_BYTES_MAX);
    let messages = accepted().push(&written([Message::text(&*largest)]));
    assert_eq!((messages.texts.len(), messages.end), (1, None));
    let mut no_text = written([Message::text("ab")]);
    // Masked with what stands before: 0xff is in no UTF-8.
    let last = no_text.len() - 1;
    no_text[last] ^= b'b' ^ 0xff;
    let limit = MESSAGE_BYTES_MAX;
    for (input, reason) in [
        (written([Message::text(largest + "x")]), CloseReason::PacketTooLarge { limit }),
        (written([Message::binary("ab")]), CloseReason::BinaryMessage),
        (no_text, CloseReason::InvalidText),
        // Frames of clients are masked.
        (vec![0x81, 0], CloseReason::ProtocolError),
    ] {
        let messages = accepted().push(&input);
        assert_eq!((texts(&messages), messages.end), (vec![], Some(reason)));
    }
}
