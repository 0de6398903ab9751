//! Channels in use, as lists show them.

use rialto_broker::{ChannelCount, ChannelKey};
use serde::Deserialize;

use super::{
    Number, Row, Snapshot, Wish,
    rates::{Counted, Rates},
    snapshot::Part,
};
use crate::hub::Hub;

/// A channel in use.
#[derive(Debug, Clone)]
pub(crate) struct ChannelRow {
    pub(crate) count: ChannelCount,
    pub(crate) rates: Rates,
}

/// Which channels are listed.
#[derive(Debug)]
pub(crate) struct ChannelsWish {
    /// Names that begin so.
    pub(crate) prefix: String,
    /// And have this in them.
    pub(crate) contains: String,
    pub(crate) kind: Option<ChannelKind>,
    pub(crate) wish: Wish<ChannelRow>,
}

/// A kind of channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ChannelKind {
    /// With stored messages that not all persistent subscribers have acknowledged.
    Backlog,
    /// With a retained message.
    Retained,
    /// Without a subscriber, connected or persistent.
    Unheard,
}

impl Counted for ChannelRow {
    type Key = ChannelKey;
    type Life = ();

    fn key(&self) -> ChannelKey {
        self.count.key
    }

    fn life(&self) {}

    fn counters(&self) -> [u64; 4] {
        let ChannelCount { received, sent, .. } = &self.count;
        [received.count, sent.count, received.bytes, sent.bytes]
    }

    fn rates(&self) -> Rates {
        self.rates
    }

    fn set_rates(&mut self, rates: Rates) {
        self.rates = rates;
    }
}

impl Row for ChannelRow {
    const NAME: &'static str = "name";
    const NUMBERS: &'static [Number<Self>] = &[
        Number::counted("subscribers", |row| f64::from(row.count.subscriber_count)),
        Number::counted("persistent_subscribers", |row| f64::from(row.count.persistent_count)),
        Number::counted("history", |row| f64::from(row.count.history_count)),
        Number::counted("log_messages", |row| row.count.log_count as f64),
        Number::counted("log_bytes", |row| row.count.log_bytes as f64),
        Number::counted("oldest_s", |row| row.count.oldest_ms.map_or(-1.0, |it| it as f64)),
        Number::rate("in_rate", |row| f64::from(row.rates.0[0])),
        Number::rate("out_rate", |row| f64::from(row.rates.0[1])),
        Number::rate("in_byte_rate", |row| f64::from(row.rates.0[2])),
        Number::rate("out_byte_rate", |row| f64::from(row.rates.0[3])),
    ];

    fn name(&self) -> &str {
        self.count.name.as_str()
    }
}

impl ChannelKind {
    pub(super) fn has(self, count: &ChannelCount) -> bool {
        match self {
            ChannelKind::Backlog => 0 < count.log_count,
            ChannelKind::Retained => count.has_retained,
            ChannelKind::Unheard => count.subscriber_count == 0 && count.persistent_count == 0,
        }
    }
}

impl ChannelsWish {
    /// Returns the part of a snapshot that is wished for.
    pub(crate) fn part(&self, snapshot: &Snapshot<ChannelRow>) -> Part<ChannelRow> {
        snapshot.part(&self.wish, |row| {
            let name = row.name();
            name.starts_with(&self.prefix)
                && name.contains(&self.contains)
                && self.kind.is_none_or(|kind| kind.has(&row.count))
        })
    }
}

/// Counts all of them.
pub(super) fn walk(hub: &Hub) -> Vec<ChannelRow> {
    let mut rows = Vec::new();
    hub.walk_channels(|count| rows.push(ChannelRow { count, rates: Rates::UNKNOWN }));
    rows
}
