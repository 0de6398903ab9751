//! What the core needs of the dialects: to turn its words into bytes, once for all receivers.

use rialto_domain::{ChannelName, ClientId, LogicalMs, MessageId, PacketId, Reject, UnixMs};

/// Names one way of encoding: a dialect on a carrier. The core only compares and counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Format(pub u8);

/// How many formats there can be; [`Format`] is below it.
pub const FORMAT_COUNT_MAX: usize = 8;

/// How a delivery is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// QoS 0.
    Plain,
    /// The channel's retained message.
    Retained,
    /// QoS 1, to be acknowledged by this id.
    Acknowledged(PacketId),
}

/// An answer to one request of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply<'a> {
    /// The session is open; silence is borne for this many seconds.
    Connected {
        /// Heartbeat timeout in seconds.
        timeout_s: u64,
    },
    /// Outcome of a subscribe.
    Subscribed {
        /// The channel as asked for.
        channel: &'a str,
        /// Why not.
        result: Result<(), &'a Reject>,
    },
    /// Outcome of an unsubscribe.
    Unsubscribed {
        /// The channel as asked for.
        channel: &'a str,
        /// Why not.
        result: Result<(), &'a Reject>,
    },
    /// Outcome of a publish.
    Published {
        /// The publisher's own id of the request; `None` when it sent none.
        request: Option<&'a str>,
        /// The JSON answer of a control channel, or nothing; or why not.
        result: Result<Option<&'a str>, &'a Reject>,
    },
}

impl Reply<'_> {
    /// Says whether it tells of a refusal.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Reply::Connected { .. } => false,
            Reply::Subscribed { result, .. } | Reply::Unsubscribed { result, .. } => {
                result.is_err()
            }
            Reply::Published { result, .. } => result.is_err(),
        }
    }
}

/// Where messages come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source<'a> {
    /// Who published them; empty for the server.
    pub publisher: &'a ClientId,
    /// When a broker took them in; 0 where that is not known any more (retained messages).
    pub at: UnixMs,
    /// The server that took them in, if it was another.
    pub server: Option<&'a str>,
    /// The client that the publisher speaks for, where it is a gateway.
    pub on_behalf_of: Option<&'a str>,
    /// Name of the first of them; the others follow without gaps.
    pub id: MessageId,
    /// Where they stand in a history: by this, then by id. 0 for what goes into none any more.
    pub logical: LogicalMs,
}

impl<'a> Source<'a> {
    /// Returns the source of messages of which only the publisher is known.
    #[must_use]
    pub fn of(publisher: &'a ClientId) -> Self {
        let id = MessageId::default();
        Source { publisher, at: 0, server: None, on_behalf_of: None, id, logical: 0 }
    }
}

/// Turns deliveries and replies into a dialect's bytes. Pure: same input, same bytes.
pub trait Encoder {
    /// What all messages of one source to one channel share, rendered once.
    type Envelope: std::fmt::Debug;

    /// Renders what the deliveries of `source` to `channel` share.
    fn envelope(&self, format: Format, channel: &ChannelName, source: Source<'_>)
    -> Self::Envelope;

    /// Appends one delivery, with all that the carrier needs around it.
    fn delivery(&self, envelope: &Self::Envelope, payload: &[u8], mark: Mark, out: &mut Vec<u8>);

    /// Appends one reply, with all that the carrier needs around it.
    fn reply(&self, format: Format, reply: &Reply<'_>, out: &mut Vec<u8>);
}
