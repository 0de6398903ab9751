//! CoreMQ's frames from the server: one write each, in pure ASCII (C-5, C-6).

use std::io::Write as _;

use serde::Serialize;

use super::{
    payload::{plain_open_object, put_open_object},
    words::{Carrier, QUEUE},
};
use crate::{json::put_ascii, websocket::put_text_frame};

/// The parts that all messages of one source to one queue share, rendered once.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// `queue ` on a stream; `None` for a queue that cannot be said there.
    head: Option<String>,
    /// Characters of `head`.
    head_chars: usize,
    /// `"coremq_sender":"…",…}`
    tail: Vec<u8>,
}

/// An answer, as serde writes it.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer<'a> {
    /// What became of a request or a message.
    Response {
        /// Begins with `OK: ` or `ERROR: `.
        response: &'a str,
    },
    /// The first frame of a connection (C-10).
    Welcome {
        /// `OK: Welcome …`
        response: &'a str,
        /// The server's name.
        server: &'a str,
    },
    /// How the server is (C-23).
    Status {
        /// Whom the answer is for.
        coremq_fwdto: &'a str,
        /// The server's name.
        master: &'a str,
        /// Servers that get all messages.
        replicants: Vec<&'a str>,
        /// Open connections.
        connections: u64,
    },
    /// How the WebSocket gateway is (C-36).
    GatewayStatus {
        /// Open connections.
        connections: u64,
        /// The server's name.
        mq_server: &'a str,
    },
    /// A WebSocket's request cannot be served (C-35, C-40).
    Error {
        /// Why.
        error: &'a str,
    },
}

impl Envelope {
    /// Renders the parts around the payload. `sent_ms` is when the message was taken in, in
    /// milliseconds since 1970; `server` took it in.
    #[must_use]
    pub fn new(
        carrier: Carrier,
        queue: &str,
        sender: &str,
        sent_ms: u64,
        (server, forward_to): (&str, Option<&str>),
    ) -> Self {
        let mut tail = Vec::new();
        put_member("coremq_sender", sender, &mut tail);
        write!(tail, ",\"coremq_sent\":{}.{:03},", sent_ms / 1000, sent_ms % 1000)
            .expect("writing to memory cannot fail");
        put_member("coremq_server", server, &mut tail);
        if let Some(client) = forward_to {
            tail.push(b',');
            put_member("coremq_fwdto", client, &mut tail);
        }
        if carrier == Carrier::WebSocket {
            tail.push(b',');
            put_member(QUEUE, queue, &mut tail);
        }
        tail.push(b'}');
        // C-7: a name ends at the first blank.
        let head = (!queue.contains(' ')).then(|| format!("{queue} "));
        Envelope { head_chars: queue.chars().count() + 1, head, tail }
    }
}

/// Appends one message, a valid JSON text: an object, or what stands for another value (C-30). On a
/// stream, one to a queue that cannot be said there is left out (C-7).
pub fn put_message(out: &mut Vec<u8>, carrier: Carrier, envelope: &Envelope, payload: &[u8]) {
    let head = envelope.head.as_deref();
    match carrier {
        Carrier::Tcp if head.is_none() => {}
        Carrier::Tcp if let Some(open) = plain_open_object(payload) => {
            // Its length is known before it is written: nothing has to be moved.
            let chars = envelope.head_chars + open.len() + 1 + envelope.tail.len();
            put_header(out, chars);
            out.extend_from_slice(head.unwrap_or_default().as_bytes());
            out.extend_from_slice(open);
            out.push(b',');
            out.extend_from_slice(&envelope.tail);
        }
        Carrier::Tcp => put_frame(out, head.unwrap_or_default(), envelope.head_chars, |out| {
            put_object(out, envelope, payload, None);
        }),
        Carrier::WebSocket => {
            put_text_frame(out, |out| put_object(out, envelope, payload, Some(QUEUE)));
        }
    }
}

