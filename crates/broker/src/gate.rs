//! The decisions that a session asks for while it carries a packet out; the server answers them.

use rialto_domain::{Admission, Grant, Permit, Refusal, Refused, Reject, UnixMs};

/// Decides who may open a session, and what is allowed in one beyond its [`Rights`](rialto_domain::Rights).
pub trait Gate: Send + Sync {
    /// Judges authentication data, one JSON text.
    ///
    /// # Errors
    /// [`Refusal`] with the reason for the client.
    fn authenticate(&self, data: &str, now: UnixMs) -> Result<Grant, Refusal>;

    /// Says how a session may be opened without a token, if it may.
    fn admit_anybody(&self, client: &str) -> Option<Admission>;

    /// Judges whether `token` opens the session of `client`.
    ///
    /// # Errors
    /// [`Reject::InvalidToken`] when it does not, or another where more is to be said.
    fn admit(&self, client: &str, token: &str, now: UnixMs) -> Result<Admission, Reject>;

    /// Says what the application decided on the request under way. Rights were asked before it.
    ///
    /// # Errors
    /// What the client is told.
    fn permit(&self) -> Result<Permit, Reject> {
        Ok(Permit::default())
    }

    /// Hears of a request that was refused by the session or the broker. What the gate itself
    /// refused it is not told of.
    ///
    /// # Cost
    /// Called while the broker is locked, as often as a client likes to be refused.
    fn note_refused(&self, _refused: &Refused<'_>) {}
}
