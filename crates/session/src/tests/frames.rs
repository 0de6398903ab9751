//! What a carrier puts around packets, taken off again.

use rialto_wire::jmqt::Carrier;

/// First byte of a final text frame (RFC 6455, 5.2).
const FINAL_TEXT: u8 = 0x81;
/// A ping without a body.
const EMPTY_PING: [u8; 2] = [0x89, 0];

/// Cuts what a peer was sent into its packets.
///
/// # Panics
/// When a frame is not the one way its carrier has: ended by NUL on a socket (J-1), one unmasked
/// text message on a WebSocket, its length written as short as it can be (J-4).
#[track_caller]
pub(crate) fn packets(carrier: Carrier, mut bytes: &[u8]) -> Vec<&str> {
    let mut packets = Vec::new();
    while !bytes.is_empty() {
        let (packet, rest) = match carrier {
            Carrier::Tcp => {
                let end = bytes.iter().position(|&byte| byte == 0).expect("a frame ends in NUL");
                (&bytes[..end], &bytes[end + 1..])
            }
            Carrier::WebSocket => text_message(bytes),
        };
        let packet = std::str::from_utf8(packet).expect("a frame is UTF-8");
        assert!(!packet.contains('\0'), "NUL within a frame: {packet:?}");
        packets.push(packet);
        bytes = rest;
    }
    packets
}

/// Splits the first text message off.
#[track_caller]
pub(crate) fn text_message(bytes: &[u8]) -> (&[u8], &[u8]) {
    assert_eq!(bytes[0], FINAL_TEXT, "not a text message in one frame");
    let (header_bytes, payload_bytes) = match bytes[1] {
        short @ 0..=125 => (2, usize::from(short)),
        126 => (4, usize::from(u16::from_be_bytes(bytes[2..4].try_into().unwrap()))),
        127 => (10, u64::from_be_bytes(bytes[2..10].try_into().unwrap()) as usize),
        _ => panic!("a server masks nothing"),
    };
    let shortest = match payload_bytes {
        0..=125 => 2,
        126..=0xFFFF => 4,
        _ => 10,
    };
    assert_eq!(header_bytes, shortest, "a length of {payload_bytes} in a longer form than need be");
    bytes[header_bytes..].split_at(payload_bytes)
}

/// Takes off the pings that come first, and says how many there are.
pub(crate) fn take_pings(mut bytes: &[u8]) -> (usize, &[u8]) {
    let mut count = 0;
    while let Some(rest) = bytes.strip_prefix(&EMPTY_PING) {
        (count, bytes) = (count + 1, rest);
    }
    (count, bytes)
}
