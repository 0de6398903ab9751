//! Why a connection is turned away before it is anybody's: what the error of its handshake has inside.

use std::{error::Error, fmt, io, net::SocketAddr};

/// Why a connection was turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TurnedAway {
    /// What it did, or is.
    pub because: Because,
    /// For whom a proxy brought it, where only its request said so.
    pub client: Option<SocketAddr>,
}

/// What a connection did, or is, that is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// It is plain, and TLS is required.
    TlsRequired,
    /// A page of this origin may not connect.
    ForeignOrigin,
    /// It is to come through a proxy, and does through one that is not trusted.
    UntrustedProxy,
}

impl TurnedAway {
    /// Returns why a handshake failed, if the connection was turned away.
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

impl From<TurnedAway> for io::Error {
    fn from(turned_away: TurnedAway) -> Self {
        io::Error::new(io::ErrorKind::InvalidData, turned_away)
    }
}

impl From<Because> for io::Error {
    fn from(because: Because) -> Self {
        TurnedAway { because, client: None }.into()
    }
}

impl fmt::Display for TurnedAway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.because {
            Because::TlsRequired => "plain connection to a listener that requires TLS",
            Because::ForeignOrigin => "WebSocket upgrade of a page that may not connect",
            Because::UntrustedProxy => "the peer is none of the trusted proxies",
        })
    }
}

impl Error for TurnedAway {}
