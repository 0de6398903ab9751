//! Who is at the other end of a connection, as far as its carrier shows.

use std::{ops::Deref, sync::Arc};

use rialto_access::Certificate;
use rialto_application::Peer;

/// The peer of a connection, with the certificate it has shown.
pub(crate) struct Caller {
    pub(crate) peer: Arc<Peer>,
    pub(crate) certificate: Option<Arc<dyn Certificate>>,
    /// The same, where nobody is let in without one.
    pub(crate) required: Option<Arc<dyn Certificate>>,
}

impl Deref for Caller {
    type Target = Peer;

    fn deref(&self) -> &Peer {
        &self.peer
    }
}
