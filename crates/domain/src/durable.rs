//! The words the core and the store share: what must outlive a restart, and how it changes.
//!
//! A channel with persistent subscribers is a *log* of pages; a persistent subscription is a
//! *cursor* into it. A channel's *history* is its last messages, whoever reads them. The core
//! decides what changes; a store only carries changes out, in order.

use std::{ops::Range, sync::Arc};

use crate::{ChannelName, ClientId, Payloads};

/// Names one life of a channel's log. A log that was dropped and made anew has another id, so
/// that `(LogId, Sequence)` never names two messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogId(pub u64);

/// A message's place in its log: 1 for the first, without gaps.
pub type Sequence = u64;

/// Milliseconds since the Unix epoch, as the wall clock said it: a label to show, which decides
/// nothing.
pub type UnixMs = u64;

/// Milliseconds that brokers have run on a store, over all their runs: what ages are counted in.
/// It stands still while none runs, and no step of the wall clock changes it.
pub type ServedMs = u64;

/// A moment of the logical clock: milliseconds since the Unix epoch while the wall clock goes
/// forward, and never less than any moment that the server gave or saw before. It orders messages
/// and is shown to nobody.
pub type LogicalMs = u64;

/// Tells the sessions on a store apart, over all runs of the broker: each has a higher one than those
/// before it.
pub type SessionNumber = u64;

/// The clocks that go on from one run of the broker to the next, whatever the wall clock does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreClock {
    /// How long brokers have run on the store.
    pub served: ServedMs,
    /// No moment of the logical clock is later that was given out until the clock is noted again.
    pub logical: LogicalMs,
}

/// When something was last seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// To be shown.
    pub at: UnixMs,
    /// To count its age from.
    pub served: ServedMs,
}

/// Messages of one publisher to one channel, stored and routed as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Where they were published.
    pub channel: ChannelName,
    /// Who published them; empty for the server.
    pub publisher: ClientId,
    /// When the broker took them in.
    pub at: UnixMs,
    /// The same, to count their age from.
    pub served: ServedMs,
    /// How many there are; at least 1.
    pub count: u32,
    /// The messages.
    pub payloads: Payloads,
}

/// A page with its place in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPage {
    /// Sequence of the page's first message; the others follow without gaps.
    pub first: Sequence,
    /// Who published the messages; empty for the server.
    pub publisher: ClientId,
    /// When the broker took them in.
    pub at: UnixMs,
    /// How many there are; at least 1.
    pub count: u32,
    /// The messages.
    pub payloads: Payloads,
}

/// The last message of a channel that was published with the retained flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retained {
    /// Who published it; empty for the server.
    pub publisher: ClientId,
    /// The message: one JSON text.
    pub payload: bytes::Bytes,
}

/// Names a message on all servers that share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct MessageId {
    /// The run of the server that took it in: a random number.
    pub origin: u64,
    /// Its place among that run's messages, from 1.
    pub sequence: u64,
}

/// A message kept as history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryMessage {
    /// Its name, which no other message of the channel has.
    pub id: MessageId,
    /// Its place among the others, on all servers that share it: by this, then by id.
    pub logical: LogicalMs,
    /// When a server took it in.
    pub at: UnixMs,
    /// Who published it; empty for the server.
    pub publisher: ClientId,
    /// Name of the server that took it in, if it was another.
    pub server: Option<Arc<str>>,
    /// One JSON text.
    pub payload: bytes::Bytes,
}

/// How far a persistent subscriber has come in a log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CursorState {
    /// All messages up to and including this one are acknowledged.
    pub floor: Sequence,
    /// Acknowledged stretches above the floor, first and last included, ascending, not touching.
    pub acknowledged: Vec<(Sequence, Sequence)>,
}

/// What the store's caller may do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// Nothing is wrong with the request: try again later, with growing pauses.
    Transient,
    /// The same request will fail again as long as nobody changes anything: refuse it.
    Permanent,
    /// What is stored there cannot be trusted: do not try it again.
    Corrupt,
}

/// What a log holds at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogEntry {
    /// A page, as it was written.
    Page(StoredPage),
    /// A page that is not what was written, by the sequence of its last message. It is to be passed
    /// over and [set aside](Change::SetAside).
    Damaged(Sequence),
}

