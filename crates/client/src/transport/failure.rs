//! Why a connection came to nothing, told by its end and by what was said before it.

use std::error::Error;
use std::io::{self, ErrorKind};

use crate::endpoint::Endpoint;
use crate::error::{ClosedWith, ConnectError, Met, Refusal};
use crate::stranger::Stranger;

use super::opening::Opening;

impl Opening {
    /// Says why there is no TLS.
    pub(super) fn instead_of_tls(&self, source: io::Error, endpoint: &Endpoint) -> ConnectError {
        let endpoint = endpoint.clone();
        if let Some(refusal) = self.refusal() {
            return ConnectError::TurnedAway { endpoint, refusal };
        }
        match self.stranger() {
            Some(stranger) if stranger != Stranger::Tls => {
                ConnectError::NotJmqt { endpoint, stranger }
            }
            None if is_end(&source) && self.is_empty() => ConnectError::Wordless { endpoint },
            _ => ConnectError::Tls { endpoint, source },
        }
    }

    /// Says why there is no WebSocket.
    pub(super) fn instead_of_websocket(&self, reason: &str, endpoint: &Endpoint) -> ConnectError {
        let endpoint = endpoint.clone();
        if let Some(refusal) = self.refusal() {
            return ConnectError::TurnedAway { endpoint, refusal };
        }
        match self.stranger() {
            // An answer in HTTP is what was asked for, and says more itself.
            Some(stranger) if stranger != Stranger::Http => {
                ConnectError::NotJmqt { endpoint, stranger }
            }
            None if self.is_empty() => ConnectError::Wordless { endpoint },
            _ => ConnectError::WebSocket { endpoint, reason: reason.to_owned() },
        }
    }

    /// Says why there is no session over a socket.
    pub(super) fn instead_of_jmqt(&self, source: io::Error, endpoint: &Endpoint) -> ConnectError {
        let endpoint = endpoint.clone();
        if let Some(Met(stranger)) = inside(&source) {
            return ConnectError::NotJmqt { endpoint, stranger: stranger.clone() };
        }
        // A certificate that the broker misses is told behind the handshake.
        if inside::<rustls::Error>(&source).is_some() {
            return ConnectError::Tls { endpoint, source };
        }
        if is_end(&source) && self.is_empty() {
            return ConnectError::Wordless { endpoint };
        }
        ConnectError::Broken { endpoint, source }
    }
}

/// Says why there is no session over WebSocket.
pub(super) fn of_websocket(source: io::Error, endpoint: &Endpoint) -> ConnectError {
    let endpoint = endpoint.clone();
    match inside::<ClosedWith>(&source) {
        Some(ClosedWith { code: ClosedWith::POLICY | ClosedWith::TRY_AGAIN_LATER, reason }) => {
            ConnectError::TurnedAway { endpoint, refusal: Refusal::not_allowed(reason.clone()) }
        }
        _ => ConnectError::Broken { endpoint, source },
    }
}

/// Returns the error of ours, or of a library, that an I/O error stands for.
fn inside<E: Error + 'static>(error: &io::Error) -> Option<&E> {
    error.get_ref()?.downcast_ref()
}

fn is_end(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset)
}
