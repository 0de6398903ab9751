//! PubSubX: what a connection may say, and what it is answered.

mod session;

use rialto_broker::Format;
use rialto_domain::ChannelName;
use rialto_wire::pubsubx::Envelope;

pub use session::{Notice, Session};

/// PubSubX over TCP or TLS.
pub const TCP: Format = Format(5);

/// Renders what the messages of a channel share.
pub(crate) fn envelope(channel: &ChannelName) -> Envelope {
    Envelope::new(channel.as_str())
}

#[cfg(test)]
mod tests;
