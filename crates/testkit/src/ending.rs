//! How a connection ended, as its peer saw it.

use std::io;

use crate::{PATIENCE, Transport};

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// With the goodbye of a socket: the end of the stream, inside TLS a close notification.
    Eof,
    /// With a WebSocket close frame.
    Closed {
        /// Its code; 1005 if it had none.
        code: u16,
        /// Its text.
        reason: String,
    },
    /// The stream ended, but within a frame, or a WebSocket close frame or a TLS close notification
    /// was missing.
    Cut,
    /// The connection was reset.
    Reset,
}

impl Ending {
    /// Says whether this is the goodbye of that transport: a socket's is its end, a WebSocket's a
    /// close frame with `code`.
    #[must_use]
    pub fn is_goodbye(&self, transport: Transport, code: u16) -> bool {
        match self {
            Ending::Eof => !transport.is_websocket(),
            Ending::Closed { code: actual, .. } => *actual == code,
            Ending::Cut | Ending::Reset => false,
        }
    }

    /// Says what an error means that came in place of bytes.
    ///
    /// # Panics
    /// When it means that nothing came in time.
    #[track_caller]
    pub(crate) fn of(error: &io::Error) -> Self {
        match error.kind() {
            _ if is_timeout(error) => panic!("nothing came within {PATIENCE:?}"),
            io::ErrorKind::UnexpectedEof => Ending::Cut,
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Ending::Reset,
            _ => panic!("reading failed: {error}"),
        }
    }
}

/// Says whether the deadline of a read or write has passed.
pub(crate) fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
