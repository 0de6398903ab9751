//! What a dialect means by its bytes.

use std::io;

use super::demand::{Demand, Received};

/// Says demands in a dialect.
pub(super) trait Encode: Send + Sync {
    /// Appends a demand.
    ///
    /// # Errors
    /// Why the dialect has no words for it.
    fn put(&self, demand: &Demand, out: &mut Vec<u8>) -> Result<(), String>;

    /// Returns whether the server answers it.
    fn is_answered(&self, demand: &Demand) -> bool;
}

/// Reads what a server says, from the first byte on.
pub(super) trait Decode: Send + Sync {
    /// Takes bytes, or a text message of a WebSocket.
    ///
    /// # Errors
    /// What no server says: the connection is of no use any more.
    fn take(&mut self, bytes: &[u8], received: &mut Vec<Received>) -> io::Result<()>;
}
