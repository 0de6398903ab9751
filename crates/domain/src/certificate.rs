//! A client's certificate, for whoever depends on it.

use std::fmt;

use crate::durable::UnixMs;

/// A certificate that a connection has shown, to be asked for as long as something depends on it.
pub trait Certificate: fmt::Debug + Send + Sync {
    /// Returns the client id in it.
    fn client(&self) -> &str;

    /// Returns until when it counts, as far as is known now: by its times, and by the authorities
    /// that are trusted now. `None` if it counts no more.
    fn counts_until(&self, now: UnixMs) -> Option<UnixMs>;
}
