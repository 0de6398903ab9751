//! A detached session: its connection was lost, and its client has some time to come back to it.

use std::{sync::Arc, time::Duration};

use rialto_domain::Rights;

use crate::{ConnectionProfile, inbox::Inbox, memory::allocated};

/// A client that is lost, or that is back and has not got what it missed yet.
#[derive(Debug)]
pub(crate) struct Detached {
    pub(crate) profile: ConnectionProfile,
    /// When it is forgotten.
    pub(crate) until: Duration,
    /// What it may do: its session ends when it may have none.
    pub(crate) rights: Option<Arc<dyn Rights>>,
    pub(crate) inbox: Inbox,
    /// Whether something that came for it was not kept.
    pub(crate) missed_some: bool,
}

impl Detached {
    /// Returns what the client may do, if that is limited.
    pub(crate) fn rights(&self) -> Option<&Arc<dyn Rights>> {
        self.rights.as_ref()
    }

    /// Sets what the client may do, and returns what it might before.
    pub(crate) fn set_rights(&mut self, rights: Arc<dyn Rights>) -> Option<Arc<dyn Rights>> {
        self.rights.replace(rights)
    }

    /// Returns how many messages wait for the client.
    pub(crate) fn waiting(&self) -> u64 {
        self.inbox.count()
    }

    pub(crate) fn bytes(&self) -> usize {
        allocated(size_of::<Self>()) + self.inbox.bytes()
    }
}
