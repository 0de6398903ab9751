//! What a tail says, and how people are shown it.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::listing::payload;
use crate::table::word;

/// Something that a tail says.
#[derive(Debug)]
pub(super) enum Event {
    Message(Box<Message>),
    Dropped(Dropped),
    Count(Count),
    /// Something that this release does not know.
    Other,
}

#[derive(Debug, Deserialize)]
struct Kind<'a> {
    #[serde(borrow)]
    event: std::borrow::Cow<'a, str>,
}

/// A message, and what became of it.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    at_ms: u64,
    channel: String,
    publisher: String,
    server: Option<String>,
    on_behalf_of: Option<String>,
    bytes: u64,
    decision: String,
    sent_to: Option<u64>,
    waits_for: Option<u64>,
    sequence: Option<u64>,
    #[serde(default)]
    retained: bool,
    client: Option<String>,
    why: Option<String>,
    payload: Option<Box<RawValue>>,
}

/// Deliveries that were dropped.
#[derive(Debug, Deserialize)]
pub(super) struct Dropped {
    at_ms: u64,
    client: String,
    count: u64,
}

/// What passed in a second.
#[derive(Debug, Deserialize)]
pub(super) struct Count {
    passed: u64,
    matched: u64,
    sent: u64,
    lost: u64,
}

impl Event {
    /// Reads a line of a tail; `None` if it is none.
    pub(super) fn read(line: &str) -> Option<Self> {
        let kind: Kind<'_> = serde_json::from_str(line).ok()?;
        Some(match &*kind.event {
            "message" => Event::Message(serde_json::from_str(line).ok()?),
            "dropped" => Event::Dropped(serde_json::from_str(line).ok()?),
            "count" => Event::Count(serde_json::from_str(line).ok()?),
            _ => Event::Other,
        })
    }
}

impl Message {
    pub(super) fn line(&self) -> String {
        let (time, channel, bytes) = (time_of_day(self.at_ms), word(&self.channel), self.bytes);
        let (publisher, became) = (self.publisher(), self.became());
        let payload = self.payload.as_ref().map(|it| format!("  {}", payload(it)));
        format!(
            "{time}  {channel}  {publisher}  {bytes} B  {became}{}",
            payload.unwrap_or_default()
        )
    }

    fn publisher(&self) -> String {
        let publisher = match &*self.publisher {
            "" => "-".to_owned(),
            publisher => word(publisher),
        };
        match (&self.on_behalf_of, &self.server) {
            (Some(client), _) => format!("{} via {publisher}", word(client)),
            (None, Some(server)) => format!("{publisher} on {}", word(server)),
            (None, None) => publisher,
        }
    }

    /// Says what became of it.
    fn became(&self) -> String {
        let mut text = word(&self.decision);
        match (&*self.decision, &self.client, &self.why) {
            ("delivered", ..) => {
                text.push_str(&format!(" to {}", self.sent_to.unwrap_or_default()))
            }
            (_, Some(client), _) => text.push_str(&format!(" to {}", word(client))),
            (_, _, Some(why)) => text.push_str(&format!(": {why}")),
            _ => {}
        }
        if let Some(waiting @ 1..) = self.waits_for {
            text.push_str(&format!(", waits for {waiting}"));
        }
        if let Some(sequence) = self.sequence {
            text.push_str(&format!(", in the log at {sequence}"));
        }
        if self.retained {
            text.push_str(", retained");
        }
        text
    }
}

impl Dropped {
    pub(super) fn line(&self) -> String {
        let (time, client, count) = (time_of_day(self.at_ms), word(&self.client), self.count);
        format!("{time}  {count} deliveries to {client} dropped: it does not read fast enough")
    }
}

impl Count {
    /// Says what was not shown; `None` if all was.
    pub(super) fn shortfall(&self) -> Option<String> {
        let Count { passed, matched, sent, lost } = self;
        (sent < matched || 0 < *lost).then(|| {
            format!("{passed} passed, {matched} matched, {sent} shown, {lost} not looked at")
        })
    }
}

/// Returns a time of day in UTC, with milliseconds.
fn time_of_day(unix_ms: u64) -> String {
    let (seconds, ms) = (unix_ms / 1000, unix_ms % 1000);
    let (hours, minutes) = (seconds / 3600 % 24, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}.{ms:03}", seconds % 60)
}

#[cfg(test)]
mod tests;
