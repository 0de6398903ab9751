//! What a session is opened with, and how it began.

use rialto_domain::{Admission, ClientId};

/// How long a client is known whose session is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remembered {
    /// As long as this session lasts: nothing is stored for it or about it, its id is free again
    /// with its end, and nobody can take the session over meanwhile.
    Session,
    /// Until it is forgotten. A session of the same client on another connection is taken over.
    Stored,
}

/// What [`Broker::connect`](crate::Broker::connect) is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Connect<'a> {
    /// Whose session it is to be.
    pub client: &'a ClientId,
    /// What the session begins with.
    pub admission: &'a Admission,
    /// How long the client is known.
    pub remembered: Remembered,
}

impl<'a> Connect<'a> {
    /// Asks for the session of a client that is remembered.
    #[must_use]
    pub fn stored(client: &'a ClientId, admission: &'a Admission) -> Self {
        Connect { client, admission, remembered: Remembered::Stored }
    }

    /// Asks for the session of a client that is known only while the session lasts.
    #[must_use]
    pub fn transient(client: &'a ClientId, admission: &'a Admission) -> Self {
        Connect { client, admission, remembered: Remembered::Session }
    }
}

/// How a session began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// Anew.
    New,
    /// Where it was when its connection was lost.
    Restored,
    /// Before: the connection carries the client's session already.
    Open,
    /// Not at all: the id is another client's, or the connection has had its session.
    Refused,
}
