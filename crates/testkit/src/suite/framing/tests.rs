//! A client's bytes, however they are cut.

use super::{Framing, Piece};

fn pieces(mut framing: Framing, bytes: &[u8], cut: usize) -> Vec<Piece> {
    let mut pieces = framing.push(&bytes[..cut]);
    pieces.extend(framing.push(&bytes[cut..]));
    pieces
}

#[test]
fn frames_on_a_socket_are_the_same_however_they_are_cut() {
    let bytes = "{\"hb\":{}}\0\0{\"ä\":1}\0{".as_bytes();
    for cut in 0..=bytes.len() {
        let expected = ["{\"hb\":{}}", "{\"ä\":1}"].map(|text| Piece::Frame(text.to_owned()));
        assert_eq!(pieces(Framing::terminated(), bytes, cut), expected);
    }
}

#[test]
fn messages_of_a_websocket_are_the_same_however_they_are_cut() {
    let mut bytes =
        b"GET / HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".to_vec();
    // A text in two parts, and a close with code 1000; the mask is 1, 2, 3, 4.
    bytes.extend([0x01, 0x81, 1, 2, 3, 4, b'{' ^ 1, 0x80, 0x81, 1, 2, 3, 4, b'}' ^ 1]);
    bytes.extend([0x88, 0x82, 1, 2, 3, 4, 0x03 ^ 1, 0xe8 ^ 2]);
    for cut in 0..=bytes.len() {
        let pieces = pieces(Framing::websocket(), &bytes, cut);
        let [Piece::Answer(answer), Piece::Frame(text), Piece::Close(1000)] = &pieces[..] else {
            panic!("{pieces:?}")
        };
        assert!(answer.ends_with(b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"));
        assert_eq!(text, "{}");
    }
}

#[test]
fn an_unmasked_message_is_broken() {
    let mut framing = Framing::websocket();
    framing.push(b"GET / HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    assert_eq!(framing.push(&[0x81, 0]), [Piece::Broken("a client's frame is not masked")]);
}
