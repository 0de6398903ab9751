//! What the handlers of HTTP requests ask.

use std::{net::SocketAddr, sync::Arc};

use rialto_session::ServerName;
use serde::Serialize;
use tokio::sync::watch;

use crate::{
    census::Census, entrance::Entrance, guests::Guests, handle::Handle, history::History,
    pulse::Pulse, repeats::Repeats, sign_ins::SignIns, store::CommitWatch, tail::TailPlaces,
    tickets::Tickets,
};

/// What the handlers ask.
pub(crate) struct Asked {
    pub(crate) handle: Handle,
    pub(crate) census: Census,
    pub(crate) server: Arc<ServerName>,
    /// What the status page and the sample application are told of the listeners.
    pub(crate) listeners: Vec<ListenerStatus>,
    /// The listeners of the broker, each once, however many sockets it has.
    pub(crate) entrances: Vec<Arc<Entrance>>,
    pub(crate) commit_watch: Arc<CommitWatch>,
    pub(crate) pulse: Arc<Pulse>,
    /// Most connections, as the settings say and the system allows.
    pub(crate) connections_max: usize,
    /// Figures of the last day.
    pub(crate) history: Arc<History>,
    pub(crate) tail_places: Arc<TailPlaces>,
    /// Clients that publish by HTTP.
    pub(crate) guests: Arc<Guests>,
    pub(crate) tickets: Tickets,
    pub(crate) repeats: Repeats,
    /// Who has signed in to the console, and out of it.
    pub(crate) sign_ins: SignIns,
    /// Becomes true when the server stops.
    pub(crate) stopping: watch::Receiver<bool>,
}

/// A listener, as the page shows it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ListenerStatus {
    pub(crate) name: String,
    pub(crate) dialect: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) tls: &'static str,
}
