//! What can go wrong with something that is asked of a client.

use rialto_wire::jmqt::status;

use crate::reason::Reason;
use crate::status::{Refusal, Status};

use super::connection::Disconnected;

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