/// One thing to store. Applying a change twice equals applying it once, except `Append` and
/// `AppendDirect`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Appends a page to its channel's log, which is made if it is not there.
    Append(Page),
    /// Appends a page to the log of a client's own channel, if the client is known. A cursor of the
    /// client that stands before the page is made if it has none there.
    AppendDirect(ClientId, Page),
    /// Replaces the channel's retained message.
    Retain(ChannelName, Retained),
    /// Forgets the channel's retained message.
    DropRetained(ChannelName),
    /// Makes a client known, or notes that it was seen again.
    PutClient(ClientId, Seen),
    /// Forgets a client and all its cursors; logs that nobody reads any more go with them.
    ForgetClient(ClientId),
    /// Adds a persistent subscription whose cursor starts behind the last message of the log.
    /// One that is there already stays as it is.
    Subscribe(ClientId, ChannelName),
    /// Removes a persistent subscription; a log that nobody reads any more goes with it.
    Unsubscribe(ClientId, ChannelName),
    /// Moves a cursor's floor up: all up to this message is acknowledged. It never goes down, and a
    /// cursor that is not there is not made.
    MoveCursor(ClientId, ChannelName, Sequence),
    /// Adds stretches to what a cursor has acknowledged above its floor, first and last message of
    /// each. Nothing is taken back, and a cursor that is not there is not made.
    Acknowledge(ClientId, ChannelName, Vec<(Sequence, Sequence)>),
    /// Drops whole pages whose last message is at most this one.
    Trim(ChannelName, Sequence),
    /// Takes a damaged page, by the sequence of its last message, out of a log and keeps it apart.
    SetAside(ChannelName, LogId, Sequence),
    /// Adds messages to a channel's history and drops the oldest beyond so many. One whose id is
    /// there already stays as it is.
    KeepHistory {
        /// The channel.
        channel: ChannelName,
        /// What is added, in any order.
        messages: Vec<HistoryMessage>,
        /// How many messages stay at most: the latest by `logical`, then by id. With 0 none
        /// stays.
        count_max: u32,
    },
    /// Forgets a channel's history.
    DropHistory(ChannelName),
    /// Notes that a client's session is open, and its number.
    OpenSession(ClientId, SessionNumber),
    /// Notes that a client's session has ended.
    CloseSession(ClientId),
    /// Notes the clocks, in place of what was noted before.
    NoteClock(StoreClock),
}

/// Names a batch of changes, so that it can be given to a store again without being carried out again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommitId {
    /// The run of the broker that made it.
    pub run: u64,
    /// Its place among that run's batches, from 1.
    pub number: u64,
}

/// A batch: changes that are handed to a store at once, and never tried again apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Commit {
    /// Its name; `None` for what is never given again.
    pub id: Option<CommitId>,
    /// The changes, in the order in which they take effect.
    pub changes: Vec<Change>,
    /// Places among them, ascending, of those that take effect together or not at all, even where a store
    /// carries out the others by themselves.
    pub together: Vec<Range<usize>>,
}

/// What became of one [`Change`] of a committed batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The page stands in `log` from `first` on.
    Appended {
        /// The log it went to.
        log: LogId,
        /// Sequence of the page's first message.
        first: Sequence,
    },
    /// The subscription's log, and the cursor's floor.
    Subscribed {
        /// The channel's log.
        log: LogId,
        /// Where the cursor stands.
        floor: Sequence,
    },
    /// The cursor was moved. All readers of its log have acknowledged all up to `slowest`, as far as
    /// the store knows.
    Moved {
        /// Where the slowest cursor of the log stands.
        slowest: Sequence,
    },
    /// Nothing was stored, since the client that the page was for is not known.
    ClientUnknown,
    /// Done; nothing more to say.
    Done,
}

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
    /// The last sequence that was trimmed; 0 when none was. A page that reaches beyond it is whole.
    pub trimmed: Sequence,
    /// How many cursors read it.
    pub reader_count: u64,
    /// Where the slowest of them stands; `last` where there is none.
    pub slowest: Sequence,
    /// The pages still there, oldest first: last sequence, bytes and time of each.
    pub pages: Vec<PageState>,
}

impl LogState {
    /// Counts so many more readers, the slowest of which stands at `floor`.
    pub fn note_reader(&mut self, count: u64, floor: Sequence) {
        self.reader_count += count;
        self.slowest = self.slowest.min(floor);
    }
}

/// Size and age of one stored page, for the log's limits and for trimming.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageState {
    /// Sequence of its last message.
    pub last: Sequence,
    /// Length of its payload sequence.
    pub bytes: u64,
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
