//! What clients may ask.

use bytes::Bytes;

use crate::{exptime::Exptime, key::Key, report::Report, write::Direction};

/// What a client asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// `get`, `gets`, `gat` and `gats`.
    Get {
        /// What to look up, in this order.
        keys: Vec<Key>,
        /// Whether the answer has the unique id that `cas` wants.
        with_cas: bool,
        /// The new time to live, for `gat` and `gats`.
        touch: Option<Exptime>,
        /// Whether the command ends here. A `get` longer than a line may be comes in pieces.
        is_last: bool,
    },
    /// One of the six commands that store a value.
    Store {
        /// Which of them.
        verb: Verb,
        /// The item.
        key: Key,
        /// A number that is the client's own, given back with the value.
        flags: u32,
        /// Its time to live.
        exptime: Exptime,
        /// The data block.
        value: Bytes,
    },
    /// `incr` and `decr`.
    Count {
        /// The item.
        key: Key,
        /// By how much.
        delta: u64,
        /// Up or down.
        direction: Direction,
    },
    /// `delete`.
    Delete(Key),
    /// `touch`.
    Touch(Key, Exptime),
    /// `flush_all`, with the time from now or since the epoch at which to do it.
    FlushAll(Exptime),
    /// `stats`.
    Stats(Report),
    /// `slabs automove`, which is taken and does nothing: there are no slabs.
    SlabsAutomove,
    /// `version`.
    Version,
    /// `verbosity`, which is taken and does nothing: the log is the server's.
    Verbosity,
    /// `quit`.
    Quit,
}

/// How a value is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Whatever was there.
    Set,
    /// Only where nothing is.
    Add,
    /// Only where something is.
    Replace,
    /// Behind the value that is there.
    Append,
    /// Before the value that is there.
    Prepend,
    /// Only if nobody has stored anything since: the id must be that of the item.
    Cas(u64),
}