/// Appends the kept messages of some queues, each as it was delivered, as the answer to `queue`
/// (C-22).
pub fn put_history<'a>(
    out: &mut Vec<u8>,
    carrier: Carrier,
    queue: &str,
    histories: impl Iterator<Item = (&'a str, Vec<(Envelope, &'a [u8])>)>,
) {
    match carrier {
        Carrier::Tcp => {
            let head = answer_head(queue);
            put_frame(out, &head, head.chars().count(), |out| {
                put_histories(out, histories);
                out.push(b'}');
            });
        }
        Carrier::WebSocket => put_text_frame(out, |out| {
            put_histories(out, histories);
            if !queue.is_empty() {
                out.push(b',');
                put_member(QUEUE, queue, out);
            }
            out.push(b'}');
        }),
    }
}

/// Appends the object of kept messages, in ASCII and without its closing brace.
fn put_histories<'a>(
    out: &mut Vec<u8>,
    histories: impl Iterator<Item = (&'a str, Vec<(Envelope, &'a [u8])>)>,
) {
    out.extend_from_slice(b"{\"history\":{");
    for (index, (name, messages)) in histories.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        put_text(name, out);
        out.push(b':');
        for (index, (envelope, payload)) in messages.iter().enumerate() {
            out.push(if index == 0 { b'[' } else { b',' });
            put_object(out, envelope, payload, None);
        }
        out.push(b']');
    }
    out.push(b'}');
}

fn put_object(out: &mut Vec<u8>, envelope: &Envelope, payload: &[u8], also_reserved: Option<&str>) {
    if put_open_object(payload, also_reserved, out) {
        out.push(b',');
    }
    out.extend_from_slice(&envelope.tail);
}

/// Appends an answer to `queue`, which is the connection's id, or that of a gateway's client.
pub fn put_answer(out: &mut Vec<u8>, carrier: Carrier, queue: &str, answer: &Answer<'_>) {
    let json = serde_json::to_string(answer).expect("answers serialise to memory");
    put_json(out, carrier, queue, &json);
}

/// Appends a JSON object to `queue`. Over WebSocket the queue is added to it, except to the gateway's
/// own words.
pub(super) fn put_json(out: &mut Vec<u8>, carrier: Carrier, queue: &str, json: &str) {
    match carrier {
        Carrier::Tcp => {
            let head = answer_head(queue);
            put_frame(out, &head, head.chars().count(), |out| put_ascii(json, out));
        }
        Carrier::WebSocket if queue.is_empty() => put_text_frame(out, |out| put_ascii(json, out)),
        Carrier::WebSocket => put_text_frame(out, |out| {
            put_ascii(&json[..json.len() - 1], out);
            out.push(b',');
            put_member(QUEUE, queue, out);
            out.push(b'}');
        }),
    }
}

/// Returns what stands before the object of an answer to `queue`. The queue is others' words; where it cannot be said,
/// blanks become underscores: whoever asked gets an answer, and the frame is one.
fn answer_head(queue: &str) -> String {
    queue.replace(' ', "_") + " "
}

/// Appends a frame whose JSON, in ASCII, `write` appends.
pub(super) fn put_frame(
    out: &mut Vec<u8>,
    head: &str,
    head_chars: usize,
    write: impl FnOnce(&mut Vec<u8>),
) {
    let start = out.len();
    out.extend_from_slice(head.as_bytes());
    let json_from = out.len();
    write(out);
    let chars = head_chars + (out.len() - json_from);

    let end = out.len();
    put_header(out, chars);
    let header_bytes = out.len() - end;
    out[start..].rotate_right(header_bytes);
}

fn put_header(out: &mut Vec<u8>, chars: usize) {
    // By hand: formatting takes longer than the rest of a short frame.
    let mut digits = [b' '; 22];
    let (mut at, mut rest) = (digits.len() - 1, chars);
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    digits[at - 1] = b'+';
    out.extend_from_slice(&digits[at - 1..]);
}

fn put_member(name: &str, value: &str, out: &mut Vec<u8>) {
    write!(out, "\"{name}\":").expect("writing to memory cannot fail");
    put_text(value, out);
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    let json = serde_json::to_string(text).expect("text serialises to memory");
    put_ascii(&json, out);
}
