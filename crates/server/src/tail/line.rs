//! What a tail says, as Server-Sent Events or as lines of JSON.

use std::borrow::Cow;

use rialto_broker::Reach;
use rialto_domain::Qos;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    pace::Count,
    ring::{Decided, Message, PAYLOAD_BYTES_MAX, Seen},
};

/// How a tail is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Server-Sent Events, each with the name of the event.
    Events,
    /// An object a line.
    Lines,
}

/// Something that a tail says.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Said<'a> {
    Message(MessageJson<'a>),
    Dropped { at_ms: u64, client: &'a str, count: u32 },
    Count(Count),
}

#[derive(Serialize)]
struct MessageJson<'a> {
    at_ms: u64,
    channel: &'a str,
    publisher: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_behalf_of: Option<&'a str>,
    qos: u8,
    bytes: usize,
    #[serde(flatten)]
    decision: DecisionJson<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a RawValue>,
}

/// What became of a message: a word, and what goes with it.
#[derive(Serialize)]
struct DecisionJson<'a> {
    decision: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_to: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waits_for: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    retained: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
}

impl Form {
    /// Returns its media type.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Form::Events => "text/event-stream",
            Form::Lines => "application/jsonl",
        }
    }

    /// Writes what happened.
    pub(super) fn seen(self, seen: &Seen, out: &mut Vec<u8>) {
        match seen {
            Seen::Message(message) => {
                let payload = message.payload.as_deref().and_then(told);
                let payload = payload.as_deref().and_then(|it| serde_json::from_str(it).ok());
                self.say("message", &Said::Message(MessageJson::of(message, payload)), out);
            }
            Seen::Dropped { client, count, at } => {
                let said = Said::Dropped { at_ms: *at, client, count: *count };
                self.say("dropped", &said, out);
            }
        }
    }

    /// Writes what passed.
    pub(super) fn count(self, count: Count, out: &mut Vec<u8>) {
        self.say("count", &Said::Count(count), out);
    }

    fn say(self, event: &str, said: &Said<'_>, out: &mut Vec<u8>) {
        let Ok(line) = serde_json::to_vec(said) else { return };
        match self {
            Form::Lines => out.extend(&line),
            Form::Events => {
                out.extend(b"event: ");
                out.extend(event.as_bytes());
                out.extend(b"\ndata: ");
                out.extend(&line);
                out.push(b'\n');
            }
        }
        out.push(b'\n');
    }
}

impl<'a> MessageJson<'a> {
    fn of(message: &'a Message, payload: Option<&'a RawValue>) -> Self {
        MessageJson {
            at_ms: message.at,
            channel: &message.channel,
            publisher: &message.publisher,
            server: message.server.as_deref(),
            on_behalf_of: message.on_behalf_of.as_deref(),
            qos: match message.qos {
                Qos::AtMostOnce => 0,
                Qos::AtLeastOnce => 1,
            },
            bytes: message.bytes,
            decision: DecisionJson::of(&message.decision),
            payload,
        }
    }
}

impl<'a> DecisionJson<'a> {
    fn of(decision: &'a Decided) -> Self {
        let nothing = DecisionJson {
            decision: "",
            sent_to: None,
            waits_for: None,
            sequence: None,
            retained: false,
            client: None,
            why: None,
        };
        match decision {
            Decided::Routed(reach) => DecisionJson {
                decision: word(reach),
                sent_to: Some(reach.sent),
                waits_for: Some(reach.waiting),
                sequence: reach.stored,
                retained: reach.is_retained,
                ..nothing
            },
            Decided::Refused(why) => {
                DecisionJson { decision: "refused", why: Some(why), ..nothing }
            }
            Decided::RetainedTo(client) => {
                DecisionJson { decision: "retained", client: Some(client), ..nothing }
            }
            Decided::ReplayedTo(client, sequence) => DecisionJson {
                decision: "replayed",
                client: Some(client),
                sequence: Some(*sequence),
                ..nothing
            },
        }
    }
}

/// Returns a payload on one line; `None` where it is too long. Its line ends stand between JSON's tokens,
/// since a text of JSON has none, and so mean as much as spaces.
fn told(payload: &[u8]) -> Option<Cow<'_, str>> {
    let text = std::str::from_utf8(payload).ok().filter(|it| it.len() <= PAYLOAD_BYTES_MAX)?;
    let is_end = |c| matches!(c, '\n' | '\r');
    Some(match text.contains(is_end) {
        true => text.replace(is_end, " ").into(),
        false => text.into(),
    })
}

/// Returns the word for what became of a message that was accepted.
fn word(reach: &Reach) -> &'static str {
    match reach {
        Reach { sent: 1.., .. } => "delivered",
        Reach { stored: Some(_), .. } => "stored",
        Reach { waiting: 1.., .. } => "kept",
        _ => "unheard",
    }
}

#[cfg(test)]
mod tests;
