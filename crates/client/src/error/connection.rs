//! What can go wrong with a connection, before and after the broker has let the client in.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rialto_wire::jmqt::status;

use crate::credentials::ProvideError;
use crate::endpoint::Endpoint;
use crate::reason::Reason;
use crate::shown::one_line;
use crate::status::{Refusal, Status};
use crate::stranger::Stranger;

#[cfg(feature = "websocket")]
use super::closed_with::ClosedWith;

/// Why a connection did not come about.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The name of the host has no address, or nobody says which.
    #[error("cannot find the host of {endpoint}: {source}")]
    UnknownHost {
        /// The address.
        endpoint: Endpoint,
        /// What the operating system says.
        source: Arc<io::Error>,
    },
    /// Nobody answers at the address.
    #[error("cannot reach {endpoint}: {source}")]
    Unreachable {
        /// The address.
        endpoint: Endpoint,
        /// What the operating system says.
        source: Arc<io::Error>,
    },
    /// Somebody answers, but not with the TLS that was asked for.
    #[error("no TLS with {endpoint}: {source}")]
    Tls {
        /// The address.
        endpoint: Endpoint,
        /// What the TLS library says.
        source: Arc<io::Error>,
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
    /// The server of another dialect does not let this client in.
    #[error("{endpoint} refused the connection: {}", one_line(.words))]
    Declined {
        /// The address.
        endpoint: Endpoint,
        /// What the server says.
        words: String,
    },
    /// The broker ended the connection by itself, before it had judged the client: it is at a limit, or
    /// the client was too slow.
    #[error("{endpoint} turned the connection away, {refusal}")]
    TurnedAway {
        /// The address.
        endpoint: Endpoint,
        /// Why, in one word.
        reason: Reason,
        /// The broker's last word.
        refusal: Refusal,
    },
    /// Somebody answers who is no JMQT broker.
    #[error("{endpoint} is no {} port: {stranger} answers there", .endpoint.protocol().name())]
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
        source: Arc<io::Error>,
    },
    /// The application has no credentials.
    #[error(transparent)]
    Credentials(#[from] ProvideError),
    /// The application did not give credentials in time.
    #[error("no credentials within {0:?}")]
    CredentialsLate(Duration),
    /// The client ended before it was connected.
    #[error(transparent)]
    Ended(Disconnected),
    /// The address asks for what this build has not.
    #[error("cannot connect to {endpoint}: this build is without {missing}")]
    Unsupported {
        /// The address.
        endpoint: Endpoint,
        /// The name of the feature of this crate.
        missing: &'static str,
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
            ConnectError::TlsFile { .. }
            | ConnectError::Credentials(_)
            | ConnectError::CredentialsLate(_)
            | ConnectError::Unsupported { .. }
            | ConnectError::Declined { .. }
            | ConnectError::Ended(_) => None,
            _ => Some(Status(status::NETWORK_ERROR)),
        }
    }

    /// Returns whether trying again later may help.
    pub fn is_transient(&self) -> bool {
        !self.is_our_own() && !self.reason().is_final(false)
    }

    /// Returns what the broker said, or else what there is to say.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            ConnectError::Refused { refusal, .. } | ConnectError::TurnedAway { refusal, .. } => {
                refusal.message.clone()
            }
            other => Some(other.to_string()),
        }
    }

    /// Returns whether it is wrong here, which waiting does not mend.
    pub(crate) fn is_our_own(&self) -> bool {
        matches!(self, ConnectError::TlsFile { .. } | ConnectError::Unsupported { .. })
    }

    /// Returns the word for it.
    pub fn reason(&self) -> Reason {
        match self {
            ConnectError::Refused { refusal, .. } => match refusal.status {
                status if status.is_transient() => Reason::ServerError,
                Status::INVALID_TOKEN => Reason::Unauthorized,
                _ => Reason::Refused,
            },
            ConnectError::TurnedAway { reason, .. } => *reason,
            ConnectError::Declined { .. } => Reason::Refused,
            ConnectError::Credentials(ProvideError::Unauthorized(_)) => Reason::Unauthorized,
            ConnectError::Silent { .. }
            | ConnectError::TimedOut { .. }
            | ConnectError::CredentialsLate(_) => Reason::Timeout,
            ConnectError::Ended(reason) => reason.reason(),
            _ => Reason::Unreachable,
        }
    }
}

/// Why a client has ended, or its connection was lost.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Disconnected {
    /// [`close`](crate::Client::close) was called.
    #[error("the client was closed")]
    Closed,
    /// The broker ended the session and said why.
    #[error("the broker ended the session with {refusal}")]
    Dismissed {
        /// Why, in one word.
        reason: Reason,
        /// What the broker said.
        refusal: Refusal,
    },
    /// The connection broke.
    #[error("lost the connection to the broker: {0}")]
    Broken(Arc<io::Error>),
    /// The broker was silent for twice the time it promised to stay in touch.
    #[error("the broker has been silent for {0:?}")]
    Silent(Duration),
    /// The broker did not acknowledge a publish.
    #[error("the broker has not acknowledged a publish for {0:?}")]
    NoAck(Duration),
    /// More messages wait unread than a client keeps.
    #[error("{0} MiB of messages wait unread")]
    Overrun(usize),
    /// The credentials lead to another client id than those of the first session.
    #[error("the broker takes the client for {0}, another than before")]
    IdentityChanged(String),
    /// The connection broke and could not be made again.
    #[error("lost the connection to the broker, and could not connect again: {0}")]
    NotRestored(Arc<ConnectError>),
}

impl Disconnected {
    /// Returns the word for it.
    pub fn reason(&self) -> Reason {
        match self {
            Disconnected::Closed => Reason::Asked,
            Disconnected::Dismissed { reason, .. } => *reason,
            Disconnected::Broken(_) => Reason::Lost,
            Disconnected::Silent(_) => Reason::Silent,
            Disconnected::NoAck(_) => Reason::NoAck,
            Disconnected::Overrun(_) => Reason::Overrun,
            Disconnected::IdentityChanged(_) => Reason::IdentityChanged,
            Disconnected::NotRestored(error) => match error.reason() {
                reason if reason.is_final(true) => reason,
                _ => Reason::GaveUp,
            },
        }
    }

    /// Returns the broker's status, where it gave one.
    pub fn status(&self) -> Option<Status> {
        match self {
            Disconnected::Dismissed { refusal, .. } => Some(refusal.status),
            Disconnected::NotRestored(error) => error.status(),
            _ => None,
        }
    }

    /// Returns what the broker said, where it said something.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Disconnected::Dismissed { refusal, .. } => refusal.message.clone(),
            Disconnected::Closed => None,
            Disconnected::NotRestored(error) => error.text(),
            other => Some(other.to_string()),
        }
    }
}

impl From<io::Error> for Disconnected {
    fn from(error: io::Error) -> Self {
        #[cfg(feature = "websocket")]
        if let Some(closed) = error.get_ref().and_then(|it| it.downcast_ref::<ClosedWith>())
            && closed.reason() != Reason::Lost
        {
            let reason = closed.reason();
            return Disconnected::Dismissed { reason, refusal: closed.refusal(reason) };
        }
        Disconnected::Broken(Arc::new(error))
    }
}
