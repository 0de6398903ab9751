//! What can go wrong, by operation: connecting, asking, staying connected.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rialto_wire::jmqt::status;

use crate::credentials::ProvideError;
use crate::endpoint::Endpoint;
use crate::reason::Reason;
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
            | ConnectError::Ended(_) => None,
            _ => Some(Status(status::NETWORK_ERROR)),
        }
    }

    /// Returns whether trying again later may help.
    pub fn is_transient(&self) -> bool {
        !self.is_our_own() && !self.reason().is_final(false)
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
            ConnectError::Credentials(ProvideError::Unauthorized(_)) => Reason::Unauthorized,
            ConnectError::Silent { .. }
            | ConnectError::TimedOut { .. }
            | ConnectError::CredentialsLate(_) => Reason::Timeout,
            ConnectError::Ended(reason) => reason.reason(),
            _ => Reason::Unreachable,
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
    /// The channel has a subscription with another persistence already; nothing was sent.
    #[error("the channel has a subscription with another persistence")]
    OtherPersistence,
    /// The client is not online, and this is not kept.
    #[error("the client is not online")]
    Offline,
    /// The outbox is full.
    #[error("the outbox is full")]
    Full,
    /// No answer came in time. Whether the broker took the request is unknown.
    #[error("the broker did not answer in time")]
    TimedOut,
    /// The connection was lost before the answer. Whether the broker took the request is unknown.
    #[error("the connection was lost before the answer")]
    Lost,
    /// The packet was larger than the broker takes.
    #[error("the packet is larger than the broker takes")]
    TooLarge,
    /// It was withdrawn before it was sent.
    #[error("withdrawn before it was sent")]
    Withdrawn,
    /// The client has ended. Whether the broker took the request is unknown.
    #[error(transparent)]
    Disconnected(#[from] Disconnected),
}

impl RequestError {
    /// Returns the status that JMQT has for it; 9 for what could not be done because the client is not
    /// online.
    pub fn status(&self) -> Option<Status> {
        match self {
            RequestError::Refused(refusal) => Some(refusal.status),
            RequestError::Offline => Some(Status(status::NETWORK_ERROR)),
            RequestError::TooLarge => Some(Status(status::INVALID_PACKET)),
            _ => None,
        }
    }

    /// Returns whether the same request may succeed later.
    pub fn is_temporary(&self) -> bool {
        match self {
            RequestError::Refused(refusal) => refusal.status.is_transient(),
            RequestError::Offline
            | RequestError::Full
            | RequestError::TimedOut
            | RequestError::Lost => true,
            _ => false,
        }
    }

    /// Returns the word for it.
    pub fn reason(&self) -> Reason {
        match self {
            RequestError::Refused(refusal) if refusal.status.is_transient() => Reason::ServerError,
            RequestError::Refused(_) | RequestError::OtherPersistence => Reason::Refused,
            RequestError::Offline | RequestError::Lost => Reason::Lost,
            RequestError::Full => Reason::Overrun,
            RequestError::TimedOut => Reason::Timeout,
            RequestError::TooLarge => Reason::TooLarge,
            RequestError::Withdrawn => Reason::Asked,
            RequestError::Disconnected(reason) => reason.reason(),
        }
    }
}

/// Why a typed request to a control channel failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The question cannot be written as JSON; nothing was sent.
    #[error("the question is no JSON: {0}")]
    Question(serde_json::Error),
    /// The broker did not answer, or refused.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The answer is not what was expected.
    #[error("the answer is not of the expected form: {0}")]
    Answer(serde_json::Error),
}

/// Why a value was not published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The value cannot be written as JSON; nothing was sent.
    #[error("the value is no JSON: {0}")]
    Value(serde_json::Error),
    /// The broker did not answer, or refused.
    #[error(transparent)]
    Request(#[from] RequestError),
}

/// A client that was not drained in time; it has ended all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{unacknowledged_count} requests were unanswered, {in_hand_count} messages in hand")]
#[non_exhaustive]
pub struct Undrained {
    /// Publishes and requests whose answers had not come.
    pub unacknowledged_count: usize,
    /// QoS 1 messages that were given out and not yet acknowledged.
    pub in_hand_count: usize,
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
            other => Some(other.to_string()),
        }
    }
}

impl From<io::Error> for Disconnected {
    fn from(error: io::Error) -> Self {
        let closed = error.get_ref().and_then(|inner| inner.downcast_ref::<ClosedWith>());
        match closed.map(|closed| (closed.reason(), closed)) {
            None | Some((Reason::Lost, _)) => Disconnected::Broken(Arc::new(error)),
            Some((reason, closed)) => {
                Disconnected::Dismissed { reason, refusal: closed.refusal(reason) }
            }
        }
    }
}

/// A WebSocket that was closed with a reason; travels inside an [`io::Error`].
#[derive(Debug, thiserror::Error)]
#[error("closed with code {code}: {}", one_line(text))]
pub(crate) struct ClosedWith {
    pub(crate) code: u16,
    pub(crate) text: String,
}

impl ClosedWith {
    /// Returns what the close code and its text mean.
    pub(crate) fn reason(&self) -> Reason {
        Reason::of_close(self.code, &self.text)
    }

    /// Returns what the broker would have said in a packet.
    pub(crate) fn refusal(&self, reason: Reason) -> Refusal {
        let status = match reason {
            Reason::ServerError | Reason::ServerStopping => status::SERVER_ERROR,
            Reason::TooLarge => status::INVALID_PACKET,
            _ => status::NOT_ALLOWED,
        };
        Refusal { status: Status(status), message: Some(self.text.clone()) }
    }
}

/// A stranger that spoke in place of a broker; travels inside an [`io::Error`].
#[derive(Debug, thiserror::Error)]
#[error("{0} answers")]
pub(crate) struct Met(pub(crate) Stranger);
