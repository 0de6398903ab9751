//! What is loaded of a store: what the core starts from, and what it asks for later.

use super::{
    CursorState, HistoryMessage, LogId, Retained, Seen, Sequence, ServedMs, SessionNumber,
    StoreClock,
};
use crate::{ChannelName, ClientId};

/// How much of what is stored is loaded at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Load {
    /// Everything but the messages of logs.
    #[default]
    All,
    /// The same without clients and their cursors, each of which is asked for when it is needed.
    Heads,
}

/// What the core starts from: everything stored but the messages of logs, as far as it was asked
/// for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// What was asked for.
    pub load: Load,
    /// Known clients with the time each was last seen; none in [`Load::Heads`].
    pub clients: Vec<(ClientId, Seen)>,
    /// Logs, one a channel at most.
    pub logs: Vec<LogState>,
    /// Persistent subscriptions; each has its channel's log in `logs`. None in [`Load::Heads`].
    pub cursors: Vec<(ClientId, ChannelName, CursorState)>,
    /// Retained messages.
    pub retained: Vec<(ChannelName, Retained)>,
    /// Histories that are not empty, names ascending; messages oldest first: by `logical`,
    /// then by id.
    pub history: Vec<(ChannelName, Vec<HistoryMessage>)>,
    /// Sessions that were open, names ascending, and the number of each.
    pub sessions: Vec<(ClientId, SessionNumber)>,
    /// The clocks, as last noted.
    pub clock: StoreClock,
    /// Stored records that were found damaged and are left out.
    pub damaged: u64,
}

/// How far a log has grown and been trimmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogState {
    /// The channel.
    pub channel: ChannelName,
    /// This life's id.
    pub log: LogId,
    /// Sequence of the last message ever appended; 0 when there was none.
    pub last: Sequence,
    /// What it holds.
    pub extent: LogExtent,
    /// When its newest page was taken in; 0 when it holds none.
    pub newest: ServedMs,
    /// How many cursors read it.
    pub reader_count: u64,
    /// Where the slowest of them stands; `last` where there is none.
    pub slowest: Sequence,
}

impl LogState {
    /// Counts so many more readers, the slowest of which stands at `floor`.
    pub fn note_reader(&mut self, count: u64, floor: Sequence) {
        self.reader_count += count;
        self.slowest = self.slowest.min(floor);
    }
}

/// What a log holds, as far as its limits and trimming need to know: not where each page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogExtent {
    /// Where the last page ended that was trimmed; 0 when none was.
    pub trimmed: Sequence,
    /// Length of the payload sequences of all pages.
    pub bytes: u64,
    /// The oldest page; `None` if there is no page.
    pub oldest: Option<OldestPage>,
}

/// The oldest page of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OldestPage {
    /// Sequence of its last message.
    pub last: Sequence,
    /// When the broker took it in.
    pub served: ServedMs,
}

/// What is stored about one client.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientState {
    /// When it was last seen, if that was noted.
    pub seen: Option<Seen>,
    /// Its persistent subscriptions, its own direct channel included, names ascending.
    pub cursors: Vec<(ChannelName, CursorState)>,
}

/// The id of a stored client, as it stands in a list of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredId {
    /// The id.
    pub id: ClientId,
    /// Whether it has a persistent subscription, its own direct channel counted.
    pub has_cursor: bool,
}

/// A stored client, as it stands in a list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredClient {
    /// Its id.
    pub id: ClientId,
    /// When it was last seen, if that was noted.
    pub seen: Option<Seen>,
    /// How many persistent subscriptions it has, its own direct channel left out.
    pub topic_count: u64,
}
