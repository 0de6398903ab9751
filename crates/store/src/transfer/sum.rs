//! What tells two stores apart whose contents differ.

use crc32fast::Hasher;
use rialto_domain::CursorState;

use crate::{Part, Record};

/// How much a part of a store holds, and a checksum of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    /// The part.
    pub part: Part,
    /// How many records.
    pub records: u64,
    /// How many messages, where the records are pages.
    pub messages: u64,
    /// CRC-32 of all records, in the order of a walk.
    pub checksum: u32,
}

/// A sum under way.
#[derive(Debug)]
pub(super) struct Summing {
    part: Part,
    records: u64,
    messages: u64,
    hasher: Hasher,
}

impl Summing {
    pub(super) fn of(part: Part) -> Self {
        Summing { part, records: 0, messages: 0, hasher: Hasher::new() }
    }

    pub(super) fn finish(self) -> Sum {
        let Summing { part, records, messages, hasher } = self;
        Sum { part, records, messages, checksum: hasher.finalize() }
    }

    /// Adds a record. Numbers have eight bytes, the most significant first; what has no fixed length is behind its length.
    pub(super) fn add(&mut self, record: &Record) {
        self.records += 1;
        match record {
            // How many ids were given is no content: a target may have given more before.
            Record::Counters { clock, .. } => self.numbers(&[clock.served, clock.logical]),
            Record::Client(client, seen) => {
                self.text(client.as_str());
                self.numbers(&[seen.at, seen.served]);
            }
            // Not the bytes, which are those of the pages.
            Record::Log { log, channel, last, trimmed, .. } => {
                self.text(channel.as_str());
                self.numbers(&[log.0, *last, *trimmed]);
            }
            Record::Page { log, served, page } => {
                self.messages += u64::from(page.count);
                self.numbers(&[log.0, page.first, u64::from(page.count), page.at, *served]);
                self.text(page.publisher.as_str());
                self.bytes(page.payloads.as_bytes());
            }
            Record::Cursor { client, log, state: CursorState { floor, acknowledged } } => {
                self.text(client.as_str());
                self.numbers(&[log.0, *floor, acknowledged.len() as u64]);
                acknowledged.iter().for_each(|(first, last)| self.numbers(&[*first, *last]));
            }
            Record::Retained(channel, retained) => {
                self.text(channel.as_str());
                self.text(retained.publisher.as_str());
                self.bytes(&retained.payload);
            }
            Record::History(channel, message) => {
                self.text(channel.as_str());
                self.numbers(&[
                    message.id.origin,
                    message.id.sequence,
                    message.logical,
                    message.at,
                ]);
                self.text(message.publisher.as_str());
                self.numbers(&[u64::from(message.server.is_some())]);
                self.text(message.server.as_deref().unwrap_or_default());
                self.bytes(&message.payload);
            }
            Record::Session(client, number) => {
                self.text(client.as_str());
                self.numbers(&[*number]);
            }
        }
    }

    fn numbers(&mut self, numbers: &[u64]) {
        numbers.iter().for_each(|number| self.hasher.update(&number.to_be_bytes()));
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.numbers(&[bytes.len() as u64]);
        self.hasher.update(bytes);
    }
}
