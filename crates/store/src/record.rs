//! What a store holds, record by record, whatever keeps it.

use rialto_domain::{
    ChannelName, ClientId, CursorState, HistoryMessage, LogId, Retained, Seen, Sequence, ServedMs,
    SessionNumber, StoreClock, StoredPage,
};

/// The parts of a store, in the order in which they are copied: what others refer to comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The clocks, and how many ids of logs were given: one record.
    Counters,
    /// Known clients.
    Clients,
    /// Logs, without their pages.
    Logs,
    /// Pages of messages, by log.
    Pages,
    /// Persistent subscriptions.
    Cursors,
    /// Retained messages.
    Retained,
    /// Messages of histories.
    History,
    /// Open sessions.
    Sessions,
}

/// One thing that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// What only ever grows.
    Counters {
        /// The clocks, as last noted.
        clock: StoreClock,
        /// The highest id that a log was ever given, so that none is given again.
        log_id_last: u64,
    },
    /// A known client.
    Client(ClientId, Seen),
    /// A channel's log.
    Log {
        /// Its id.
        log: LogId,
        /// The channel.
        channel: ChannelName,
        /// Sequence of the last message ever appended.
        last: Sequence,
        /// Where the last page ended that was trimmed.
        trimmed: Sequence,
        /// Length of the payload sequences of its pages.
        bytes: u64,
    },
    /// A page of a log that is neither trimmed nor set aside.
    Page {
        /// The log.
        log: LogId,
        /// When it was taken in, to count its age from.
        served: ServedMs,
        /// The messages.
        page: StoredPage,
    },
    /// A persistent subscription.
    Cursor {
        /// Whose.
        client: ClientId,
        /// The log that it reads.
        log: LogId,
        /// How far it has come.
        state: CursorState,
    },
    /// A channel's retained message.
    Retained(ChannelName, Retained),
    /// A message of a channel's history.
    History(ChannelName, HistoryMessage),
    /// An open session.
    Session(ClientId, SessionNumber),
}

/// Where a record stands in its part: what a driver needs to go on behind it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Key {
    /// A name, as it is stored: what is damaged may be no text.
    pub name: Vec<u8>,
    /// Numbers within the name.
    pub numbers: [i64; 3],
}

/// What is found at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The place.
    pub key: Key,
    /// The record, put right if need be; `None` where nothing can be made of what is there.
    pub record: Option<Record>,
    /// What of it is not as it was written, a sentence.
    pub finding: Option<String>,
}

impl Part {
    /// All, in order.
    pub const ALL: [Part; 8] = [
        Part::Counters,
        Part::Clients,
        Part::Logs,
        Part::Pages,
        Part::Cursors,
        Part::Retained,
        Part::History,
        Part::Sessions,
    ];

    /// Returns its name, as commands print it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Part::Counters => "counters",
            Part::Clients => "clients",
            Part::Logs => "logs",
            Part::Pages => "pages",
            Part::Cursors => "subscriptions",
            Part::Retained => "retained",
            Part::History => "history",
            Part::Sessions => "sessions",
        }
    }
}

impl Key {
    /// Returns the place of something that has a name of its own.
    pub fn named(name: impl Into<Vec<u8>>) -> Self {
        Key { name: name.into(), numbers: [0; 3] }
    }

    /// Returns the place of something that has a number of its own, or a number in a log.
    #[must_use]
    pub fn numbered(first: i64, second: i64) -> Self {
        Key { name: Vec::new(), numbers: [first, second, 0] }
    }
}

impl Entry {
    /// Returns a record that is as it was written.
    #[must_use]
    pub fn sound(key: Key, record: Record) -> Self {
        Entry { key, record: Some(record), finding: None }
    }

    /// Returns a place where nothing can be made of what is there.
    pub fn damaged(key: Key, finding: impl Into<String>) -> Self {
        Entry { key, record: None, finding: Some(finding.into()) }
    }

    /// Returns a record, or why there is none.
    #[must_use]
    pub fn of(key: Key, read: Result<Record, String>) -> Self {
        match read {
            Ok(record) => Entry::sound(key, record),
            Err(finding) => Entry::damaged(key, finding),
        }
    }

    /// Returns about how much memory it takes, in bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        size_of::<Entry>() + self.key.name.len() + self.record.as_ref().map_or(0, Record::weight)
    }
}

impl Record {
    fn weight(&self) -> usize {
        match self {
            Record::Counters { .. } => 0,
            Record::Client(client, _) | Record::Session(client, _) => client.as_str().len(),
            Record::Log { channel, .. } => channel.as_str().len(),
            Record::Page { page, .. } => page.payloads.as_bytes().len(),
            Record::Cursor { client, state, .. } => {
                client.as_str().len() + 16 * state.acknowledged.len()
            }
            Record::Retained(channel, retained) => channel.as_str().len() + retained.payload.len(),
            Record::History(channel, message) => channel.as_str().len() + message.payload.len(),
        }
    }
}
