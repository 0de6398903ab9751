//! Why a connection ended or could not be made, in the words that all clients share.

use std::fmt;

use rialto_wire::jmqt::status;

/// Why a connection, an attempt or a client ended.
///
/// # Spec
/// K-2 has the words, K-3 says which are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The application closed the client.
    Asked,
    /// The broker cannot be reached, or is none.
    Unreachable,
    /// It took too long.
    Timeout,
    /// The connection broke.
    Lost,
    /// Nothing was heard for too long.
    Silent,
    /// A publish was not acknowledged in time.
    NoAck,
    /// Too much waits unread, here or at the broker.
    Overrun,
    /// The broker is being stopped.
    ServerStopping,
    /// The broker has no room for another connection.
    ServerFull,
    /// The fault is the broker's.
    ServerError,
    /// A packet was larger than the broker takes.
    TooLarge,
    /// Another connection of the same client id took the session over.
    TakenOver,
    /// The client was removed or banned.
    Removed,
    /// What was shown for access is not valid any more.
    Withdrawn,
    /// The broker does not let the client in, or refuses what was asked for.
    Refused,
    /// The token is not valid.
    Unauthorized,
    /// The credentials lead to another client id than those of the first session.
    IdentityChanged,
    /// Connecting was given up.
    GaveUp,
}

impl Reason {
    /// Returns the word for it, which does not change.
    ///
    /// # Example
    /// ```
    /// assert_eq!(rialto_client::Reason::TakenOver.word(), "taken-over");
    /// ```
    pub fn word(self) -> &'static str {
        match self {
            Reason::Asked => "asked",
            Reason::Unreachable => "unreachable",
            Reason::Timeout => "timeout",
            Reason::Lost => "lost",
            Reason::Silent => "silent",
            Reason::NoAck => "no-ack",
            Reason::Overrun => "overrun",
            Reason::ServerStopping => "server-stopping",
            Reason::ServerFull => "server-full",
            Reason::ServerError => "server-error",
            Reason::TooLarge => "too-large",
            Reason::TakenOver => "taken-over",
            Reason::Removed => "removed",
            Reason::Withdrawn => "withdrawn",
            Reason::Refused => "refused",
            Reason::Unauthorized => "unauthorized",
            Reason::IdentityChanged => "identity-changed",
            Reason::GaveUp => "gave-up",
        }
    }

    /// Returns whether the client tries nothing by itself after it; new credentials may help where
    /// `can_renew` says that there can be any.
    pub(crate) fn is_final(self, can_renew: bool) -> bool {
        match self {
            Reason::Withdrawn => !can_renew,
            Reason::Asked
            | Reason::TakenOver
            | Reason::Removed
            | Reason::Refused
            | Reason::Unauthorized
            | Reason::IdentityChanged
            | Reason::GaveUp => true,
            _ => false,
        }
    }

    /// Reads why a broker ends a session, or does not open one, in its last packet (K-19).
    pub(crate) fn of_packet(st: u8, word: Option<&str>, text: Option<&str>) -> Self {
        let said = word.and_then(Reason::of_word).or_else(|| text.and_then(Reason::of_text));
        said.unwrap_or(match st {
            status::SERVER_ERROR => Reason::ServerError,
            status::INVALID_TOKEN => Reason::Withdrawn,
            status::NOT_ALLOWED => Reason::Removed,
            status::INVALID_PACKET => Reason::TooLarge,
            _ => Reason::Lost,
        })
    }

    /// Reads why a broker closes a WebSocket (K-19).
    #[cfg(feature = "websocket")]
    pub(crate) fn of_close(code: u16, text: &str) -> Self {
        let word = text.split([' ', ':', ',']).next().unwrap_or_default();
        let said = Reason::of_word(word).or_else(|| Reason::of_text(text));
        said.unwrap_or(match code {
            1001 | 1012 => Reason::ServerStopping,
            1008 => Reason::Removed,
            1009 => Reason::TooLarge,
            1011 => Reason::ServerError,
            1013 => Reason::ServerFull,
            _ => Reason::Lost,
        })
    }

    fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "taken-over" => Reason::TakenOver,
            "removed" => Reason::Removed,
            "withdrawn" => Reason::Withdrawn,
            "shutting-down" => Reason::ServerStopping,
            "refused" => Reason::Refused,
            "too-many-connections" | "listener-full" | "too-many-from-address" => {
                Reason::ServerFull
            }
            "packet-too-large" => Reason::TooLarge,
            "slow-consumer" | "too-many-unacknowledged" => Reason::Overrun,
            "internal" | "crashed" => Reason::ServerError,
            "silent" | "ended" | "asked" | "not-authenticated" | "invalid-text"
            | "binary-message" | "framing-lost" | "protocol-error" => Reason::Lost,
            _ => return None,
        })
    }

    /// Brokers before there were words say it in these texts.
    fn of_text(text: &str) -> Option<Self> {
        let is_slow = text.starts_with("slow consumer") || text.ends_with("unacknowledged");
        match text {
            _ if text.starts_with("taken over") => Some(Reason::TakenOver),
            _ if text.starts_with("access was withdrawn") => Some(Reason::Withdrawn),
            _ if text.contains("the most allowed") => Some(Reason::ServerFull),
            _ if is_slow => Some(Reason::Overrun),
            _ => None,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests;
