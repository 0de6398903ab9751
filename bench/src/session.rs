//! What a connection is for, in words that both protocols share.

/// One session the client wants to hold.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// Unique among the sessions of one run; a returning subscriber uses its name again.
    pub(crate) name: String,
    pub(crate) role: Role,
}

/// What the session does once it is open.
#[derive(Debug, Clone)]
pub(crate) enum Role {
    Publisher { channel: String, acknowledged: Acknowledged },
    Subscriber { channel: String, subscription: Subscription },
}

/// Whether the server acknowledges each message of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Acknowledged {
    No,
    Yes,
}

/// How long a subscription lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subscription {
    /// As long as the connection; deliveries need no acknowledgement.
    Live,
    /// Beyond the connection; each delivery is acknowledged.
    Durable,
    /// Durable, and made by an earlier connection: what is stored comes without asking again.
    Resumed,
}
