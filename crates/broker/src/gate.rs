//! The question who may come in, as the core's words; the access crate answers it.

use crate::{ClientId, Reject, UnixMs};

/// What a successful authentication gives a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Who the client is.
    pub client: ClientId,
    /// What proves it when a session is opened; text without meaning to the client.
    pub token: String,
}

/// A failed authentication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of failure.
    pub reject: Reject,
    /// Why, for the person at the client; never empty, never quoting what was sent.
    pub message: String,
}

/// Decides who may open a session.
pub trait Gate: Send + Sync {
    /// Judges authentication data, one JSON text.
    ///
    /// # Errors
    /// [`Refusal`] with the reason for the client.
    fn authenticate(&self, data: &str, now: UnixMs) -> Result<Grant, Refusal>;

    /// Says whether sessions may be opened without a token.
    fn admits_anybody(&self) -> bool;

    /// Judges whether `token` opens the session of `client`.
    ///
    /// # Errors
    /// [`Reject::InvalidToken`] when it does not.
    fn admit(&self, client: &str, token: &str, now: UnixMs) -> Result<(), Reject>;
}
