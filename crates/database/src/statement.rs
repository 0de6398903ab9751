//! What is asked of a database: statements without their SQL, which each driver writes in its own.
//!
//! Rows have the columns that stand with the statement. Where one is asked about many, a column `k` says which of them a
//! row is about, from 1 on; rows then come in whatever order, unless it is said.

use std::time::Duration;

use rialto_domain::{
    ChannelName, ClientId, HistoryMessage, LogExtent, LogId, MessageId, Retained, Seen, Sequence,
    SessionNumber, StoreClock,
};

use rialto_store::{Key, Part};

use crate::{node::Node, shared::SharedStatement, transfer::TransferStatement};

/// A statement.
#[derive(Debug)]
pub enum Statement<'a> {
    /// About transactions, and who may write.
    Control(Control),
    /// About logs and their messages.
    Log(LogStatement<'a>),
    /// About how far readers have come.
    Cursor(CursorStatement<'a>),
    /// About who is known.
    Client(ClientStatement<'a>),
    /// About what stands alone.
    Record(RecordStatement<'a>),
    /// About a copy into the database.
    Transfer(TransferStatement<'a>),
    /// Changes nothing.
    Read(Read<'a>),
    /// About the nodes that share the database.
    Shared(SharedStatement<'a>),
}

/// About transactions, and who may write.
#[derive(Debug)]
pub enum Control {
    /// Begins a transaction that writes.
    Begin,
    /// Begins one that reads everything as of one moment.
    BeginToRead,
    /// Ends a transaction.
    Commit,
    /// A row, if the node may still write. Held until the end of the transaction, so that whoever raises the revision
    /// waits for what is under way.
    Fence(Node),
    /// Says that the transaction was carried out.
    Journal {
        /// Whose it is.
        node: Node,
        /// Its number.
        number: i64,
        /// Logs and their new last messages: `7:164,9:12`; or what other nodes are to know.
        heads: String,
    },
    /// A row, if the transaction was committed.
    WasCommitted {
        /// Whose it is.
        node: Node,
        /// Its number.
        number: i64,
    },
    /// Forgets transactions that nobody will ask for.
    Forget {
        /// Whose they are.
        node: Node,
        /// The number of the first one that stays.
        before: i64,
    },
    /// Prolongs the lease, by the database's clock; a row, if the node is not dead.
    Renew {
        /// Whose it is.
        node: Node,
        /// For how long.
        lease: Duration,
    },
    /// Gives the lease back, so that the next server need not wait for its end.
    Leave(Node),
}

/// All pages that one transaction appends to one log.
#[derive(Debug)]
pub struct Segment<'a> {
    /// Where they go.
    pub channel: &'a ChannelName,
    /// How many messages there are.
    pub count: u64,
    /// The pages' heads.
    pub pages: Vec<u8>,
    /// The pages' payloads.
    pub body: Vec<u8>,
}

/// About logs and their messages.
#[derive(Debug)]
pub enum LogStatement<'a> {
    /// Makes those that are not there.
    Make {
        /// By name, ascending.
        channels: Vec<&'a ChannelName>,
        /// What they are marked with.
        generation: i64,
    },
    /// Appends to logs that are there, by name, ascending, each locked until the end of the transaction. A log whose
    /// generation is lower leaves out 2²⁰ numbers, unless it has had none.
    ///
    /// Rows: name, id, number of the last message.
    Append {
        /// What is appended.
        segments: Vec<Segment<'a>>,
        /// Who does.
        node: Node,
    },
    /// The first segments of logs behind what is trimmed, and behind a place; a row without one for a log that has
    /// none. In order, by `k` and then by place.
    ///
    /// Rows: `k`, id, last, trimmed, bytes, and of the segment its last message, what is set aside and the heads.
    Oldest {
        /// Which, and behind which place.
        logs: Vec<(&'a ChannelName, Sequence)>,
        /// How many of each at most.
        rows_max: i64,
    },
    /// Sets how far logs are trimmed and what they hold.
    Trim(Vec<(i64, LogExtent)>),
    /// Sets the page that ends with a message aside, unless it is already, in the log that is meant only.
    ///
    /// Rows, as it was found: the segment's last message, heads, bytes of its body, how far the log is trimmed.
    SetAside {
        /// Where it is.
        channel: &'a ChannelName,
        /// Which log.
        log: LogId,
        /// The page's last message.
        last: Sequence,
    },
    /// Lowers what a log holds, to 0 at the lowest. Rows: bytes then.
    BytesLess {
        /// Which.
        log: i64,
        /// By how much.
        bytes: i64,
    },
    /// Removes those that nobody reads, and notes that their segments are to go. Rows: their ids, if servers can share the
    /// database.
    Remove(Vec<&'a ChannelName>),
    /// Removes at most 500 segments of logs that are trimmed. Rows: how many.
    SweepTrimmed(Vec<i64>),
    /// One log that went whose segments are there. Rows: its id.
    Gone,
    /// Removes at most 500 segments of a log that went. Rows: how many.
    SweepGone(i64),
    /// Forgets a log that went.
    ForgetGone(i64),
}

/// Clients and channels.
pub(crate) type Pairs<'a> = Vec<(&'a ClientId, &'a ChannelName)>;

/// A client, a channel, and stretches that it has acknowledged there.
pub type Acknowledged<'a> = (&'a ClientId, &'a ChannelName, Vec<(Sequence, Sequence)>);

/// About how far readers have come.
#[derive(Debug)]
pub enum CursorStatement<'a> {
    /// Makes those that are not there, behind the last message of their logs, which are there.
    Make(Pairs<'a>),
    /// Rows: `k`, the log's id, floor.
    Floors(Pairs<'a>),
    /// Moves those that are there up, not beyond the last message. What is acknowledged below may stay there.
    Move(Vec<(&'a ClientId, &'a ChannelName, Sequence)>),
    /// The slowest of each log. Rows: `k`, floor; none, or none in the row, where nobody reads.
    Slowest(Vec<&'a ChannelName>),
    /// Adds stretches to what those that are there have acknowledged, above their floors and not beyond the last message.
    Acknowledge(Vec<Acknowledged<'a>>),
    /// Removes them.
    Remove(Pairs<'a>),
    /// Removes all of some clients.
    RemoveAll(Vec<&'a ClientId>),
}

/// About who is known.
#[derive(Debug)]
pub enum ClientStatement<'a> {
    /// Says when clients were seen, whether they were known or not.
    Put(Vec<(&'a ClientId, Seen)>),
    /// Those that were put or have a cursor. Rows: `k`.
    Known(Vec<&'a ClientId>),
    /// Forgets them.
    Remove(Vec<&'a ClientId>),
}

/// About what stands alone.
#[derive(Debug)]
pub enum RecordStatement<'a> {
    /// Sets retained messages.
    Retain(Vec<(&'a ChannelName, &'a Retained)>),
    /// Drops them.
    DropRetained(Vec<&'a ChannelName>),
    /// Notes open sessions.
    OpenSessions {
        /// Whose, and their numbers.
        sessions: Vec<(&'a ClientId, SessionNumber)>,
        /// Where.
        node: Node,
    },
    /// Forgets them.
    CloseSessions(Vec<&'a ClientId>),
    /// Notes the clocks.
    NoteClock(StoreClock),
    /// Drops histories.
    DropHistories(Vec<&'a ChannelName>),
    /// Adds messages to histories, unless their ids are there; of those with the same id the first.
    AddHistory(Vec<(&'a ChannelName, &'a HistoryMessage)>),
    /// Leaves so many of each.
    PruneHistories(Vec<(&'a ChannelName, u32)>),
}

/// Changes nothing.
#[derive(Debug)]
pub enum Read<'a> {
    /// Segments of a log from a message on that are not trimmed, in order, as long as what is before them is at most so many
    /// bytes.
    ///
    /// Rows: last, how far the log is trimmed, what is set aside, heads, body, count.
    Log {
        /// Which.
        log: LogId,
        /// The first message.
        from: Sequence,
        /// See above.
        bytes_max: i64,
        /// How many rows at most.
        rows_max: i64,
    },
    /// A client and its cursors, as of one moment, by channel.
    ///
    /// Rows: 0, nothing, `seen_ms`, `served_ms`, nothing; or 1, channel, 0, floor, what is acknowledged.
    Client(&'a ClientId),
    /// The first known clients behind a name, in order. Rows: name, `seen_ms` and `served_ms` if it was put, how many
    /// channels it reads besides its own.
    Clients {
        /// The name.
        after: &'a ClientId,
        /// How many at most.
        count_max: i64,
    },
    /// The same. Rows: name, 1 if it has a cursor, otherwise 0.
    Ids {
        /// The name.
        after: &'a ClientId,
        /// How many at most.
        count_max: i64,
    },
    /// All logs, by name. Rows: id, name, last, trimmed, bytes, and of the last segment that is not trimmed its last message and
    /// heads.
    Logs,
    /// Logs that have segments which are trimmed. Rows: id.
    Untidy,
    /// Rows: log, how many cursors it has, the lowest floor.
    Readers,
    /// All cursors, by client and then by channel. Rows: client, channel, floor, what is acknowledged, log.
    Cursors,
    /// Whoever was put, by name. Rows: name, `seen_ms`, `served_ms`.
    Seen,
    /// All retained messages, by channel. Rows: channel, publisher, CRC-32, payload.
    Retained,
    /// All histories, by channel, and then by logical clock and id. Rows: channel, id, `logical_ms`, `at_ms`, publisher,
    /// server if it was another, CRC-32, payload.
    Histories,
    /// All open sessions, by client. Rows: client, number.
    Sessions,
    /// The clocks. Rows: `served_ms`, `logical_ms`.
    Clock,
    /// Some rows of a part, behind a key, in the order of its keys; as long as what is before them is at most so many bytes,
    /// where there are payloads.
    ///
    /// Rows, by part. Counters: `served_ms`, `logical_ms`, the last id of a log that was given. Clients: name, `seen_ms`,
    /// `served_ms`. Logs, by id: id, name, last, trimmed, bytes. Pages, of what is not trimmed: log, last, count, what is set
    /// aside, how far the log is trimmed, its name, heads, body. Cursors: client, log, floor, what is acknowledged, and of the log,
    /// if it is there, name, last, trimmed. The others as for [`Retained`](Self::Retained), [`Histories`](Self::Histories) and
    /// [`Sessions`](Self::Sessions).
    Walk {
        /// Which.
        part: Part,
        /// The last key that was read.
        after: Option<&'a Key>,
        /// How many rows at most.
        rows_max: i64,
        /// See above.
        bytes_max: i64,
    },
    /// The server of the database, if its lease is not over. Rows: its name, and until when, in microseconds of the
    /// database's clock.
    Server,
    /// What no part tells. Rows: how many pages are set aside, how many segments are of logs that never were.
    Beside,
}

/// Has a statement made of each kind.
macro_rules! kinds {
    ($($kind:ident($of:ty)),*) => {
        $(impl<'a> From<$of> for Statement<'a> {
            fn from(it: $of) -> Self {
                Statement::$kind(it)
            }
        })*
    };
}

kinds!(
    Control(Control),
    Log(LogStatement<'a>),
    Cursor(CursorStatement<'a>),
    Client(ClientStatement<'a>),
    Record(RecordStatement<'a>),
    Transfer(TransferStatement<'a>),
    Read(Read<'a>),
    Shared(SharedStatement<'a>)
);

/// Returns an id as bytes that sort as ids do.
#[must_use]
pub fn id_bytes(id: MessageId) -> Vec<u8> {
    [id.origin.to_be_bytes(), id.sequence.to_be_bytes()].concat()
}
