//! CoreMQ: what a connection may say, what it is answered, and what servers say to each other.

mod delivery;
mod early;
mod history;
mod link;
mod replicant;
mod session;

use rialto_broker::Format;
use rialto_domain::CloseReason;
use rialto_wire::coremq::{Answer, Carrier, put_answer};

pub use delivery::Delivery;
pub use link::{Credentials, Link, LinkEnd};
pub use session::{Notice, Server, Session};

/// CoreMQ over TCP or TLS.
pub const TCP: Format = Format(2);
/// CoreMQ's WebSocket gateway.
pub const WEBSOCKET: Format = Format(3);
/// CoreMQ over TCP, to a server of our kind.
pub const LINK: Format = Format(4);

/// Says whether a format is one of CoreMQ's.
#[must_use]
pub fn is_coremq(format: Format) -> bool {
    matches!(format, TCP | WEBSOCKET | LINK)
}

fn carrier(format: Format) -> Carrier {
    if format == WEBSOCKET { Carrier::WebSocket } else { Carrier::Tcp }
}

/// Returns the frame that says why a connection ends, where a client could not tell by itself.
#[must_use]
pub fn close_message(reason: CloseReason, queue: &str) -> Option<Vec<u8>> {
    if matches!(reason, CloseReason::Asked | CloseReason::Ended | CloseReason::ShuttingDown) {
        return None;
    }
    let response = format!("ERROR: {reason}");
    let mut out = Vec::new();
    put_answer(&mut out, Carrier::Tcp, queue, &Answer::Response { response: &response });
    Some(out)
}

#[cfg(test)]
mod tests;
