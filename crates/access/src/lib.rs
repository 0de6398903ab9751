//! Who a client is: open mode, preset tokens and the tokens Rialto signs.
//!
//! Answers the core's [`Gate`](rialto_broker::Gate). It opens no sockets and keeps no sessions; the only file it knows
//! is the signing key's. Read [`Access`] first, then [`SigningKey`].
//!
//! Tested on its own for each answer, and over real sockets with the server.

mod access;
mod signing_key;

pub use access::{Access, Mode, PresetToken, Settings};
pub use signing_key::SigningKey;
