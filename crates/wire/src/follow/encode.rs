//! What a follower is sent.

use std::io::Write as _;

use super::position::Position;
use crate::json::put_string;

/// How a follower reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// Server-Sent Events.
    Events,
    /// An object a line.
    Lines,
}

/// What is said of messages besides what is in them.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The channel.
    pub channel: &'a str,
    /// Who published them; empty for the server.
    pub publisher: &'a str,
    /// When a broker took them in, in milliseconds since the Unix epoch; 0 where that is not known.
    pub at_ms: u64,
    /// The server that took them in, if it was another.
    pub server: Option<&'a str>,
    /// The client that the publisher speaks for, where it is a gateway.
    pub on_behalf_of: Option<&'a str>,
    /// Where the first of them stands; `None` where that is not known.
    pub first: Option<Position>,
}

/// What messages of one source to one channel share, and where the next of them stands.
#[derive(Debug)]
pub struct Envelope {
    carrier: Carrier,
    next: Option<Position>,
    /// The members behind the id, each with its comma.
    members: Vec<u8>,
}

impl Envelope {
    /// Renders what messages share.
    #[must_use]
    pub fn new(carrier: Carrier, about: &About<'_>) -> Self {
        let mut members = Vec::new();
        for (name, text) in [
            ("channel", Some(about.channel)),
            ("publisher", Some(about.publisher)),
            ("server", about.server),
            ("on_behalf_of", about.on_behalf_of),
        ] {
            if let Some(text) = text {
                put_name(name, &mut members);
                put_string(text, &mut members);
            }
        }
        if 0 < about.at_ms {
            put_name("at_ms", &mut members);
            put(&mut members, format_args!("{}", about.at_ms));
        }
        Envelope { carrier, next: about.first, members }
    }
}

/// Appends the next message of an envelope; its payload is one JSON text.
///
/// # Cost
/// One copy of the payload.
pub fn put_message(out: &mut Vec<u8>, envelope: &mut Envelope, payload: &[u8], is_retained: bool) {
    let position = envelope.next;
    envelope.next = position.map(Position::next);
    if let (Carrier::Events, Some(position)) = (envelope.carrier, position) {
        put(out, format_args!("id: {position}\n"));
    }
    begin(envelope.carrier, "message", out);
    if let Some(position) = position {
        put(out, format_args!(",\"id\":\"{position}\""));
    }
    out.extend_from_slice(&envelope.members);
    if is_retained {
        out.extend_from_slice(b",\"retained\":true");
    }
    put_name("payload", out);
    let start = out.len();
    out.extend_from_slice(payload);
    // Outside of its strings JSON may have line breaks, which would end the line, or the event.
    for byte in &mut out[start..] {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    end(envelope.carrier, out);
}

/// Appends that the follower has begun: what is published from now on comes.
pub fn put_open(out: &mut Vec<u8>, carrier: Carrier) {
    name(carrier, "open", out);
    begin(carrier, "open", out);
    end(carrier, out);
}

/// Appends that messages of a channel may be missing here.
pub fn put_gap(out: &mut Vec<u8>, carrier: Carrier, channel: &str) {
    name(carrier, "gap", out);
    begin(carrier, "gap", out);
    put_name("channel", out);
    put_string(channel, out);
    end(carrier, out);
}

/// Appends that the follower is sent nothing more, and why.
pub fn put_end(out: &mut Vec<u8>, carrier: Carrier, reason: &str) {
    name(carrier, "end", out);
    begin(carrier, "end", out);
    put_name("reason", out);
    put_string(reason, out);
    end(carrier, out);
}

/// Appends that the server is there though nothing happens: a comment among events.
pub fn put_heartbeat(out: &mut Vec<u8>, carrier: Carrier) {
    match carrier {
        Carrier::Events => out.extend_from_slice(b":\n\n"),
        Carrier::Lines => {
            begin(carrier, "heartbeat", out);
            end(carrier, out);
        }
    }
}

/// Appends the name of an event that is no message.
fn name(carrier: Carrier, event: &str, out: &mut Vec<u8>) {
    if carrier == Carrier::Events {
        put(out, format_args!("event: {event}\n"));
    }
}

/// Begins an object.
fn begin(carrier: Carrier, event: &str, out: &mut Vec<u8>) {
    if carrier == Carrier::Events {
        out.extend_from_slice(b"data: ");
    }
    put(out, format_args!("{{\"event\":\"{event}\""));
}

/// Ends an object, and the line or the event with it.
fn end(carrier: Carrier, out: &mut Vec<u8>) {
    out.extend_from_slice(match carrier {
        Carrier::Events => b"}\n\n",
        Carrier::Lines => b"}\n",
    });
}

fn put_name(name: &str, out: &mut Vec<u8>) {
    put(out, format_args!(",\"{name}\":"));
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to memory cannot fail");
}
