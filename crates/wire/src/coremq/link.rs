//! What two Rialto servers say to each other over a replicant's connection, and what any
//! CoreMQ server says to a replicant.
//!
//! A server of another kind passes over what it does not know here, and is served as CoreMQ does.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    encode::{put_frame, put_json},
    members::Members,
    payload::canonical,
    words::{Carrier, Malformed, Share},
};
use crate::json::{depth, put_ascii};

/// What a Rialto server adds to its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkAnswer {
    /// The version of what this module describes; 1.
    pub version: u32,
    /// This run of the server.
    pub origin: u64,
    /// The last message that the replicant has, or never will have.
    pub last: u64,
    /// The server's logical clock; none from a release that orders by the wall clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<u64>,
}

/// Where a message comes from, as Rialto servers tell each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relay<'a> {
    /// Its channel; any text, while a queue's name has no blank.
    #[serde(borrow)]
    pub channel: Cow<'a, str>,
    /// Who published it.
    #[serde(borrow)]
    pub publisher: Cow<'a, str>,
    /// The server that took it in.
    #[serde(borrow)]
    pub server: Cow<'a, str>,
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// The run of the server that numbered it, and its number there. Of messages that were
    /// published together each has the number of the first; they follow each other.
    pub id: (u64, u64),
    /// The moment of the logical clock that it stands at in a history, in milliseconds; none from a
    /// release that orders by the wall clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<u64>,
}

/// The parts that all messages of one source to one channel share, rendered once.
#[derive(Debug, Clone)]
pub struct RelayEnvelope(Vec<u8>);

/// What a server sends to its replicant.
#[derive(Debug, PartialEq)]
pub enum ServerFrame<'a> {
    /// The first frame: the connection's id and the server's name.
    Welcome {
        /// The connection's id, which is the queue of requests.
        id: &'a str,
        /// The server's name, without its port.
        server: Cow<'a, str>,
    },
    /// An answer, and what a Rialto server adds to it.
    Response(Cow<'a, str>, Option<LinkAnswer>),
    /// A message, and its JSON value, from a Rialto server.
    Relay(Relay<'a>, &'a str),
    /// A message of the history.
    Past(Relay<'a>, &'a str),
    /// That was a share of what was asked for; whether there is more, and the number of the last
    /// message there is.
    Done(Share, bool, u64),
    /// A message from any server.
    Message {
        /// Its queue.
        queue: &'a str,
        /// Its JSON value.
        payload: Cow<'a, str>,
        /// Who published it.
        sender: Cow<'a, str>,
        /// When it was sent, in milliseconds since 1970.
        sent_ms: Option<u64>,
        /// The server that took it in.
        server: Option<Cow<'a, str>>,
    },
}

/// The queue of frames that are for the other server itself.
const LINK_QUEUE: &str = "- ";

impl RelayEnvelope {
    /// Renders the parts before the payload.
    #[must_use]
    pub fn new(relay: &Relay<'_>) -> Self {
        RelayEnvelope(opening("coremq_relay", relay))
    }
}

fn opening(name: &str, relay: &Relay<'_>) -> Vec<u8> {
    let relay = serde_json::to_string(relay).expect("text serialises to memory");
    let mut out = Vec::new();
    put_ascii(&format!("{{\"{name}\":{relay},\"coremq_payload\":"), &mut out);
    out
}

/// Appends a message for a Rialto server.
pub fn put_relay(out: &mut Vec<u8>, envelope: &RelayEnvelope, payload: &str) {
    put_link_frame(out, |out| {
        out.extend_from_slice(&envelope.0);
        put_ascii(payload, out);
        out.push(b'}');
    });
}

/// Appends a message of the history for a Rialto server.
pub fn put_past(out: &mut Vec<u8>, relay: &Relay<'_>, payload: &str) {
    put_link_frame(out, |out| {
        out.extend_from_slice(&opening("coremq_past", relay));
        put_ascii(payload, out);
        out.push(b'}');
    });
}

/// Appends an object to `queue`, or to the server itself if that is empty: a request of a replicant,
/// or an answer to one.
pub fn put_request(out: &mut Vec<u8>, queue: &str, request: &impl Serialize) {
    let json = serde_json::to_string(request).expect("requests serialise to memory");
    if queue.is_empty() {
        return put_link_frame(out, |out| put_ascii(&json, out));
    }
    put_json(out, Carrier::Tcp, queue, &json);
}

fn put_link_frame(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    put_frame(out, LINK_QUEUE, LINK_QUEUE.len(), write);
}

/// Decodes a frame of a server.
///
/// # Errors
/// [`Malformed`] for what no server says.
pub fn decode_server(frame: &[u8], json_depth_max: usize) -> Result<ServerFrame<'_>, Malformed> {
    let text = simdutf8::basic::from_utf8(frame).map_err(|_| Malformed::NotUtf8)?;
    let (queue, json) = text.split_once(' ').ok_or(Malformed::NoQueue)?;
    // One level more than a client's, for what is around the payload.
    if json_depth_max + 1 < depth(json.as_bytes()) {
        return Err(Malformed::TooDeep { limit: json_depth_max });
    }
    let members = Members::read(json).ok_or(Malformed::NotAnObject)?;
    server_frame(queue, json, &members).ok_or(Malformed::NotJson)
}

pub(super) fn server_frame<'a>(
    queue: &'a str,
    json: &'a str,
    members: &Members<'a>,
) -> Option<ServerFrame<'a>> {
    let relay = |name| {
        let relay = serde_json::from_str(members.raw(name)?);
        let payload = members.raw("coremq_payload")?;
        Some((relay.ok()?, payload))
    };
    if let Some((relay, payload)) = relay("coremq_relay") {
        return Some(ServerFrame::Relay(relay, payload));
    }
    if let Some((relay, payload)) = relay("coremq_past") {
        return Some(ServerFrame::Past(relay, payload));
    }
    if let Some(done) = members.raw("coremq_done") {
        let (share, is_more, last) = serde_json::from_str(done).ok()?;
        return Some(ServerFrame::Done(share, is_more, last));
    }
    if let Some(response) = members.text("response")
        && members.raw("coremq_sender").is_none()
    {
        if let Some(server) = members.text("server") {
            return Some(ServerFrame::Welcome { id: queue, server });
        }
        let link = members.raw("coremq_link").and_then(|it| serde_json::from_str(it).ok());
        return Some(ServerFrame::Response(response, link));
    }
    Some(ServerFrame::Message {
        queue,
        payload: canonical(json.trim(), members),
        sender: members.text("coremq_sender").unwrap_or_default(),
        sent_ms: members.raw("coremq_sent").and_then(milliseconds),
        server: members.text("coremq_server"),
    })
}

/// Reads a time in seconds.
fn milliseconds(json: &str) -> Option<u64> {
    let seconds: f64 = json.parse().ok()?;
    (seconds.is_finite() && 0.0 <= seconds).then_some((seconds * 1000.0) as u64)
}
