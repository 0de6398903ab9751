use super::*;

const TEXT: Carriage = Carriage::TextMessages { terminator: b'|' };

/// A frame as servers send it: unmasked.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..126 => bytes.push(length as u8),
        length => {
            bytes.push(126);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
    }
    bytes.extend_from_slice(payload);
    bytes
}

#[track_caller]
fn check(carriage: Carriage, raw: &[u8], expected: &str) {
    for split in 0..=raw.len() {
        let mut unwrapper = Unwrapper::default();
        let (mut stream, mut out) = (Vec::new(), Vec::new());
        let used = unwrapper.unwrap(carriage, &raw[..split], &mut stream, &mut out).unwrap();
        unwrapper.unwrap(carriage, &raw[used..], &mut stream, &mut out).unwrap();
        assert_eq!(String::from_utf8(stream).unwrap(), expected, "split at {split}");
    }
}

#[test]
fn text_messages_regain_their_terminator() {
    let long = "x".repeat(300);
    let raw = [frame(0x81, b"one"), frame(0x81, b""), frame(0x81, long.as_bytes())].concat();
    check(TEXT, &raw, &format!("one||{long}|"));
}

#[test]
fn fragments_are_joined_around_control_frames() {
    let raw = [frame(0x01, b"on"), frame(0x89, b"ping"), frame(0x80, b"e")].concat();
    check(TEXT, &raw, "one|");
}

#[test]
fn binary_messages_are_one_stream() {
    let raw = [frame(0x82, b"MSG a"), frame(0x02, b" 1"), frame(0x80, b" 2")].concat();
    check(Carriage::BinaryStream, &raw, "MSG a 1 2");
}

#[test]
fn wrapped_messages_unmask_to_what_was_said() {
    let mut out = Vec::new();
    wrap(TEXT, b"hello world|hi|", &mut out);
    assert_eq!(out[..2], [0x81, 0x80 | 11]);
    mask(&mut out[6..17]);
    assert_eq!(&out[6..17], b"hello world");
    assert_eq!(out[17..19], [0x81, 0x80 | 2]);

    out.clear();
    wrap(Carriage::BinaryStream, &[b'x'; 70_000], &mut out);
    assert_eq!(out[..2], [0x82, 0x80 | 127]);
    assert_eq!(out.len(), 14 + 70_000);
}

#[test]
fn pings_are_answered_and_a_close_is_an_error() {
    let mut unwrapper = Unwrapper::default();
    let mut out = Vec::new();
    unwrapper.unwrap(TEXT, &frame(0x89, b"abc"), &mut Vec::new(), &mut out).unwrap();
    mask(&mut out[6..]);
    assert_eq!(out[..2], [0x8a, 0x83]);
    assert_eq!(&out[6..], b"abc");
    assert!(unwrapper.unwrap(TEXT, &frame(0x88, b""), &mut Vec::new(), &mut out).is_err());
}

#[test]
fn upgrade_is_checked() {
    let accept = String::from_utf8_lossy(ACCEPT);
    let answer = format!("HTTP/1.1 101 x\r\nSec-WebSocket-Accept: {accept}\r\n\r\nrest");
    assert_eq!(response_bytes(answer.as_bytes()).unwrap(), Some(answer.len() - 4));
    assert_eq!(response_bytes(&answer.as_bytes()[..20]).unwrap(), None);
    assert!(response_bytes(b"HTTP/1.1 400 no\r\n\r\n").is_err());
}
