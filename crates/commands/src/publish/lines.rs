//! Messages from lines of text.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::thread;

use serde_json::value::RawValue;
use tokio::sync::mpsc;

use crate::exit::{Exit, Failure};
use crate::payload::PayloadRule;

/// Messages that are read ahead of the broker.
const READ_AHEAD_COUNT: usize = 256;

/// A message to publish.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) channel: String,
    pub(super) payload: Box<RawValue>,
    /// Where the file stands behind this message.
    pub(super) bytes: u64,
}

/// Messages on their way to the broker, or what is wrong with the first bad one.
pub(super) type Messages = mpsc::Receiver<Result<Message, Failure>>;

/// Where the channel of a line is named.
#[derive(Debug)]
pub(super) enum ChannelFrom {
    Constant(String),
    Field(String),
}

/// How a line becomes a message.
#[derive(Debug)]
pub(super) struct Parser {
    pub(super) channel: ChannelFrom,
    /// The field that holds the payload; otherwise the whole line is.
    pub(super) payload_field: Option<String>,
    pub(super) rule: PayloadRule,
}

impl Parser {
    /// Reads one line: its channel and its payload.
    pub(super) fn line(&self, line: &str) -> Result<(String, Box<RawValue>), String> {
        let field = match (&self.channel, &self.payload_field) {
            (ChannelFrom::Constant(channel), None) => {
                return Ok((channel.clone(), self.rule.apply(line)?));
            }
            (ChannelFrom::Field(field), _) | (_, Some(field)) => field,
        };
        let fields: BTreeMap<String, &RawValue> = serde_json::from_str(line)
            .map_err(|error| format!("not a JSON object, so it has no field `{field}`: {error}"))?;
        let get = |name: &str| fields.get(name).ok_or_else(|| format!("no field `{name}`"));

        let channel = match &self.channel {
            ChannelFrom::Constant(channel) => channel.clone(),
            ChannelFrom::Field(name) => serde_json::from_str(get(name)?.get())
                .map_err(|_| format!("field `{name}` is not a text, so it names no channel"))?,
        };
        let payload = match &self.payload_field {
            Some(name) => (*get(name)?).to_owned(),
            None => self.rule.apply(line)?,
        };
        Ok((channel, payload))
    }
}

/// The messages in a file.
pub(super) struct Lines {
    /// The file, as messages name it.
    name: String,
    reader: Box<dyn BufRead + Send>,
    parser: Parser,
    number: u64,
    bytes_read: u64,
    bytes: Option<u64>,
}

impl Lines {
    /// Opens a file; `-` is standard input.
    pub(super) fn open(file: &Path, parser: Parser) -> Result<Self, Failure> {
        if file == Path::new("-") {
            let reader = Box::new(BufReader::new(io::stdin()));
            return Ok(Lines::new("standard input".to_owned(), reader, parser, None));
        }
        let name = file.display().to_string();
        let opened = File::open(file).and_then(|file| Ok((file.metadata()?, file)));
        let (metadata, file) =
            opened.map_err(|error| Failure::file(format!("read {name}"), &error))?;
        let bytes = metadata.is_file().then_some(metadata.len());
        Ok(Lines::new(name, Box::new(BufReader::new(file)), parser, bytes))
    }

    fn new(
        name: String,
        reader: Box<dyn BufRead + Send>,
        parser: Parser,
        bytes: Option<u64>,
    ) -> Self {
        Lines { name, reader, parser, number: 0, bytes_read: 0, bytes }
    }

    /// Returns the length of the file in bytes, if it has one.
    pub(super) fn bytes(&self) -> Option<u64> {
        self.bytes
    }

    /// Reads the lines on a thread of their own, which ends when the receiver is dropped.
    ///
    /// Not on the runtime: a read of standard input cannot be cancelled, and would delay the exit.
    pub(super) fn read_ahead(self) -> Messages {
        let (messages, received) = mpsc::channel(READ_AHEAD_COUNT);
        thread::spawn(move || {
            for message in self {
                if messages.blocking_send(message).is_err() {
                    return;
                }
            }
        });
        received
    }

    /// Reads one line into `line`, and returns whether there was one.
    fn read(&mut self, line: &mut String) -> Result<bool, Failure> {
        line.clear();
        self.number += 1;
        let read = self.reader.read_line(line).map_err(|error| {
            Failure::new(Exit::Failed, format!("{}:{}: {error}", self.name, self.number))
        })?;
        self.bytes_read += read as u64;
        Ok(read != 0)
    }
}

impl Iterator for Lines {
    type Item = Result<Message, Failure>;

    /// Reads the next message; blank lines are passed over.
    fn next(&mut self) -> Option<Self::Item> {
        let mut line = String::new();
        loop {
            match self.read(&mut line) {
                Ok(true) if line.trim().is_empty() => {}
                Ok(true) => break,
                Ok(false) => return None,
                Err(failure) => return Some(Err(failure)),
            }
        }
        let parsed = self.parser.line(line.trim_end_matches(['\r', '\n']));
        Some(match parsed {
            Ok((channel, payload)) => Ok(Message { channel, payload, bytes: self.bytes_read }),
            Err(problem) => {
                let text =
                    format!("{}:{}: {problem}; those before it were sent", self.name, self.number);
                Err(Failure::new(Exit::Failed, text))
            }
        })
    }
}

#[cfg(test)]
mod tests;
