//! What nodes that share a database ask of it besides: [`Statement::Shared`](crate::Statement::Shared).

use std::time::Duration;

use rialto_domain::{ChannelName, ClientId, Epoch, Handover, StoreClock};

use crate::node::Node;

/// About the nodes that share a database, and who owns which client.
#[derive(Debug)]
pub enum SharedStatement<'a> {
    /// Those of these clients that the node owns in the epoch that stands with them. Held until the end of the transaction,
    /// so that whoever claims one waits for what is under way. Rows: `k`.
    Owned {
        /// Which, by name.
        clients: Vec<(&'a ClientId, Epoch)>,
        /// Who.
        node: Node,
    },
    /// Locks logs that are there until the end of the transaction, in an order that all nodes have in common.
    LockLogs(Vec<&'a ChannelName>),
    /// Those of these clients that another living node owns. Rows: `k`.
    Elsewhere {
        /// Which.
        clients: Vec<&'a ClientId>,
        /// Who asks.
        node: Node,
    },
    /// Gives back clients that the node owns.
    Release {
        /// Which.
        clients: Vec<&'a ClientId>,
        /// Who.
        node: Node,
    },
    /// Forgets open sessions, if they are the node's.
    CloseSessions {
        /// Whose.
        clients: Vec<&'a ClientId>,
        /// Where.
        node: Node,
    },
    /// Notes the clocks, as far as they go forward.
    NoteClock(StoreClock),
    /// A row, if the node is not dead.
    Lives(Node),
    /// Declares dead all other nodes whose lease is over.
    DeclareDead(Node),
    /// Forgets what was committed more than a minute ago, by this node or one that is dead.
    ForgetOld(Node),
    /// Forgets the leases of nodes that are dead for long.
    ForgetDead,
    /// Claims clients that nobody owns, or this node, or one that is dead.
    Claim {
        /// Which.
        clients: Vec<&'a ClientId>,
        /// Who.
        node: Node,
    },
    /// Claims clients whoever owns them, and tells a living owner.
    Force {
        /// Which.
        clients: Vec<&'a ClientId>,
        /// Who.
        node: Node,
    },
    /// Asks other living owners for clients.
    Ask {
        /// For which.
        clients: Vec<&'a ClientId>,
        /// Who.
        node: Node,
    },
    /// Rows: `k`, node, epoch.
    Owners(Vec<&'a ClientId>),
    /// Those that were put. Rows: `k`, `seen_ms`, `served_ms`.
    Seen(Vec<&'a ClientId>),
    /// Their cursors, by `k` and then by channel. Rows: `k`, channel, floor, what is acknowledged, and of the log id, last,
    /// trimmed, bytes, the lowest floor.
    Cursors(Vec<&'a ClientId>),
    /// Makes the open sessions of those that the node owns its own. Rows: `k`.
    TakeSessions {
        /// Which.
        clients: Vec<&'a ClientId>,
        /// Who.
        node: Node,
    },
    /// How far each node's journal goes. Rows: node, number.
    Places,
    /// The rows of journals behind these places, from the first on for other nodes; by node and number. Rows: node,
    /// number, heads.
    Journals(Vec<(i64, i64)>),
    /// Forgets what the node was told of clients that others want or took.
    HandoversTaken {
        /// Who was told.
        node: Node,
        /// What.
        handovers: &'a [Handover],
    },
    /// Rows: client, epoch, 1 if it is taken and otherwise 0.
    Handovers(Node),
    /// Rows: id, name, last, trimmed, bytes, the lowest floor.
    Logs(Vec<i64>),
    /// Rows: `k`, publisher, CRC-32, payload.
    Retained(Vec<&'a ChannelName>),
    /// Makes the open sessions of nodes that are dead for some time the node's own, a few at a time. Rows: client,
    /// number.
    Crashed {
        /// Whose they become.
        node: Node,
        /// How long.
        grace: Duration,
    },
}
