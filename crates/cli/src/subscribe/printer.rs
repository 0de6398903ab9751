//! Messages as lines.

use std::io::{self, BufWriter, ErrorKind, Stdout, Write};

use rialto_client::Push;
use rialto_client::shown::{is_shown, json_line, one_word};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::exit::Failure;
use crate::output;

use super::recent::Recent;

/// How a message is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// `channel payload`, a text without its quotes
    Text,
    /// A JSON object a line
    Json,
}

/// Prints messages to standard output, each once.
pub(super) struct Printer {
    format: Format,
    recent: Recent,
    stdout: BufWriter<Stdout>,
}

impl Printer {
    pub(super) fn new(format: Format) -> Self {
        let stdout = BufWriter::new(io::stdout());
        Printer { format, recent: Recent::default(), stdout }
    }

    /// Prints and flushes those of `batch` that were not printed before, and returns how many;
    /// `None` when nobody reads any more.
    pub(super) fn print(&mut self, batch: &[Push]) -> Result<Option<u64>, Failure> {
        match self.write(batch) {
            Ok(printed_count) => Ok(Some(printed_count)),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(None),
            Err(error) => Err(output::failed(&error)),
        }
    }

    fn write(&mut self, batch: &[Push]) -> io::Result<u64> {
        let mut printed_count = 0;
        for push in batch {
            let is_new = push.id.as_ref().is_none_or(|id| self.recent.note(id));
            if is_new {
                write_line(&mut self.stdout, self.format, push)?;
                printed_count += 1;
            }
        }
        self.stdout.flush()?;
        Ok(printed_count)
    }
}

/// A message as JSON.
#[derive(Serialize)]
struct Record<'a> {
    channel: &'a str,
    payload: &'a RawValue,
    client: &'a str,
    qos: u8,
    id: Option<&'a str>,
    retained: bool,
}

fn write_line(out: &mut impl Write, format: Format, push: &Push) -> io::Result<()> {
    match format {
        Format::Text => {
            writeln!(out, "{} {}", one_word(&push.channel), plain_payload(&push.payload))
        }
        Format::Json => {
            let record = Record {
                channel: &push.channel,
                payload: &push.payload,
                client: &push.publisher,
                qos: push.qos.level(),
                id: push.id.as_deref(),
                retained: push.retained,
            };
            writeln!(out, "{}", json_line(&serde_json::to_string(&record)?))
        }
    }
}

/// Shows a text without its quotes, unless it would upset the line or the terminal.
fn plain_payload(payload: &RawValue) -> String {
    match serde_json::from_str::<String>(payload.get()) {
        Ok(text) if text.chars().all(is_shown) => text,
        _ => json_line(payload.get()).into_owned(),
    }
}

#[cfg(test)]
mod tests;
