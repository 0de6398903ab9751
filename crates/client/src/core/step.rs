//! What a core wants done about its connection.

use std::time::Instant;

use crate::credentials::{Credentials, Why};
use crate::endpoint::Endpoint;
use crate::error::Disconnected;

/// What is to be done about the connection.
#[derive(Debug)]
pub(crate) enum Step {
    /// A new one is to be made.
    Attempt(Attempt),
    /// Nothing, until then or until something changes.
    Wait(Option<Instant>),
    /// There is one.
    Serve,
    /// The client has ended.
    End(Disconnected),
}

/// One attempt to connect.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) endpoint: Endpoint,
    pub(crate) credentials: Credentials,
    pub(crate) why: Why,
    /// Whether the client was never online, so that more is worth finding out about a failure.
    pub(crate) is_first: bool,
}
