//! Who asks: a client with an open session, and the connection it came by.

use std::{collections::BTreeSet, fmt, net::SocketAddr};

use rialto_domain::ClientId;

/// What a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// JMQT over TCP.
    Jmqt,
    /// JMQT over WebSocket.
    JmqtWebsocket,
    /// CoreMQ over TCP.
    Coremq,
    /// CoreMQ over WebSocket.
    CoremqWebsocket,
    /// PubSubX.
    Pubsubx,
    /// HTTP: it follows channels, or publishes.
    Http,
}

/// The far end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Where it comes from.
    pub address: SocketAddr,
    /// What it speaks.
    pub protocol: Protocol,
    /// Whether it came by TLS.
    pub is_tls: bool,
    /// The name in the certificate it showed, if it showed one that is accepted.
    pub certificate: Option<String>,
}

/// A client with an open session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its id, which is the name of its session.
    pub id: ClientId,
    /// The name it goes by in rules: the id, or for CoreMQ, whose ids are made by the server, that
    /// of its token.
    pub account: String,
    /// The groups it belongs to.
    pub groups: BTreeSet<String>,
    /// The connection that its session is on.
    pub peer: Peer,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Protocol; 6] = [
        Protocol::Jmqt,
        Protocol::JmqtWebsocket,
        Protocol::Coremq,
        Protocol::CoremqWebsocket,
        Protocol::Pubsubx,
        Protocol::Http,
    ];

    /// Returns its name as configuration and webhooks spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::Jmqt => "jmqt",
            Protocol::JmqtWebsocket => "jmqt-websocket",
            Protocol::Coremq => "coremq",
            Protocol::CoremqWebsocket => "coremq-websocket",
            Protocol::Pubsubx => "pubsubx",
            Protocol::Http => "http",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}
