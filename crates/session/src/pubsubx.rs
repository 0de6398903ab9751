//! PubSubX: what a connection may say, and what it is answered.

mod dialect;
mod session;

use rialto_broker::Format;

pub use session::Session;

/// PubSubX over TCP or TLS.
pub const TCP: Format = Format(5);

#[cfg(test)]
mod tests;
