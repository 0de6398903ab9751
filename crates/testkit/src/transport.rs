//! The four ways to a broker.

use std::{
    fmt,
    io::{self, Read, Write},
};

/// How a peer reaches the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// A plain socket: JSON texts, each ended by a NUL.
    Tcp,
    /// The same inside TLS.
    Tls,
    /// A WebSocket: a JSON text a message.
    WebSocket,
    /// The same inside TLS.
    WebSocketTls,
}

impl Transport {
    /// All four.
    pub const ALL: [Transport; 4] =
        [Transport::Tcp, Transport::Tls, Transport::WebSocket, Transport::WebSocketTls];

    /// Says whether it is inside TLS.
    #[must_use]
    pub fn has_tls(self) -> bool {
        matches!(self, Transport::Tls | Transport::WebSocketTls)
    }

    /// Says whether it is a WebSocket.
    #[must_use]
    pub fn is_websocket(self) -> bool {
        matches!(self, Transport::WebSocket | Transport::WebSocketTls)
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
            Transport::WebSocket => "WebSocket",
            Transport::WebSocketTls => "WebSocket over TLS",
        })
    }
}

/// What a peer reads from and writes to, below its framing.
pub(crate) trait Stream: Read + Write + Send {}

impl<S: Read + Write + Send> Stream for S {}

/// Says whether the deadline of a read or write has passed.
pub(crate) fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// Says whether the connection was reset.
pub(crate) fn is_reset(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
}
