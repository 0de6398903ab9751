//! Where a connection came in, as it is told in logs and counted in metrics.

use std::{net::SocketAddr, sync::Arc};

use crate::traffic::Traffic;

/// A listener, as far as logs and metrics name it.
#[derive(Debug)]
pub(crate) struct Entrance {
    /// Its name in the settings.
    pub(crate) listener: String,
    /// What is spoken there, in the words of the settings.
    pub(crate) dialect: &'static str,
    /// What its connections send and get.
    pub(crate) traffic: Traffic,
}

impl Entrance {
    pub(crate) fn new(listener: &str, dialect: &'static str) -> Arc<Self> {
        Arc::new(Entrance { listener: listener.to_owned(), dialect, traffic: Traffic::default() })
    }
}

/// Whose connection it is, and where it came in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) entrance: &'a Arc<Entrance>,
    /// The peer's, or that of the client for whom a trusted proxy connects; port 0 is not known.
    pub(crate) address: SocketAddr,
}

/// Whether a request of HTTP came inside TLS.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IsTls(pub(crate) bool);

/// Whether nobody on the network reads a request of HTTP: it came inside TLS, to here or to a proxy that is
/// believed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IsSecure(pub(crate) bool);
