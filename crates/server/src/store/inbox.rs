//! What the hub hands over to the store's threads.

use std::sync::mpsc;

use rialto_broker::ReadRequest;
use rialto_domain::Change;

/// Work for the writing thread.
pub(crate) enum Job {
    /// Commit these changes.
    Commit(Vec<Change>),
    /// Finish what came before, tidy up and end.
    Close,
}

/// Where a hub sends what is for the store.
pub(crate) struct StoreInboxes {
    pub(crate) writer: mpsc::Sender<Job>,
    pub(crate) reader: mpsc::Sender<ReadRequest>,
}
