//! Why a request got no usable answer.

use rialto_http::Error;

/// Why a request got no usable answer. Never quotes what was sent or received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No connection, or it broke off.
    #[error("no connection, or the connection failed")]
    Unreachable,
    /// Nothing complete came in time.
    #[error("no complete answer in time")]
    TimedOut,
    /// A status that says nothing; redirects are not followed.
    #[error("unexpected HTTP status {0}")]
    Status(u16),
    /// The answer is longer than allowed.
    #[error("the answer is longer than {limit} bytes")]
    TooLarge {
        /// Most bytes an answer may have.
        limit: usize,
    },
    /// The answer is no text.
    #[error("the answer is not UTF-8")]
    NotText,
    /// The answer is no JSON of the form that was asked for.
    #[error("the answer is not the JSON that is documented for this event")]
    NotAnAnswer,
}

impl Failure {
    /// Names what the HTTP client says.
    pub(crate) fn of(error: &Error) -> Self {
        match *error {
            Error::TooLarge { limit } => Failure::TooLarge { limit },
            _ if error.is_timeout() => Failure::TimedOut,
            _ => Failure::Unreachable,
        }
    }
}
