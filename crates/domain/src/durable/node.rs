//! What the nodes that share a store tell each other through it: who owns which client, and what was committed.
//!
//! A *node* is one run of a server. A client has one owner at most; each claim gives it a higher *epoch*, by which the
//! store tells what its present owner writes from what an earlier one did.

use super::{ClientState, LogId, LogState, Retained, Sequence, SessionNumber};
use crate::{ChannelName, ClientId};

/// Names one run of a server on a store that several share; never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u64);

/// Counts how often a client was claimed; 0 before the first time.
pub type Epoch = u64;

/// A wish to own a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The client.
    pub client: ClientId,
    /// What becomes of it where another node owns the client.
    pub urgency: Urgency,
}

/// What a claim does where another node that lives owns the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Nothing.
    IfFree,
    /// It asks that node to release it.
    Ask,
    /// It takes the client, and tells that node.
    Force,
}

/// What came of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// This node owns the client now.
    Here {
        /// What its changes are to be marked with.
        epoch: Epoch,
        /// What is stored about the client; `None` if it was never put and has no cursor.
        state: Option<ClientState>,
        /// The logs that its cursors are in.
        logs: Vec<LogState>,
        /// Whether a session of it was noted as open.
        has_session: bool,
    },
    /// Another node owns it.
    Elsewhere(NodeId),
}

/// What another node wants, or has taken, of this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handover {
    /// The client.
    pub client: ClientId,
    /// The epoch in which this node claimed it.
    pub epoch: Epoch,
    /// Whether it is gone already; otherwise it is to be [released](super::Change::Release).
    pub is_taken: bool,
}

/// That a log has grown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogHead {
    /// The first message that was appended since this was last asked.
    pub first: Sequence,
    /// The log as it is now.
    pub state: LogState,
}

/// What was committed since this was last asked, as far as a node has to know.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Noted {
    /// Clients that other nodes want or took.
    pub handovers: Vec<Handover>,
    /// Logs that other nodes appended to.
    pub heads: Vec<LogHead>,
    /// Logs that went, by whichever node.
    pub gone: Vec<LogId>,
    /// Channels whose retained message was changed by whichever node, and what it is now.
    pub retained: Vec<(ChannelName, Option<Retained>)>,
    /// Sessions that were open on nodes that have died, each told to one node at a time until it is closed.
    pub crashed: Vec<(ClientId, SessionNumber)>,
}

impl Noted {
    /// Says whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Noted::default()
    }
}
