//! What is said of clients, as JSON.

use rialto_application::Protocol;
use rialto_broker::{SessionReport, SubscriptionCount};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use utoipa::{
    IntoParams, ToSchema,
    openapi::schema::{Object, ObjectBuilder, Type},
};

use crate::{
    Ban,
    api::{
        lists::{self, AsOf, Direction, RatesJson, Sort, sort_schema},
        page::PageCount,
        problem::Problem,
        whole::Whole,
    },
    census::{ClientNumbers, ClientRow, ClientsWish, StateWish, Wish},
    handle::ClientStatus,
};

/// Longest ban that has an end: a hundred years.
pub(super) const BAN_SECONDS_MAX: u64 = 3_153_600_000;

/// Which clients.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct ClientsQuery {
    /// Those behind this: `next` of the page before; in a list by id an id.
    pub(super) after: String,
    /// How many.
    #[param(value_type = usize, minimum = 1, maximum = 1000, default = 100)]
    pub(super) limit: PageCount,
    /// Only those that are online.
    pub(super) online: bool,
    /// Only those whose id begins so.
    pub(super) prefix: String,
    /// Only those whose id has this in it.
    pub(super) contains: String,
    /// Only those in this state.
    #[param(inline)]
    pub(super) state: Option<StateWish>,
    /// Only those whose connection speaks this.
    #[param(schema_with = protocol_schema)]
    pub(super) protocol: Option<ProtocolWish>,
    /// By what they are sorted: by id, or by one of their numbers. Those that are only stored have none, and stand behind
    /// the others, by id.
    #[param(schema_with = sort_schema::<ClientRow>)]
    pub(super) sort: Sort<ClientRow>,
    /// Which way; without, ids upwards and numbers from the largest on.
    #[param(inline)]
    pub(super) order: Option<Direction>,
}

/// A protocol, by its word.
pub(super) struct ProtocolWish(Protocol);

/// A page of clients.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClientsPage {
    pub(super) clients: Vec<ClientJson>,
    /// How many fit, on all pages, those left out that are only stored.
    pub(super) total: usize,
    #[serde(flatten)]
    pub(super) as_of: AsOf,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

/// What is known of a client.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClientJson {
    pub(super) id: String,
    /// Whether it has an open session.
    pub(super) online: bool,
    /// Whether its connection was lost and its session waits for it.
    pub(super) lost: bool,
    /// When it was there last, in milliseconds since 1970; now, while it is.
    pub(super) last_seen_ms: u64,
    /// The name it goes by in rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<String>,
    /// How long it has been connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) connected_s: Option<u64>,
    /// Where it is connected from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<String>,
    /// What it speaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) protocol: Option<&'static str>,
    /// Whether its connection is inside TLS; absent while it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tls: Option<bool>,
    /// Channels it is subscribed to.
    pub(super) subscriptions: usize,
    #[serde(flatten)]
    pub(super) numbers: NumbersJson,
    /// Of a client that is asked for by itself.
    #[serde(flatten)]
    pub(super) session: ClientSessionJson,
}

/// What the session of a client goes by; absent in lists, and without a session.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct ClientSessionJson {
    /// The groups it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<String>>,
    /// What it has shown, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_in_by: Option<String>,
    /// When its session ends at the latest, by what it has shown, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_ms: Option<u64>,
    /// Within which time it has to give a sign of life; absent where it has not.
    #[serde(skip_serializing_if = "Option::is_none")]
    heartbeat_s: Option<u64>,
    /// When it was heard last, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_heard_ms: Option<u64>,
}

/// The numbers of a client; absent of one that is only stored.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct NumbersJson {
    /// Stored messages behind the last one up to which it has acknowledged all, over its persistent subscriptions.
    #[serde(skip_serializing_if = "Option::is_none")]
    lag: Option<u64>,
    /// Bytes that wait to be written to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_bytes: Option<usize>,
    /// Deliveries that were dropped because it does not read fast enough, on this connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    dropped: Option<u64>,
    /// Whether it does not read as fast as it is written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    slow: Option<bool>,
    /// How long ago it was heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    heard_s: Option<u64>,
    /// Its messages and its bytes on the wire, TLS left out.
    #[serde(flatten)]
    rates: RatesJson,
}

/// Channels that a client is subscribed to.
#[derive(Serialize, ToSchema)]
pub(crate) struct SubscriptionsJson {
    pub(super) subscriptions: Vec<ListedSubscription>,
}

/// A channel that a client is subscribed to.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListedSubscription {
    pub(super) channel: String,
    /// Whether it outlives the session.
    pub(super) persistent: bool,
    /// Of a persistent one: stored messages behind the last one up to which all are acknowledged. Absent while the client
    /// is only stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lag: Option<u64>,
    /// Likewise: messages that it was sent and has not acknowledged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unacknowledged: Option<u64>,
}

