//! Who is at the other end of a connection, as far as its carrier shows.

use std::{net::SocketAddr, ops::Deref, sync::Arc};

use rialto_application::{Peer, Protocol};
use rialto_domain::Certificate;

use crate::entrance::{Entrance, Origin};

/// The peer of a connection, with the certificate it has shown.
pub(crate) struct Caller {
    pub(crate) peer: Arc<Peer>,
    pub(crate) certificate: Option<Arc<dyn Certificate>>,
    /// The same, where nobody is let in without one.
    pub(crate) required: Option<Arc<dyn Certificate>>,
    /// Where its connection came in.
    pub(crate) entrance: Arc<Entrance>,
}

impl Caller {
    /// Returns that of a request of HTTP.
    pub(crate) fn by_http(address: SocketAddr, is_tls: bool, entrance: Arc<Entrance>) -> Self {
        let protocol = Protocol::Http;
        let peer = Arc::new(Peer { address, protocol, is_tls, certificate: None });
        Caller { peer, certificate: None, required: None, entrance }
    }

    /// Returns whose connection it is, and where it came in.
    pub(crate) fn origin(&self) -> Origin<'_> {
        Origin { entrance: &self.entrance, address: self.peer.address }
    }

    /// Says whether it only reads, by HTTP.
    pub(crate) fn is_follower(&self) -> bool {
        self.peer.protocol == Protocol::Http
    }
}

impl Deref for Caller {
    type Target = Peer;

    fn deref(&self) -> &Peer {
        &self.peer
    }
}
