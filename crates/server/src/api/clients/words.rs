//! What is said of clients, as JSON.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    Ban,
    api::{page::PageCount, whole::Whole},
    handle::ClientStatus,
};

/// Longest ban that has an end: a hundred years.
pub(super) const BAN_SECONDS_MAX: u64 = 3_153_600_000;

/// Which clients.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct ClientsQuery {
    /// Those behind this id; `next` of the page before.
    pub(super) after: String,
    /// How many.
    #[param(value_type = usize, minimum = 1, maximum = 1000, default = 100)]
    pub(super) limit: PageCount,
    /// Only those that are online.
    pub(super) online: bool,
}

/// A page of clients, by id.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClientsPage {
    pub(super) clients: Vec<ClientJson>,
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
    /// Channels it is subscribed to.
    pub(super) subscriptions: usize,
}

/// Channels that a client is subscribed to.
#[derive(Serialize, ToSchema)]
pub(crate) struct SubscriptionsJson {
    pub(super) subscriptions: Vec<SubscriptionJson>,
}

/// A channel that a client is subscribed to, or is to be.
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

impl From<ClientStatus> for ClientJson {
    fn from(status: ClientStatus) -> Self {
        ClientJson {
            id: status.id,
            online: status.is_online,
            lost: status.is_lost,
            last_seen_ms: status.last_seen_ms,
            account: status.account,
            connected_s: status.connected_for.map(|connected| connected.as_secs()),
            address: status.address.map(|address| address.to_string()),
            protocol: status.protocol,
            subscriptions: status.subscription_count,
        }
    }
}