/// A channel that a client is to be subscribed to.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubscriptionJson {
    pub(super) channel: String,
    /// Whether it outlives the session.
    #[serde(default)]
    pub(super) persistent: bool,
}

/// How a client is disconnected.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Disconnecting {
    /// Why, for the log of the server; the client is not told.
    pub(super) reason: Option<String>,
}

/// How a client is banned.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NewBan {
    /// What it is told.
    pub(super) reason: String,
    /// How long; without, until it is lifted.
    #[schema(value_type = Option<u64>, maximum = 3_153_600_000_u64)]
    pub(super) seconds: Option<Whole<u64>>,
}

/// Who is banned.
#[derive(Serialize, ToSchema)]
pub(crate) struct BansJson {
    pub(super) bans: Vec<BanJson>,
}

/// A client that is banned.
#[derive(Serialize, ToSchema)]
pub(crate) struct BanJson {
    pub(super) client: String,
    pub(super) reason: String,
    /// When it ends, in milliseconds since 1970; absent if it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) until_ms: Option<u64>,
}

/// A token that opens a client's session.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenJson {
    pub(super) client: String,
    pub(super) token: String,
}

impl Default for NewBan {
    fn default() -> Self {
        NewBan { reason: "by the operator".to_owned(), seconds: None }
    }
}

impl From<Ban> for BanJson {
    fn from(ban: Ban) -> Self {
        BanJson { client: ban.client, reason: ban.reason, until_ms: ban.until }
    }
}

impl From<SubscriptionCount> for ListedSubscription {
    fn from(count: SubscriptionCount) -> Self {
        let is_persistent = count.is_persistent;
        ListedSubscription {
            channel: count.channel.as_str().to_owned(),
            persistent: is_persistent,
            lag: is_persistent.then_some(count.lag),
            unacknowledged: is_persistent.then_some(count.unacknowledged),
        }
    }
}

impl From<ClientNumbers> for NumbersJson {
    fn from(ClientNumbers { rates, lag, figures, heard_s }: ClientNumbers) -> Self {
        NumbersJson {
            lag: Some(lag),
            pending_bytes: figures.map(|it| it.waiting_bytes),
            dropped: figures.map(|it| it.dropped_deliveries),
            slow: figures.map(|it| it.is_slow),
            heard_s,
            rates: rates.into(),
        }
    }
}

impl<'de> Deserialize<'de> for ProtocolWish {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        let protocol = Protocol::ALL.into_iter().find(|it| it.as_str() == word);
        protocol.map(ProtocolWish).ok_or_else(|| {
            let words = Protocol::ALL.map(Protocol::as_str);
            D::Error::custom(format!("protocol must be one of {}", words.join(", ")))
        })
    }
}

fn protocol_schema() -> Object {
    let words = Protocol::ALL.map(Protocol::as_str);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

impl ClientsQuery {
    /// Returns which clients are wanted.
    pub(super) fn wish(self) -> Result<ClientsWish, Problem> {
        let order = self.sort.order(self.order);
        let state = self.state.or(self.online.then_some(StateWish::Online));
        let (after, count_max) = (lists::after(&self.after, order)?, self.limit.get());
        let wish = Wish { order, after, count_max };
        let protocol = self.protocol.map(|ProtocolWish(protocol)| protocol);
        let (prefix, contains) = (self.prefix, self.contains);
        Ok(ClientsWish { prefix, contains, state, protocol, wish })
    }
}

impl ClientJson {
    pub(super) fn new((status, numbers): (ClientStatus, Option<ClientNumbers>)) -> Self {
        ClientJson {
            id: status.id,
            online: status.is_online,
            lost: status.is_lost,
            last_seen_ms: status.last_seen_ms,
            account: status.account,
            connected_s: status.connected_for.map(|connected| connected.as_secs()),
            address: status.address.map(|address| address.to_string()),
            protocol: status.protocol,
            tls: status.protocol.map(|_| status.is_tls),
            subscriptions: status.subscription_count,
            numbers: numbers.map(NumbersJson::from).unwrap_or_default(),
            session: ClientSessionJson::default(),
        }
    }

    /// Adds what its session goes by.
    pub(super) fn with_session(self, session: Option<SessionReport>, now_ms: u64) -> Self {
        let Some(SessionReport { rights, heartbeat, .. }) = session else { return self };
        let rights = rights.as_deref();
        let heard_s = self.numbers.heard_s;
        let session = ClientSessionJson {
            groups: Some(rights.map(|it| it.groups().into_iter().collect()).unwrap_or_default()),
            signed_in_by: rights.and_then(|it| it.shown_by()),
            expires_ms: rights.and_then(|it| it.until()),
            heartbeat_s: heartbeat.map(|it| it.as_secs()),
            last_heard_ms: heard_s.map(|heard_s| now_ms.saturating_sub(heard_s * 1000)),
        };
        ClientJson { session, ..self }
    }
}
