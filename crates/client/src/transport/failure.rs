//! Why a connection came to nothing, told by its end and by what was said before it.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::sync::Arc;

use crate::endpoint::Endpoint;
#[cfg(feature = "websocket")]
use crate::error::ClosedWith;
use crate::error::{ConnectError, Met};
#[cfg(any(feature = "tls", feature = "websocket"))]
use crate::reason::Reason;
#[cfg(any(feature = "tls", feature = "websocket"))]
use crate::stranger::Stranger;

use super::opening::Opening;

impl Opening {
    /// Says why there is no TLS.
    #[cfg(feature = "tls")]
    pub(super) fn instead_of_tls(&self, source: io::Error, endpoint: &Endpoint) -> ConnectError {
        let endpoint = endpoint.clone();
        if let Some(refusal) = self.refusal() {
            return ConnectError::TurnedAway { endpoint, reason: Reason::ServerFull, refusal };
        }
        match self.stranger() {
            Some(stranger) if stranger != Stranger::Tls => {
                ConnectError::NotJmqt { endpoint, stranger }
            }
            None if is_end(&source) && self.is_empty() => ConnectError::Wordless { endpoint },
            _ => ConnectError::Tls { endpoint, source: Arc::new(source) },
        }
    }

    /// Says why there is no WebSocket.
    #[cfg(feature = "websocket")]
    pub(crate) fn instead_of_websocket(
        &self,
        source: io::Error,
        endpoint: &Endpoint,
    ) -> ConnectError {
        let endpoint = endpoint.clone();
        // A certificate that the broker misses is told behind the handshake.
        #[cfg(feature = "tls")]
        if inside::<rustls::Error>(&source).is_some() {
            return ConnectError::Tls { endpoint, source: Arc::new(source) };
        }
        if let Some(refusal) = self.refusal() {
            return ConnectError::TurnedAway { endpoint, reason: Reason::ServerFull, refusal };
        }
        match self.stranger() {
            // An answer in HTTP is what was asked for, and says more itself.
            Some(stranger) if stranger != Stranger::Http => {
                ConnectError::NotJmqt { endpoint, stranger }
            }
            None if self.is_empty() => ConnectError::Wordless { endpoint },
            _ => ConnectError::WebSocket { endpoint, reason: source.to_string() },
        }
    }

    /// Says why there is no session over a socket.
    pub(super) fn instead_of_jmqt(&self, source: io::Error, endpoint: &Endpoint) -> ConnectError {
        let endpoint = endpoint.clone();
        if let Some(Met(stranger)) = inside(&source) {
            return ConnectError::NotJmqt { endpoint, stranger: stranger.clone() };
        }
        // A certificate that the broker misses is told behind the handshake.
        #[cfg(feature = "tls")]
        if inside::<rustls::Error>(&source).is_some() {
            return ConnectError::Tls { endpoint, source: Arc::new(source) };
        }
        if is_end(&source) && self.is_empty() {
            return ConnectError::Wordless { endpoint };
        }
        ConnectError::Broken { endpoint, source: Arc::new(source) }
    }
}

/// Says why there is no session over WebSocket.
#[cfg(feature = "websocket")]
pub(super) fn of_websocket(source: io::Error, endpoint: &Endpoint) -> ConnectError {
    let endpoint = endpoint.clone();
    let closed = inside::<ClosedWith>(&source).map(|closed| (closed.reason(), closed));
    match closed {
        None | Some((Reason::Lost, _)) => {
            ConnectError::Broken { endpoint, source: Arc::new(source) }
        }
        Some((reason, closed)) => {
            // Nobody has judged the client yet, so that it cannot be the one that is not wanted.
            let reason = if reason == Reason::Removed { Reason::ServerFull } else { reason };
            ConnectError::TurnedAway { endpoint, reason, refusal: closed.refusal(reason) }
        }
    }
}

/// Returns the error of ours, or of a library, that an I/O error stands for.
fn inside<E: Error + 'static>(error: &io::Error) -> Option<&E> {
    error.get_ref()?.downcast_ref()
}

fn is_end(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset)
}
