//! Messages as lines.

use std::io::{self, Write};

use rialto_client::Push;
use rialto_client::shown::{is_shown, json_line, one_word};
use serde::Serialize;
use serde_json::value::RawValue;
use time::OffsetDateTime;

use crate::exit::Failure;

use super::recent::Recent;
use super::target::{Reader, Target};

/// Messages that are printed together, at most.
pub(super) const BATCH_COUNT_MAX: usize = 256;

/// How a message is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// `channel payload`, a text without its quotes
    Text,
    /// A JSON object a line
    Json,
    /// The payload and nothing else: a text as it is, other JSON as it came
    Raw,
}

/// What a line looks like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) look: Look,
    /// Whether each line has the time when it was printed.
    pub(super) has_time: bool,
    /// Whether a terminal shows it: what it would obey is escaped even where it is raw.
    pub(super) is_seen: bool,
}

/// Prints messages, each once.
pub(super) struct Printer {
    style: Style,
    recent: Recent,
    target: Target,
    /// The lines of a batch; kept for its memory.
    lines: Vec<u8>,
}

impl Printer {
    pub(super) fn new(style: Style, target: Target) -> Self {
        Printer { style, recent: Recent::default(), target, lines: Vec::new() }
    }

    /// Prints those of `batch` that were not printed before, and returns how many; `None` when nobody
    /// reads any more. What is printed has been handed to the system.
    pub(super) fn print<'a>(
        &mut self,
        batch: impl IntoIterator<Item = &'a Push>,
    ) -> Result<Option<u64>, Failure> {
        self.lines.clear();
        let time = self.style.has_time.then(OffsetDateTime::now_utc);
        let mut printed_count = 0;
        for push in batch {
            let is_new = push.id.as_ref().is_none_or(|id| self.recent.note(id));
            if is_new {
                let line = write_line(&mut self.lines, self.style, time, push);
                line.expect("memory takes it");
                printed_count += 1;
            }
        }
        Ok(match self.target.write(&self.lines)? {
            Reader::Present => Some(printed_count),
            Reader::Gone => None,
        })
    }
}

/// A message as JSON.
#[derive(Serialize)]
struct Record<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    channel: &'a str,
    payload: &'a RawValue,
    client: &'a str,
    qos: u8,
    id: Option<&'a str>,
    retained: bool,
}

fn write_line(
    out: &mut impl Write,
    style: Style,
    time: Option<OffsetDateTime>,
    push: &Push,
) -> io::Result<()> {
    let time = time.map(rfc_3339);
    if let Some(time) = &time
        && style.look != Look::Json
    {
        write!(out, "{time} ")?;
    }
    match style.look {
        Look::Text => {
            writeln!(out, "{} {}", one_word(&push.channel), plain_payload(&push.payload))
        }
        Look::Json => {
            let record = Record {
                time,
                channel: &push.channel,
                payload: &push.payload,
                client: &push.publisher,
                qos: push.qos.level(),
                id: push.id.as_deref(),
                retained: push.retained,
            };
            writeln!(out, "{}", json_line(&serde_json::to_string(&record)?))
        }
        Look::Raw if style.is_seen => writeln!(out, "{}", plain_payload(&push.payload)),
        Look::Raw => writeln!(out, "{}", raw_payload(&push.payload)),
    }
}

/// Returns a time in UTC to the millisecond, as RFC 3339 has it.
fn rfc_3339(time: OffsetDateTime) -> String {
    let (hour, minute, second, millisecond) = time.time().as_hms_milli();
    let (year, month, day) = time.to_calendar_date();
    let month = u8::from(month);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z")
}

/// Returns a text without its quotes, and anything else as it came.
fn raw_payload(payload: &RawValue) -> String {
    serde_json::from_str(payload.get()).unwrap_or_else(|_| payload.to_string())
}

/// Shows a text without its quotes, unless it would upset the line or the terminal.
pub(crate) fn plain_payload(payload: &RawValue) -> String {
    match serde_json::from_str::<String>(payload.get()) {
        Ok(text) if text.chars().all(is_shown) => text,
        _ => json_line(payload.get()).into_owned(),
    }
}

#[cfg(test)]
mod tests;
