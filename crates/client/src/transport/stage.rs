//! How far a connection has come, which says what it is that takes too long.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::error::ConnectError;

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The addresses of the host.
    LookingUp,
    /// Somebody at one of them.
    Connecting,
    /// TLS.
    #[cfg(feature = "tls")]
    Securing,
    /// WebSocket.
    #[cfg(feature = "websocket")]
    Upgrading,
    /// The first word.
    Greeting,
    /// Consent, from somebody who has answered already.
    Answered,
}

impl Stage {
    /// Says what did not come within `limit`.
    pub(crate) fn timed_out(self, endpoint: Endpoint, limit: Duration) -> ConnectError {
        let late = |what: &str| {
            let text = format!("no {what} within {limit:?}");
            Arc::new(io::Error::new(io::ErrorKind::TimedOut, text))
        };
        match self {
            Stage::LookingUp => {
                ConnectError::UnknownHost { endpoint, source: late("answer to the name lookup") }
            }
            Stage::Connecting => ConnectError::Unreachable { endpoint, source: late("answer") },
            #[cfg(feature = "tls")]
            Stage::Securing => {
                ConnectError::Tls { endpoint, source: late("end of the TLS handshake") }
            }
            #[cfg(feature = "websocket")]
            Stage::Upgrading => ConnectError::Silent { endpoint, limit },
            Stage::Greeting => ConnectError::Silent { endpoint, limit },
            Stage::Answered => ConnectError::TimedOut { endpoint, limit },
        }
    }
}
