//! What is asked of a database while a store is copied into it.

use rialto_domain::{ChannelName, ClientId, CursorState, LogId, Sequence};
use rialto_store::Progress;

use crate::node::Node;

/// About a copy into a database. The table `copy` has a row as long as one is under way.
#[derive(Debug)]
pub enum TransferStatement<'a> {
    /// Says that a copy is under way. Rows: what it is a copy of, and, once something was copied, the part's name, and of the last
    /// key its name and its three numbers.
    UnderWay,
    /// Rows: 1 if the database holds nothing of a store, not even what is to be removed; otherwise 0.
    IsEmpty,
    /// Notes that a copy begins.
    Begin {
        /// What it is a copy of.
        origin: &'a str,
    },
    /// Notes how far it has come.
    Note(&'a Progress),
    /// Notes that it is whole.
    Finish,
    /// Has the ids of later logs begin beyond this one, if they would not.
    GiveIds {
        /// The last one that was given.
        last: u64,
    },
    /// Makes logs that are not there, with these ids.
    Logs {
        /// The logs.
        logs: Vec<CopiedLog<'a>>,
        /// What they are marked with.
        node: Node,
    },
    /// Adds segments to logs that are there, and their bytes to what these hold.
    Segments {
        /// The segments.
        segments: Vec<CopiedSegment>,
        /// Who adds them.
        node: Node,
    },
    /// Makes cursors that are not there.
    Cursors(Vec<(&'a ClientId, LogId, &'a CursorState)>),
}

/// A log that is copied.
#[derive(Debug)]
pub struct CopiedLog<'a> {
    /// Its id.
    pub log: LogId,
    /// The channel.
    pub channel: &'a ChannelName,
    /// The last message.
    pub last: Sequence,
    /// How far it is trimmed.
    pub trimmed: Sequence,
}

/// Pages that are copied, as one segment.
#[derive(Debug)]
pub struct CopiedSegment {
    /// The log.
    pub log: LogId,
    /// The last message.
    pub last: Sequence,
    /// How many messages there are.
    pub count: u64,
    /// The pages' heads.
    pub pages: Vec<u8>,
    /// The pages' payloads.
    pub body: Vec<u8>,
}
