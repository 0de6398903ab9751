//! The broker's answers in numbers.

use std::fmt;

use rialto_wire::jmqt::status;

use crate::shown::one_line;

/// A status code of JMQT (J-71).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Status(pub u8);

impl Status {
    /// The request was understood and could not be met, as with a wrong password.
    pub const FAILED: Status = Status(status::FAILED);
    /// The pair of token and client id is not valid.
    pub const INVALID_TOKEN: Status = Status(status::INVALID_TOKEN);
    /// The receiver of a direct message is not connected.
    pub const CLIENT_OFFLINE: Status = Status(status::CLIENT_OFFLINE);
    /// There is no such channel, or not for this request.
    pub const INVALID_CHANNEL: Status = Status(status::INVALID_CHANNEL);

    /// Returns whether trying again later may help.
    pub fn is_transient(self) -> bool {
        self.0 == status::SERVER_ERROR
    }

    fn name(self) -> &'static str {
        match self.0 {
            status::FAILED => "failed",
            status::OK => "OK",
            status::SERVER_ERROR => "server error",
            status::INVALID_TOKEN => "invalid token",
            status::NOT_ALLOWED => "not allowed",
            status::CLIENT_OFFLINE => "client offline",
            status::NETWORK_ERROR => "network error",
            status::INVALID_PACKET => "invalid packet",
            status::INVALID_CHANNEL => "invalid channel",
            _ => "unknown",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {} ({})", self.0, self.name())
    }
}

/// A status other than OK, and the reason where the broker gave one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub status: Status,
    /// The broker's words.
    pub message: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(f, "{}: {}", self.status, one_line(message)),
            None => write!(f, "{}", self.status),
        }
    }
}
