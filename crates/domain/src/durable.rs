//! The words the core and the store share: what must outlive a restart, and how it changes.
//!
//! A channel with persistent subscribers is a *log* of pages; a persistent subscription is a
//! *cursor* into it. A channel's *history* is its last messages, whoever reads them. The core
//! decides what changes; a store only carries changes out, in order.

mod change;
mod node;
mod snapshot;

use std::sync::Arc;

use crate::{ChannelName, ClientId, Payloads};

pub use change::{Change, Commit, CommitId, Outcome, Trim};
pub use node::{Claim, Claimed, Epoch, Handover, LogHead, NodeId, Noted, Urgency};
pub use snapshot::{
    ClientState, Load, LogExtent, LogState, OldestPage, Snapshot, StoredClient, StoredId,
};

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
    /// A page that is not what was written, with the messages from `first` to `last`. It is to be
    /// passed over and [set aside](Change::SetAside).
    Damaged {
        /// Sequence of its first message, or of what is missing before it.
        first: Sequence,
        /// Sequence of its last message.
        last: Sequence,
    },
}
