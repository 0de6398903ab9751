//! Where a connection came in, as it is told in logs.

use std::{net::SocketAddr, sync::Arc};

/// A listener, as far as logs name it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entrance {
    /// Its name in the settings.
    pub(crate) listener: String,
    /// What is spoken there, in the words of the settings.
    pub(crate) dialect: &'static str,
}

/// Whose connection it is, and where it came in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) entrance: &'a Arc<Entrance>,
    /// The peer's, or that of the client for whom a trusted proxy connects; port 0 is not known.
    pub(crate) address: SocketAddr,
}
