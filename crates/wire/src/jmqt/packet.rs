//! What a JMQT client can say, typed.

use std::borrow::Cow;

/// JMQT status codes (J-71).
pub mod status {
    /// The server could not do what was asked.
    pub const FAILED: u8 = 0;
    /// Done.
    pub const OK: u8 = 1;
    /// The server itself is in trouble; trying again later may help.
    pub const SERVER_ERROR: u8 = 5;
    /// The token is not valid for this client id.
    pub const INVALID_TOKEN: u8 = 6;
    /// This client may not do that.
    pub const NOT_ALLOWED: u8 = 7;
    /// The receiver of a direct message is not connected.
    pub const CLIENT_OFFLINE: u8 = 8;
    /// Made by a client's own program when it cannot reach the server; never sent.
    pub const NETWORK_ERROR: u8 = 9;
    /// The packet is malformed.
    pub const INVALID_PACKET: u8 = 10;
    /// The channel cannot be used that way.
    pub const INVALID_CHANNEL: u8 = 11;
}

/// A packet from a client. Borrows from the frame it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientPacket<'a> {
    /// Asks for a token and a client id; holds the raw JSON of `dt`.
    Auth(&'a str),
    /// Opens the session of `client`.
    Conn {
        /// The token that proves it.
        token: Cow<'a, str>,
        /// Who connects.
        client: Cow<'a, str>,
    },
    /// A sign of life.
    Hb,
    /// Subscribes to a channel.
    Sub {
        /// The channel, exactly as sent.
        channel: Cow<'a, str>,
        /// Whether the subscription outlives the session.
        persistent: bool,
    },
    /// Ends a subscription.
    Unsub {
        /// The channel, exactly as sent.
        channel: Cow<'a, str>,
    },
    /// Publishes a message.
    Pub(Publish<'a>),
    /// Acknowledges a push.
    PushAck {
        /// The push's id.
        id: Cow<'a, str>,
        /// Whether the client took it; absent status counts as yes.
        accepted: bool,
    },
    /// Says goodbye.
    Disconn,
}

/// A publish packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish<'a> {
    /// The channel, exactly as sent.
    pub channel: Cow<'a, str>,
    /// The raw JSON of `dt`: valid, at most the allowed depth, and never containing NUL.
    pub payload: &'a str,
    /// Whether the publisher wants an acknowledgement (QoS 1).
    pub acknowledged: bool,
    /// Whether this becomes the channel's retained message.
    pub retain: bool,
    /// The publisher's packet id.
    pub id: Option<Cow<'a, str>>,
}

/// The acknowledgement that answers a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AckKind {
    /// Answers `auth`.
    Auth,
    /// Answers `conn`.
    Conn,
    /// Answers `sub`.
    Sub,
    /// Answers `unsub`.
    Unsub,
    /// Answers `pub`.
    Pub,
}
