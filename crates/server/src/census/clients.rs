//! Clients, as lists show them: those in memory with numbers, and behind or between them those that are only stored.

mod list;

use rialto_application::Protocol;
use rialto_broker::{ClientCount, ClientKey, ConnectionKey};
use rialto_net::Figures;
use serde::Deserialize;

use super::{
    Number, Row, Tally, Wish,
    rates::{Counted, Rates},
};
use crate::hub::{Carrier, Hub};

pub(crate) use list::list_clients;

/// A client in memory.
#[derive(Debug, Clone)]
pub(crate) struct ClientRow {
    pub(crate) count: ClientCount,
    pub(crate) figures: Option<Figures>,
    /// What its connection speaks.
    pub(crate) protocol: Option<Protocol>,
    pub(crate) rates: Rates,
}

/// Which clients are listed.
#[derive(Debug)]
pub(crate) struct ClientsWish {
    /// Ids that begin so.
    pub(crate) prefix: String,
    /// And have this in them.
    pub(crate) contains: String,
    pub(crate) state: Option<StateWish>,
    /// Those on connections that speak this.
    pub(crate) protocol: Option<Protocol>,
    pub(crate) wish: Wish<ClientRow>,
}

/// In which state a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StateWish {
    /// It has an open session.
    Online,
    /// Its connection was lost, and its session waits for it.
    Detached,
    /// Neither.
    Offline,
    /// It does not read as fast as it is written to.
    Slow,
}

/// The numbers of a client, as of a count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientNumbers {
    pub(crate) rates: Rates,
    pub(crate) lag: u64,
    pub(crate) figures: Option<Figures>,
    pub(crate) heard_s: Option<u64>,
}

impl Counted for ClientRow {
    type Key = ClientKey;
    type Life = Option<ConnectionKey>;

    fn key(&self) -> ClientKey {
        self.count.key
    }

    fn life(&self) -> Option<ConnectionKey> {
        self.count.connection
    }

    fn counters(&self) -> [u64; 4] {
        let figures = self.figures.unwrap_or_default();
        let Figures { read_bytes, written_bytes, written_deliveries, .. } = figures;
        [self.count.published_count, written_deliveries, read_bytes, written_bytes]
    }

    fn rates(&self) -> Rates {
        self.rates
    }

    fn set_rates(&mut self, rates: Rates) {
        self.rates = rates;
    }
}

impl Row for ClientRow {
    const NAME: &'static str = "id";
    const NUMBERS: &'static [Number<Self>] = &[
        Number::counted("subscriptions", |row| f64::from(row.count.subscription_count)),
        Number::counted("lag", |row| row.count.lag as f64),
        Number::counted("pending_bytes", |row| {
            row.figures.map_or(-1.0, |it| it.waiting_bytes as f64)
        }),
        Number::counted("dropped", |row| {
            row.figures.map_or(-1.0, |it| it.dropped_deliveries as f64)
        }),
        Number::counted("connected_s", |row| {
            row.count.connected_for.map_or(-1.0, |it| it.as_secs_f64())
        }),
        Number::counted("heard_s", |row| row.count.heard_ago.map_or(-1.0, |it| it.as_secs_f64())),
        Number::counted("last_seen_ms", |row| row.count.last_seen as f64),
        Number::rate("in_rate", |row| f64::from(row.rates.0[0])),
        Number::rate("out_rate", |row| f64::from(row.rates.0[1])),
        Number::rate("in_byte_rate", |row| f64::from(row.rates.0[2])),
        Number::rate("out_byte_rate", |row| f64::from(row.rates.0[3])),
    ];

    fn name(&self) -> &str {
        self.count.id.as_str()
    }
}

impl ClientRow {
    fn new(count: ClientCount, carrier: Option<Carrier>, rates: Rates) -> Self {
        let figures = carrier.map(|it| it.figures);
        ClientRow { count, figures, protocol: carrier.map(|it| it.protocol), rates }
    }

    /// Says whether it does not read as fast as it is written to.
    pub(crate) fn is_slow(&self) -> bool {
        self.figures.is_some_and(|it| it.is_slow)
    }

    pub(crate) fn numbers(&self) -> ClientNumbers {
        ClientNumbers {
            rates: self.rates,
            lag: self.count.lag,
            figures: self.figures,
            heard_s: self.count.heard_ago.map(|it| it.as_secs()),
        }
    }
}

impl Tally<ClientRow> {
    /// Returns the numbers of one client now, with the rates of the last count, if there is one; `None` if the client
    /// is not in memory.
    pub(crate) fn numbers_of(&self, id: &str) -> Option<ClientNumbers> {
        let (count, carrier) = self.hub().walk_client(id)?;
        let kept = self.kept();
        let counted = kept.as_ref().and_then(|it| it.get(id));
        let counted = counted.filter(|row| row.life() == count.connection);
        let rates = counted.map_or(Rates::UNKNOWN, |row| row.rates);
        Some(ClientRow::new(count, carrier, rates).numbers())
    }
}

impl ClientsWish {
    fn has_name(&self, id: &str) -> bool {
        id.starts_with(&self.prefix) && id.contains(&self.contains)
    }

    fn fits(&self, row: &ClientRow) -> bool {
        let (is_online, is_lost) = (row.count.connection.is_some(), row.count.is_lost);
        self.has_name(row.name())
            && self.has_state((is_online, is_lost), row.is_slow())
            && self.protocol.is_none_or(|protocol| row.protocol == Some(protocol))
    }

    fn has_state(&self, (is_online, is_lost): (bool, bool), is_slow: bool) -> bool {
        match self.state {
            None => true,
            Some(StateWish::Online) => is_online,
            Some(StateWish::Detached) => is_lost,
            Some(StateWish::Offline) => !is_online && !is_lost,
            Some(StateWish::Slow) => is_slow,
        }
    }

    /// Says whether clients that are only stored are wanted.
    fn wants_stored(&self) -> bool {
        self.protocol.is_none() && matches!(self.state, None | Some(StateWish::Offline))
    }
}

/// Counts all of them.
pub(super) fn walk(hub: &Hub) -> Vec<ClientRow> {
    let mut rows = Vec::new();
    hub.walk_clients(|count, carrier| {
        rows.push(ClientRow::new(count, carrier, Rates::UNKNOWN));
    });
    rows
}
