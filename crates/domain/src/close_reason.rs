//! Why a connection ends.

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
    /// The server is about to stop, and lets its clients go a few at a time, since others serve them.
    #[error("the server is shutting down: connect again, and another one may answer")]
    Draining,
    /// The server crashed while the session was open; only ever said afterwards.
    #[error("the server crashed")]
    Crashed,
    /// Something failed in the server itself.
    #[error("internal error")]
    Internal,
}

impl CloseReason {
    /// Returns the one word for it that programs compare: clients, the application, whoever reads logs.
    /// Words are added, never changed; the text may be.
    ///
    /// # Spec
    /// J-128.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            CloseReason::Asked => "asked",
            CloseReason::Ended => "ended",
            CloseReason::TakenOver => "taken-over",
            CloseReason::Silent => "silent",
            CloseReason::NotAuthenticated => "not-authenticated",
            CloseReason::Refused => "refused",
            CloseReason::PacketTooLarge { .. } => "packet-too-large",
            CloseReason::InvalidText => "invalid-text",
            CloseReason::BinaryMessage => "binary-message",
            CloseReason::FramingLost => "framing-lost",
            CloseReason::ProtocolError => "protocol-error",
            CloseReason::SlowConsumer { .. } => "slow-consumer",
            CloseReason::TooManyUnacknowledged { .. } => "too-many-unacknowledged",
            CloseReason::TooManyConnections { .. } => "too-many-connections",
            CloseReason::ListenerFull { .. } => "listener-full",
            CloseReason::TooManyFromAddress { .. } => "too-many-from-address",
            CloseReason::Removed => "removed",
            CloseReason::Withdrawn => "withdrawn",
            // What clients do about it is the same.
            CloseReason::ShuttingDown | CloseReason::Draining => "shutting-down",
            CloseReason::Crashed => "crashed",
            CloseReason::Internal => "internal",
        }
    }

    /// Says whether the session ends with the connection even where a client may come back to one:
    /// who said goodbye does not, and who may have no session may not.
    #[must_use]
    pub fn ends_session(self) -> bool {
        matches!(self, CloseReason::Asked | CloseReason::Withdrawn)
    }
}
