//! What can go wrong, by operation: connecting, asking, staying connected.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rialto_wire::jmqt::status;

use crate::endpoint::Endpoint;
use crate::shown::one_line;
use crate::stranger::Stranger;

/// A status code of JMQT (J-71).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Status(pub u8);

impl Status {
    /// The request was understood and could not be met, as with a wrong password.
    pub const FAILED: Status = Status(status::FAILED);
    /// The pair of token and client id is not valid.
    pub const INVALID_TOKEN: Status = Status(status::INVALID_TOKEN);
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

impl Refusal {
    /// The status for what WebSocket has a close code for.
    pub(crate) fn not_allowed(message: String) -> Self {
        Refusal { status: Status(status::NOT_ALLOWED), message: Some(message) }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(f, "{}: {}", self.status, one_line(message)),
            None => write!(f, "{}", self.status),
        }
    }
}

/// Why a connection did not come about.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The name of the host has no address, or nobody says which.
    #[error("cannot find the host of {endpoint}: {source}")]
    UnknownHost {
        /// The address.
        endpoint: Endpoint,
        /// What the operating system says.
        source: io::Error,
    },
    /// Nobody answers at the address.
    #[error("cannot reach {endpoint}: {source}")]
    Unreachable {
        /// The address.
        endpoint: Endpoint,
        /// What the operating system says.
        source: io::Error,
    },
    /// Somebody answers, but not with the TLS that was asked for.
    #[error("no TLS with {endpoint}: {source}")]
    Tls {
        /// The address.
        endpoint: Endpoint,
        /// What the TLS library says.
        source: io::Error,
    },
    /// Somebody answers, but not as a WebSocket.
    #[error("no WebSocket at {endpoint}: {}", one_line(.reason))]
    WebSocket {
        /// The address.
        endpoint: Endpoint,
        /// What the WebSocket library says.
        reason: String,
    },
    /// A file with a certificate, key or authority cannot be used.
    #[error("cannot use {file}: {reason}", file = .file.display())]
    TlsFile {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The broker does not let this client in.
    #[error("{endpoint} refused the connection, {refusal}")]
    Refused {
        /// The address.
        endpoint: Endpoint,
        /// The broker's answer.
        refusal: Refusal,
    },
    /// The broker ended the connection by itself, before it had judged the client: it is at a limit, or
    /// the client was too slow.
    #[error("{endpoint} turned the connection away, {refusal}")]
    TurnedAway {
        /// The address.
        endpoint: Endpoint,
        /// The broker's last word.
        refusal: Refusal,
    },
    /// Somebody answers who is no JMQT broker.
    #[error("{endpoint} is no JMQT port: {stranger} answers there")]
    NotJmqt {
        /// The address.
        endpoint: Endpoint,
        /// Who answers.
        stranger: Stranger,
    },
    /// Somebody took the connection and closed it without a word.
    #[error("{endpoint} closed the connection without a word")]
    Wordless {
        /// The address.
        endpoint: Endpoint,
    },
    /// Somebody took the connection and said nothing.
    #[error("{endpoint} took the connection, and said nothing for {limit:?}")]
    Silent {
        /// The address.
        endpoint: Endpoint,
        /// [`Options::connect_timeout`](crate::Options::connect_timeout).
        limit: Duration,
    },
    /// The connection broke before the broker had let the client in.
    #[error("{endpoint} broke the connection off: {source}")]
    Broken {
        /// The address.
        endpoint: Endpoint,
        /// How.
        source: io::Error,
    },
    /// It took too long.
    #[error("{endpoint} did not let the client in within {limit:?}")]
    TimedOut {
        /// The address.
        endpoint: Endpoint,
        /// [`Options::connect_timeout`](crate::Options::connect_timeout).
        limit: Duration,
    },
}

impl ConnectError {
    /// Returns the status that JMQT has for it; `None` for what is wrong on our own side.
    ///
    /// # Spec
    /// J-118: 9, network error, when the broker cannot be reached.
    pub fn status(&self) -> Option<Status> {
        match self {
            ConnectError::Refused { refusal, .. } => Some(refusal.status),
            ConnectError::TurnedAway { refusal, .. } => Some(refusal.status),
            ConnectError::TlsFile { .. } => None,
            _ => Some(Status(status::NETWORK_ERROR)),
        }
    }

    /// Returns whether trying again later may help.
    pub fn is_transient(&self) -> bool {
        match self {
            ConnectError::Refused { refusal, .. } => refusal.status.is_transient(),
            ConnectError::TlsFile { .. } => false,
            _ => true,
        }
    }
}

/// Why a request failed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The broker said no; the connection goes on.
    #[error("refused with {0}")]
    Refused(Refusal),
    /// The client has ended. Whether the broker took the request is unknown.
    #[error(transparent)]
    Disconnected(#[from] Disconnected),
}

/// Why a client has ended.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Disconnected {
    /// [`close`](crate::Client::close) was called.
    #[error("the client was closed")]
    Closed,
    /// The broker ended the session and said why.
    #[error("the broker ended the session with {0}")]
    Dismissed(Refusal),
    /// The connection broke.
    #[error("lost the connection to the broker: {0}")]
    Broken(Arc<io::Error>),
    /// The broker was silent for twice the time it promised to stay in touch.
    #[error("the broker has been silent for {0:?}")]
    Silent(Duration),
    /// The connection broke and could not be made again.
    #[error("lost the connection to the broker, and could not connect again: {0}")]
    NotRestored(Arc<ConnectError>),
}

impl Disconnected {
    /// Returns whether connecting again may help.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Disconnected::Broken(_) | Disconnected::Silent(_) => true,
            Disconnected::Dismissed(refusal) => refusal.status.is_transient(),
            Disconnected::Closed | Disconnected::NotRestored(_) => false,
        }
    }
}

impl From<io::Error> for Disconnected {
    fn from(error: io::Error) -> Self {
        let closed = error.get_ref().and_then(|inner| inner.downcast_ref::<ClosedWith>());
        match closed {
            Some(closed) if closed.code == ClosedWith::POLICY => {
                Disconnected::Dismissed(Refusal::not_allowed(closed.reason.clone()))
            }
            _ => Disconnected::Broken(Arc::new(error)),
        }
    }
}

/// A WebSocket that was closed with a reason; travels inside an [`io::Error`].
#[derive(Debug, thiserror::Error)]
#[error("closed with code {code}: {}", one_line(reason))]
pub(crate) struct ClosedWith {
    pub(crate) code: u16,
    pub(crate) reason: String,
}

impl ClosedWith {
    /// The code for a client that is not wanted (RFC 6455, 7.4.1); others say nothing of it.
    pub(crate) const POLICY: u16 = 1008;
    /// The code for a client that is to come back later (the registry of RFC 6455).
    pub(crate) const TRY_AGAIN_LATER: u16 = 1013;
}

/// A stranger that spoke in place of a broker; travels inside an [`io::Error`].
#[derive(Debug, thiserror::Error)]
#[error("{0} answers")]
pub(crate) struct Met(pub(crate) Stranger);
