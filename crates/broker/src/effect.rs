//! What the core asks of the world. Effects are carried out in the order they were made.

use bytes::Bytes;
use slotmap::new_key_type;

use rialto_domain::{
    ChannelName, Claim, ClientId, CloseReason, Commit, LogId, Reject, Sequence, UnixMs,
    bus::{Direct, Doorbell, Run as NodeRun},
};

new_key_type! {
    /// Names one connection; never used twice.
    pub struct ConnectionKey;
    /// Names a known client.
    pub struct ClientKey;
    /// Names a channel in use.
    pub struct ChannelKey;
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Put frames into a connection's outbox.
    Send {
        /// Whose outbox.
        connection: ConnectionKey,
        /// Whole frames, shared by all receivers of the same format.
        frames: Bytes,
        /// How many; each is a delivery.
        count: u32,
        /// Whether they may be dropped when the outbox is full (QoS 0).
        droppable: bool,
    },
    /// Put frames into a connection's outbox that answer what it asked: while they wait there, it
    /// should not be asked for more.
    Answer {
        /// Whose outbox.
        connection: ConnectionKey,
        /// Whole frames.
        frames: Bytes,
        /// How many.
        count: u32,
        /// How many of them are deliveries: messages as subscribers get them.
        deliveries: u32,
    },
    /// End a connection once its outbox is written.
    Close {
        /// Which.
        connection: ConnectionKey,
        /// Why.
        reason: CloseReason,
    },
    /// Commit a batch; its outcome comes back through `on_committed`, in the order of the batches.
    Commit(Commit),
    /// Read pages of a log; they come back through `on_read`.
    Read(ReadRequest),
    /// Read what is stored about clients; it comes back through `on_loaded`, `on_listed` or `on_ids`,
    /// in the order in which it was asked for.
    Load(LoadRequest),
    /// Claim a client for this node; what comes of it comes back through `on_claimed`. Only asked where several
    /// nodes share the store, as are the next two.
    Claim(Claim),
    /// Read pages of a log that other nodes have appended to; they come back through `on_log_read`.
    ReadLog(LogRequest),
    /// Read what a channel retains; it comes back through `on_refreshed`.
    Refresh {
        /// Who has subscribed.
        connection: ConnectionKey,
        /// What to.
        channel: ChannelName,
    },
    /// Deal with the bus between nodes; only asked where there is one.
    Bus(BusEffect),
    /// What a ticket was given for is stored, or will not be.
    Resolved {
        /// The ticket, as it came with [`Answer::Ticket`](crate::Answer::Ticket).
        ticket: u64,
        /// Why it is refused.
        result: Result<(), Reject>,
    },
    /// A session has begun.
    Opened {
        /// The connection it is on.
        connection: ConnectionKey,
        /// Whose it is.
        client: ClientId,
        /// Grows with each session.
        session: u64,
    },
    /// A client has subscribed; only said if the settings ask for it.
    Subscribed {
        /// Its connection.
        connection: ConnectionKey,
        /// What to.
        channel: ChannelName,
    },
    /// A session has ended; only said if the settings ask for it.
    SessionEnded(SessionEnded),
}

/// What there is to do about the bus between nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BusEffect {
    /// Hear what other nodes tell of a channel; that it is heard comes back through `on_heard`.
    Hear(ChannelName),
    /// Hear no more of it.
    Unhear(ChannelName),
    /// Give the other nodes messages that are nowhere else.
    Relay(Box<NodeRun>),
    /// Tell the other nodes that a page was committed.
    Ring(Box<Doorbell>),
    /// Have the other nodes hand a message to a client.
    Direct(Box<Direct>),
    /// Tell the other nodes to look into the store now.
    Look,
}

/// A session that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionEnded {
    /// Whose it was.
    pub client: ClientId,
    /// The connection it was on; `None` if a crash ended it.
    pub connection: Option<ConnectionKey>,
    /// Why it ended.
    pub reason: CloseReason,
    /// When; of a crash, when the server was back.
    pub at: UnixMs,
    /// Grows with each session.
    pub session: u64,
}

/// What is needed of stored clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadRequest {
    /// All that is stored about one.
    Client(ClientId),
    /// The first so many known ones behind an id.
    Clients {
        /// The id.
        after: ClientId,
        /// How many.
        count_max: usize,
    },
    /// Only the ids of the first so many known ones behind an id.
    Ids {
        /// The id.
        after: ClientId,
        /// How many.
        count_max: usize,
    },
}

/// What is missing of a log that other nodes append to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogRequest {
    /// The channel.
    pub channel: ChannelKey,
    /// Its log.
    pub log: LogId,
    /// First message wanted.
    pub from: Sequence,
    /// Last message that is known to be there.
    pub through: Sequence,
    /// About how many bytes of payload to read; at least one page comes whatever its size.
    pub bytes_max: usize,
}

/// What a catching-up subscriber needs next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadRequest {
    /// Who reads.
    pub client: ClientKey,
    /// For whom: a page that comes back after this connection ended is of no use.
    pub connection: ConnectionKey,
    /// The subscription's channel.
    pub channel: ChannelKey,
    /// The channel's log.
    pub log: LogId,
    /// First message wanted.
    pub from: Sequence,
    /// Last message there was when this was asked: what does not come up to it was dropped.
    pub through: Sequence,
    /// About how many bytes of payload to read; at least one page comes whatever its size.
    pub bytes_max: usize,
}
