//! CoreMQ: what a connection may say, what it is answered, and what servers say to each other.

mod delivery;
mod dialect;
mod early;
mod history;
mod link;
mod queue;
mod replicant;
mod session;

use rialto_broker::Format;
use rialto_wire::coremq::Carrier;

pub use delivery::Delivery;
pub use link::{Credentials, Link, LinkEnd};
pub use session::Session;

/// CoreMQ over TCP or TLS.
pub const TCP: Format = Format(2);
/// CoreMQ's WebSocket gateway.
pub const WEBSOCKET: Format = Format(3);
/// CoreMQ over TCP, to a Rialto server.
pub const LINK: Format = Format(4);

fn carrier(format: Format) -> Carrier {
    if format == WEBSOCKET { Carrier::WebSocket } else { Carrier::Tcp }
}

#[cfg(test)]
mod tests;
