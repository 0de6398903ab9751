//! What is asked at each event, and what can be answered.

use std::{fmt, sync::Arc};

use rialto_domain::{
    ClientId, CloseReason, ForcedSubscription, Qos, RefusalStatus, Reject, UnixMs,
};
use serde_json::Value;

use crate::{Client, Peer};

/// A client sends credentials (`auth`, guide 1.d).
#[derive(Clone)]
pub struct AuthenticateRequest {
    /// What it sent: one JSON text. It may hold a password.
    pub data: String,
    /// The connection it came by.
    pub peer: Peer,
}

/// Who a client is.
#[derive(Clone, PartialEq, Eq)]
pub enum Authentication {
    /// As the server's users, tokens and mode say.
    Default,
    /// This client.
    Client {
        /// Its id; not empty.
        id: ClientId,
        /// What it is to open its session with; without one the server signs a token.
        token: Option<String>,
    },
}

/// A client opens a session.
#[derive(Clone)]
pub struct ConnectRequest {
    /// The client's id.
    pub client: ClientId,
    /// The token it sent; empty if it sent none.
    pub token: String,
    /// What the server's own check says: whether the token, the certificate or the mode opens this
    /// client's session. [`Reject::Undecided`] until it was made, which is before an application sees
    /// the request.
    pub verdict: Result<(), Reject>,
    /// The connection it came by.
    pub peer: Peer,
}

/// What a session begins with, besides what the configuration gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionStart {
    /// Groups the client belongs to, for the rules.
    pub groups: Vec<String>,
    /// Channels it is subscribed to without asking (JMQT 9.e).
    pub subscriptions: Vec<ForcedSubscription>,
    /// What the server publishes once the session is open and has these subscriptions, in this order
    /// (JMQT 9.e). What the broker refuses is counted, and nobody is told.
    pub announcements: Vec<Announcement>,
}

/// A message that the server publishes on its own account when a session opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Where to: a channel, or `#client`.
    pub channel: String,
    /// What; not larger than a client's packet may be (`limits.packet_bytes_max`).
    pub payload: Value,
    /// How surely.
    pub qos: Qos,
    /// Whether it is to be the channel's retained message.
    pub retain: bool,
}

impl From<Announcement> for rialto_domain::Announcement {
    fn from(announcement: Announcement) -> Self {
        let Announcement { channel, payload, qos, retain } = announcement;
        rialto_domain::Announcement { channel, payload: payload.to_string(), qos, retain }
    }
}

/// A client subscribes to a channel.
#[derive(Debug, Clone)]
pub struct SubscribeRequest {
    /// Who.
    pub client: Arc<Client>,
    /// To what.
    pub channel: String,
    /// Whether the subscription is to outlive the session.
    pub persistent: bool,
}

/// A client unsubscribes from a channel.
#[derive(Debug, Clone)]
pub struct UnsubscribeRequest {
    /// Who.
    pub client: Arc<Client>,
    /// From what.
    pub channel: String,
}

/// A client publishes to a channel, or to one client (`#client`).
#[derive(Debug, Clone)]
pub struct PublishRequest {
    /// Who.
    pub client: Arc<Client>,
    /// Where to.
    pub channel: String,
    /// One JSON text, as it was sent.
    pub payload: String,
    /// How surely.
    pub qos: Qos,
    /// Whether it is to be the channel's retained message.
    pub retain: bool,
}

/// What is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Publication {
    /// What the client sent.
    AsSent,
    /// This instead.
    Replaced(Value),
}

/// A client asks a control channel.
#[derive(Debug, Clone)]
pub struct ControlRequest {
    /// Who.
    pub client: Arc<Client>,
    /// The channel's name, without the `$`.
    pub name: String,
    /// The question: one JSON text.
    pub payload: String,
}

/// The answer of a control channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// The server's own control channel answers, if it has one of that name.
    NotMine,
    /// The answer.
    Answer(Value),
    /// The question is refused, and this is told beside it.
    Refused {
        /// What it is refused with.
        status: RefusalStatus,
        /// What is told beside it.
        answer: Value,
    },
}

/// A session that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionEnded {
    /// Whose it was.
    pub client: ClientId,
    /// The connection it was on; not known any more of those that a crash ended.
    pub peer: Option<Peer>,
    /// Why it ended.
    pub reason: CloseReason,
    /// When.
    pub at: UnixMs,
    /// Grows with each session; tells two of one client apart.
    pub session: u64,
}

/// Credentials are never printed.
impl fmt::Debug for AuthenticateRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("AuthenticateRequest").field("peer", &self.peer).finish_non_exhaustive()
    }
}

impl fmt::Debug for Authentication {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Authentication::Default => out.write_str("Default"),
            Authentication::Client { id, .. } => {
                out.debug_struct("Client").field("id", id).finish_non_exhaustive()
            }
        }
    }
}

impl fmt::Debug for ConnectRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ConnectRequest")
            .field("client", &self.client)
            .field("verdict", &self.verdict)
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}
