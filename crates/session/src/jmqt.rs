//! JMQT 1.0: what a connection may say when, and what it is answered.

mod dialect;
mod reply;
mod session;

use rialto_broker::Format;
use rialto_wire::jmqt::Carrier;

pub use session::Session;

/// JMQT over TCP or TLS.
pub const TCP: Format = Format(0);
/// JMQT over WebSocket.
pub const WEBSOCKET: Format = Format(1);

/// Returns the carrier behind a JMQT format.
#[must_use]
pub fn carrier(format: Format) -> Carrier {
    if format == WEBSOCKET { Carrier::WebSocket } else { Carrier::Tcp }
}

#[cfg(test)]
mod tests;
