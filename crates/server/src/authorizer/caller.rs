//! Who is at the other end of a connection, as far as its carrier shows.

use std::{ops::Deref, sync::Arc};

use rialto_application::Peer;
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
    /// Returns whose connection it is, and where it came in.
    pub(crate) fn origin(&self) -> Origin<'_> {
        Origin { entrance: &self.entrance, address: self.peer.address }
    }
}

impl Deref for Caller {
    type Target = Peer;

    fn deref(&self) -> &Peer {
        &self.peer
    }
}
