//! What the hub hands over to the store's threads.

use std::{sync::mpsc, time::Duration};

use rialto_broker::{LoadRequest, ReadRequest};
use rialto_domain::Commit;
use rialto_store::StoreReader;

/// Work for the writing thread.
pub(crate) enum Job {
    /// Commit this batch, which the broker made at this time of its own.
    Commit(Commit, Duration),
    /// Finish what came before, tidy up and end.
    Close,
}

/// Work for the reading thread.
pub(crate) enum Lookup {
    /// Pages of a log.
    Pages(ReadRequest),
    /// What is stored about clients.
    Clients(LoadRequest),
}

/// Where a hub sends what is for the store.
pub(crate) struct StoreInboxes {
    pub(crate) writer: mpsc::Sender<Job>,
    pub(crate) reader: mpsc::Sender<Lookup>,
    /// What is read at once, for whoever asks from outside.
    pub(crate) archive: Box<dyn StoreReader>,
}
