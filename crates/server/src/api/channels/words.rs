//! What is said of channels, as JSON.

use rialto_broker::{ChannelCount, SubscriberCount};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use crate::{
    api::{
        lists::{self, AsOf, Direction, RatesJson, Sort, sort_schema},
        page::{HistoryCount, PageCount},
        problem::Problem,
    },
    census::{ChannelKind, ChannelRow, ChannelsWish, Rates, SubscriberRow, Wish},
};

/// Which channels.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct ChannelsQuery {
    /// Those behind this: `next` of the page before; in a list by name a name.
    pub(super) after: String,
    /// How many.
    #[param(value_type = usize, minimum = 1, maximum = 1000, default = 100)]
    pub(super) limit: PageCount,
    /// Only those whose name begins so.
    pub(super) prefix: String,
    /// Only those whose name has this in it.
    pub(super) contains: String,
    /// Only those of this kind.
    #[param(inline)]
    pub(super) kind: Option<ChannelKind>,
    /// By what they are sorted: by name, or by one of their numbers.
    #[param(schema_with = sort_schema::<ChannelRow>)]
    pub(super) sort: Sort<ChannelRow>,
    /// Which way; without, names upwards and numbers from the largest on.
    #[param(inline)]
    pub(super) order: Option<Direction>,
}

/// Which subscribers.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct SubscribersQuery {
    /// Those behind this: `next` of the page before; in a list by client an id.
    pub(super) after: String,
    /// How many.
    #[param(value_type = usize, minimum = 1, maximum = 1000, default = 100)]
    pub(super) limit: PageCount,
    /// Only those whose id begins so.
    pub(super) prefix: String,
    /// By what they are sorted: by client, or by one of their numbers.
    #[param(schema_with = sort_schema::<SubscriberRow>)]
    pub(super) sort: Sort<SubscriberRow>,
    /// Which way; without, ids upwards and numbers from the largest on.
    #[param(inline)]
    pub(super) order: Option<Direction>,
}

/// How much of a history.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct HistoryQuery {
    /// So many messages at most, the latest; without it all that there are.
    #[param(value_type = usize, minimum = 1)]
    pub(super) limit: HistoryCount,
}

/// A page of channels in use.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChannelsPage {
    pub(super) channels: Vec<ChannelJson>,
    /// How many fit, on all pages.
    pub(super) total: usize,
    #[serde(flatten)]
    pub(super) as_of: AsOf,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

/// What is known of a channel.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChannelJson {
    pub(super) name: String,
    /// Connected subscribers.
    pub(super) subscribers: u32,
    /// Persistent subscribers, connected or not.
    pub(super) persistent_subscribers: u32,
    /// Whether it has a retained message.
    pub(super) retained: bool,
    /// Messages of its history.
    pub(super) history: u32,
    /// Stored messages that not all persistent subscribers have acknowledged.
    pub(super) log_messages: u64,
    /// Bytes of these.
    pub(super) log_bytes: u64,
    /// Age of the oldest of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) oldest_s: Option<u64>,
    /// Messages that are published to it and that its subscribers are sent, and bytes of their payloads.
    #[serde(flatten)]
    pub(super) rates: RatesJson,
}

/// A page of subscribers.
#[derive(Serialize, ToSchema)]
pub(crate) struct SubscribersPage {
    pub(super) subscribers: Vec<SubscriberJson>,
    /// How many fit, on all pages.
    pub(super) total: usize,
    /// Persistent ones besides that are not in memory, since they were not there for some seconds.
    pub(super) not_in_memory: u64,
    #[serde(flatten)]
    pub(super) as_of: AsOf,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

/// A subscriber of a channel.
#[derive(Serialize, ToSchema)]
pub(crate) struct SubscriberJson {
    pub(super) client: String,
    pub(super) online: bool,
    /// Whether its subscription outlives the session.
    pub(super) persistent: bool,
    /// Of a persistent one: stored messages behind the last one up to which it has acknowledged all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lag: Option<u64>,
    /// Likewise: messages that it was sent and has not acknowledged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unacknowledged: Option<u64>,
}

impl From<&SubscriberCount> for SubscriberJson {
    fn from(count: &SubscriberCount) -> Self {
        SubscriberJson {
            client: count.client.as_str().to_owned(),
            online: count.is_online,
            persistent: count.is_persistent,
            lag: count.is_persistent.then_some(count.lag),
            unacknowledged: count.is_persistent.then_some(count.unacknowledged),
        }
    }
}

/// A message that a channel keeps.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeptMessage {
    /// Who published it; empty for the server.
    pub(super) publisher: String,
    /// When, in milliseconds since 1970, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) at_ms: Option<u64>,
    /// The message, as it was written.
    #[schema(value_type = Value)]
    pub(super) payload: Box<RawValue>,
}

/// The last messages of a channel, oldest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct HistoryJson {
    pub(super) messages: Vec<KeptMessage>,
}

impl ChannelJson {
    pub(super) fn new(count: &ChannelCount, rates: Rates) -> Self {
        ChannelJson {
            name: count.name.as_str().to_owned(),
            subscribers: count.subscriber_count,
            persistent_subscribers: count.persistent_count,
            retained: count.has_retained,
            history: count.history_count,
            log_messages: count.log_count,
            log_bytes: count.log_bytes,
            oldest_s: count.oldest_ms.map(|it| it / 1000),
            rates: rates.into(),
        }
    }
}

impl ChannelsQuery {
    pub(super) fn wish(self) -> Result<ChannelsWish, Problem> {
        let order = self.sort.order(self.order);
        let (after, count_max) = (lists::after(&self.after, order)?, self.limit.get());
        let wish = Wish { order, after, count_max };
        Ok(ChannelsWish { prefix: self.prefix, contains: self.contains, kind: self.kind, wish })
    }
}
