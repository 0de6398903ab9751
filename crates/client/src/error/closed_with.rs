//! The end of a WebSocket, which travels inside an [`io::Error`](std::io::Error).

use rialto_wire::jmqt::status;

use crate::reason::Reason;
use crate::shown::one_line;
use crate::status::{Refusal, Status};

/// A WebSocket that was closed with a reason.
#[derive(Debug, thiserror::Error)]
#[error("closed with code {code}: {}", one_line(text))]
pub(crate) struct ClosedWith {
    pub(crate) code: u16,
    pub(crate) text: String,
}

impl ClosedWith {
    /// Returns what the close code and its text mean.
    pub(crate) fn reason(&self) -> Reason {
        Reason::of_close(self.code, &self.text)
    }

    /// Returns what the broker would have said in a packet.
    pub(crate) fn refusal(&self, reason: Reason) -> Refusal {
        let status = match reason {
            Reason::ServerError | Reason::ServerStopping => status::SERVER_ERROR,
            Reason::TooLarge => status::INVALID_PACKET,
            _ => status::NOT_ALLOWED,
        };
        Refusal { status: Status(status), message: Some(self.text.clone()) }
    }
}
