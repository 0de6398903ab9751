//! What the hub hands over to the store's threads.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use rialto_broker::{ConnectionKey, LoadRequest, LogRequest, ReadRequest};
use rialto_domain::{ChannelName, Claim, Commit};
use rialto_store::StoreReader;

use crate::{bus::BusLink, lease::Lease};

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
    /// Pages of a log that other nodes have appended to.
    Log(LogRequest),
    /// What is stored about clients.
    Clients(LoadRequest),
}

/// Work for the thread of a node that shares its store.
pub(crate) enum Wish {
    /// Claim a client.
    Claim(Claim),
    /// Read what a channel retains, for a connection.
    Refresh(ConnectionKey, ChannelName),
    /// Ask now what the others did.
    Look,
}

/// Where a hub sends what is for the store.
pub(crate) struct StoreInboxes {
    pub(crate) writer: mpsc::Sender<Job>,
    pub(crate) reader: mpsc::Sender<Lookup>,
    /// What is read at once, for whoever asks from outside.
    pub(crate) archive: Box<dyn StoreReader>,
    /// Where nobody listens unless other nodes share the store.
    pub(crate) member: mpsc::Sender<Wish>,
    /// The lease of a node that shares the store.
    pub(crate) lease: Option<Arc<Lease>>,
    /// What nodes tell each other over, besides the store.
    pub(crate) bus: Option<Arc<BusLink>>,
}
