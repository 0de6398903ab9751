//! Why the broker refuses a request, and why a connection ends.

use std::sync::Arc;

/// A refusal that the peer is told of. The dialects map it to their codes and texts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reject {
    /// The packet cannot be understood.
    #[error("the packet is malformed")]
    InvalidPacket,
    /// The token does not open this client's session.
    #[error("the token is not valid for this client id, or has expired")]
    InvalidToken,
    /// This client may not do that.
    #[error("not allowed")]
    NotAllowed,
    /// A rule or the server's application does not allow it, for this reason.
    #[error("{0}")]
    Denied(Arc<str>),
    /// Who the client is could not be shown, for this reason.
    #[error("{0}")]
    Failed(Arc<str>),
    /// The server's application, which decides this, gives no answer.
    #[error("the server cannot decide this now; try again later")]
    Undecided,
    /// The client publishes more often than the channel allows.
    #[error("more than {limit} messages a second, the most this channel takes from one client")]
    TooFast {
        /// Most messages a second.
        limit: u32,
    },
    /// The payload is larger than the channel allows.
    #[error("the payload is larger than {limit} bytes, the most this channel takes")]
    PayloadTooLarge {
        /// Most bytes a payload may have.
        limit: usize,
    },
    /// The channel cannot be used this way, or is no channel at all.
    #[error("the channel cannot be used this way")]
    InvalidChannel,
    /// The channel's name is too long.
    #[error("the channel name is longer than {limit} bytes")]
    ChannelNameTooLong {
        /// Most bytes a name may have.
        limit: usize,
    },
    /// The client has as many subscriptions as it may.
    #[error("the client already has {limit} subscriptions, the most allowed")]
    TooManySubscriptions {
        /// Most subscriptions a client may have.
        limit: usize,
    },
    /// The receiver of a direct message is not connected; a QoS 1 message is kept for it if it is known.
    #[error("the client is offline")]
    ClientOffline,
    /// The channel's log has reached its limit and is configured to refuse.
    #[error("the channel's log is full; its persistent subscribers must catch up first")]
    LogFull,
    /// Channels retain as much as they may together.
    #[error(
        "as much is retained as may be; remove a retained message first, or replace one by one that is no larger"
    )]
    RetainedFull,
    /// The store cannot write at the moment.
    #[error("the server cannot store the message now; try again later")]
    StoreUnavailable,
}

impl CloseReason {
    /// Says whether the session ends with the connection even where a client may come back to one:
    /// who said goodbye does not, and who may have no session may not.
    #[must_use]
    pub fn ends_session(self) -> bool {
        matches!(self, CloseReason::Asked | CloseReason::Withdrawn)
    }
}

/// Why the broker ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CloseReason {
    /// The client said goodbye.
    #[error("the client disconnected")]
    Asked,
    /// The peer closed or the network failed.
    #[error("the connection ended")]
    Ended,
    /// The same client connected again elsewhere.
    #[error("taken over by a newer connection of the same client")]
    TakenOver,
    /// Nothing came for longer than the heartbeat timeout.
    #[error("heartbeat timeout")]
    Silent,
    /// No session was opened in time.
    #[error("no session was opened in time")]
    NotAuthenticated,
    /// The session it asked for was refused, and its dialect ends the connection with that.
    #[error("the session was refused")]
    Refused,
    /// A packet is larger than allowed.
    #[error("packet is larger than {limit} bytes")]
    PacketTooLarge {
        /// Most bytes a packet may have.
        limit: usize,
    },
    /// A WebSocket text message that is not UTF-8.
    #[error("text message is not UTF-8")]
    InvalidText,
    /// A WebSocket binary message.
    #[error("binary messages are not accepted")]
    BinaryMessage,
    /// A frame's length is missing or wrong, so that nothing behind it can be told apart.
    #[error("no frame: its length is missing or wrong")]
    FramingLost,
    /// The peer broke the rules of the carrier.
    #[error("protocol error")]
    ProtocolError,
    /// The client does not read what it is sent.
    #[error("slow consumer: {limit} bytes are waiting to be read")]
    SlowConsumer {
        /// Most bytes that may wait.
        limit: usize,
    },
    /// The client does not acknowledge what it is pushed.
    #[error("{limit} pushes are unacknowledged")]
    TooManyUnacknowledged {
        /// Most pushes that may be unacknowledged.
        limit: u32,
    },
    /// As many connections as allowed are open.
    #[error("the server has {limit} connections, the most allowed")]
    TooManyConnections {
        /// Most connections.
        limit: usize,
    },
    /// As many connections as this listener may have are open, while others may have more.
    #[error("this listener has {limit} connections, the most allowed")]
    ListenerFull {
        /// Most connections it may have at the moment.
        limit: usize,
    },
    /// As many connections as allowed are open from this address.
    #[error("{limit} connections from this address are open, the most allowed")]
    TooManyFromAddress {
        /// Most connections from one address.
        limit: usize,
    },
    /// The operator or the server's application ended it.
    #[error("disconnected by the server")]
    Removed,
    /// What the client may do was taken from it: its user, its token or its rights are gone.
    #[error("access was withdrawn")]
    Withdrawn,
    /// The server stops.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// The server crashed while the session was open; only ever said afterwards.
    #[error("the server crashed")]
    Crashed,
    /// Something failed in the server itself.
    #[error("internal error")]
    Internal,
}
