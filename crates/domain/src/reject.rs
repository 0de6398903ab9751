//! Why the broker refuses a request.

use std::sync::Arc;

/// A status that an application refuses with: a number from 0 to 255, but neither 1, which says that
/// all is well, nor 9, which clients keep for what they make up themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusalStatus(u8);

impl RefusalStatus {
    /// Makes a status of a number; `None` where it cannot be one.
    #[must_use]
    pub fn new(number: u8) -> Option<Self> {
        (number != 1 && number != 9).then_some(RefusalStatus(number))
    }

    /// Returns the number.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0
    }
}

/// A refusal that the peer is told of. The dialects map it to their codes and texts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reject {
    /// The packet cannot be understood.
    #[error("the packet is malformed")]
    InvalidPacket,
    /// The token does not open this client's session.
    #[error("the token is not valid for this client id, or has expired")]
    InvalidToken,
    /// This client may not do that.
    #[error("not allowed")]
    NotAllowed,
    /// A rule or the server's application does not allow it, for this reason.
    #[error("{0}")]
    Denied(Arc<str>),
    /// The server's application refuses it with a status of its own, which dialects that have none
    /// leave out, for this reason.
    #[error("{why}")]
    WithStatus {
        /// The status.
        status: RefusalStatus,
        /// The reason.
        why: Arc<str>,
    },
    /// Who the client is could not be shown, for this reason.
    #[error("{0}")]
    Failed(Arc<str>),
    /// The server's application, which decides this, gives no answer.
    #[error("the server cannot decide this now; try again later")]
    Undecided,
    /// The client publishes more often than the channel allows.
    #[error("more than {limit} messages a second, the most this channel takes from one client")]
    TooFast {
        /// Most messages a second.
        limit: u32,
    },
    /// The payload is larger than the channel allows.
    #[error("the payload is larger than {limit} bytes, the most this channel takes")]
    PayloadTooLarge {
        /// Most bytes a payload may have.
        limit: usize,
    },
    /// The channel cannot be used this way, or is no channel at all.
    #[error("the channel cannot be used this way")]
    InvalidChannel,
    /// The channel's name is too long.
    #[error("the channel name is longer than {limit} bytes")]
    ChannelNameTooLong {
        /// Most bytes a name may have.
        limit: usize,
    },
    /// The client has as many subscriptions as it may.
    #[error("the client already has {limit} subscriptions, the most allowed")]
    TooManySubscriptions {
        /// Most subscriptions a client may have.
        limit: usize,
    },
    /// The receiver of a direct message is not connected; a QoS 1 message is kept for it if it is known.
    #[error("the client is offline")]
    ClientOffline,
    /// The channel's log has reached its limit and is configured to refuse.
    #[error("the channel's log is full; its persistent subscribers must catch up first")]
    LogFull,
    /// Channels retain as much as they may together.
    #[error(
        "as much is retained as may be; remove a retained message first, or replace one by one that is no larger"
    )]
    RetainedFull,
    /// The store cannot write at the moment.
    #[error("the server cannot store the message now; try again later")]
    StoreUnavailable,
}
