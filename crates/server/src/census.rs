//! Counts of all clients and of all channels, for those who look at lists of them: sorted, filtered and with rates.
//!
//! Nothing is counted that nobody asks for. A count walks the broker in steps (`hub/walk.rs`) and becomes a
//! snapshot, from which answers are made without the broker. One snapshot serves all who ask while it is fresh
//! enough; it goes when nobody has asked for a minute.

mod channels;
mod clients;
mod cursor;
mod freshness;
mod rates;
mod snapshot;
mod subscribers;
mod tally;
mod totals;

use std::sync::Arc;

use crate::hub::Hub;

pub(crate) use self::{
    channels::{ChannelKind, ChannelRow, ChannelsWish},
    clients::{ClientNumbers, ClientRow, ClientsWish, StateWish, list_clients},
    cursor::Cursor,
    rates::Rates,
    snapshot::{Number, Order, Row, Snapshot, Wish},
    subscribers::{SubscriberRow, Subscribers},
    tally::Tally,
    totals::{ChannelTotals, ClientTotals, StoredClients},
};

/// Counts of everything that there are many of.
pub(crate) struct Census {
    pub(crate) clients: Arc<Tally<ClientRow>>,
    pub(crate) channels: Arc<Tally<ChannelRow>>,
    pub(crate) subscribers: Subscribers,
    pub(crate) stored: Arc<StoredClients>,
}

impl Census {
    pub(crate) fn new(hub: &Arc<Hub>) -> Self {
        Census {
            clients: Tally::new(hub, clients::walk),
            channels: Tally::new(hub, channels::walk),
            subscribers: Subscribers::default(),
            stored: Arc::default(),
        }
    }
}
