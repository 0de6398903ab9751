//! Packet to bytes, for both carriers. Numbers and flags are written strictly.

use std::io::Write as _;

use serde::Serialize;

use crate::websocket::put_text_frame;

/// What carries JMQT packets, which decides how one ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// A TCP or TLS stream: each packet is followed by NUL.
    Tcp,
    /// WebSocket: each packet is one text message.
    WebSocket,
}

/// The parts of a push that all messages of one publisher to one channel share.
///
/// Rendered once, however many messages and receivers there are.
#[derive(Debug, Clone, Default)]
pub struct PushEnvelope {
    /// `{"push":{"cn":"…","dt":`, before the payload, and `,"cl":"…"`, behind it.
    text: Vec<u8>,
    /// Where the payload goes.
    payload_at: usize,
}

impl PushEnvelope {
    /// Renders the parts around the payload.
    #[must_use]
    pub fn new(channel: &str, publisher: &str) -> Self {
        const AROUND_NAMES: usize = r#"{"push":{"cn":"","dt":,"cl":"""#.len();
        // Enough for names that need no escaping: a short run costs hardly more than this.
        let mut text = Vec::with_capacity(AROUND_NAMES + channel.len() + publisher.len());
        text.extend_from_slice(b"{\"push\":{\"cn\":");
        put_string(&mut text, channel);
        text.extend_from_slice(b",\"dt\":");
        let payload_at = text.len();
        text.extend_from_slice(b",\"cl\":");
        put_string(&mut text, publisher);
        PushEnvelope { text, payload_at }
    }
}

/// Appends one push.
///
/// `put_id` appends the packet id of a QoS 1 push, which needs no escaping; `None` is a QoS 0 push.
/// A retained push has neither id nor `q` (J-83).
#[inline]
pub fn put_push(
    out: &mut Vec<u8>,
    carrier: Carrier,
    envelope: &PushEnvelope,
    payload: &[u8],
    mark: PushMark<impl FnOnce(&mut Vec<u8>)>,
) {
    let (head, tail) = envelope.text.split_at(envelope.payload_at);
    put_frame(out, carrier, |out| {
        out.extend_from_slice(head);
        out.extend_from_slice(payload);
        out.extend_from_slice(tail);
        match mark {
            PushMark::Plain => {}
            PushMark::Retained => out.extend_from_slice(b",\"rt\":1"),
            PushMark::Acknowledged(put_id) => {
                out.extend_from_slice(b",\"id\":\"");
                put_id(out);
                out.extend_from_slice(b"\",\"q\":1");
            }
        }
        out.extend_from_slice(b"}}");
    });
}

/// What a push says about itself beyond channel, payload and publisher.
#[derive(Debug)]
pub enum PushMark<F> {
    /// QoS 0.
    Plain,
    /// A retained message: `"rt":1`.
    Retained,
    /// QoS 1, with the writer of its id, which must need no escaping.
    Acknowledged(F),
}

/// Appends a packet given as any serialisable value, such as `{"subAck": …}`.
pub fn encode_packet(out: &mut Vec<u8>, carrier: Carrier, packet: &impl Serialize) {
    put_frame(out, carrier, |out| {
        serde_json::to_writer(out, packet).expect("packets serialise to memory");
    });
}

/// Appends what `write` does as one frame.
#[inline]
pub(super) fn put_frame(out: &mut Vec<u8>, carrier: Carrier, write: impl FnOnce(&mut Vec<u8>)) {
    match carrier {
        Carrier::Tcp => {
            write(out);
            out.push(0);
        }
        Carrier::WebSocket => put_text_frame(out, write),
    }
}

/// Appends a JSON string.
pub(super) fn put_string(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out.by_ref(), text).expect("text serialises to memory");
}

#[cfg(test)]
mod tests;
