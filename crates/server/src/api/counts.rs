//! How many there are of everything, by HTTP.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Serialize;
use tokio::{join, task};
use utoipa::ToSchema;

use super::lists::AsOf;
use crate::{
    asked::Asked,
    census::{ChannelTotals, ClientTotals, Order, Wish},
};

/// How many clients and channels there are.
#[derive(Serialize, ToSchema)]
pub(crate) struct CountsJson {
    clients: ClientCounts,
    channels: ChannelCounts,
    #[serde(flatten)]
    as_of: AsOf,
}

/// Clients by their state.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClientCounts {
    /// All that are known, those included that are only stored as soon as these are counted.
    all: u64,
    /// With an open session.
    online: u64,
    /// Whose connection was lost and whose session waits for it.
    detached: u64,
    /// Neither.
    offline: u64,
    /// Of those online: that do not read as fast as they are written to.
    slow: u64,
    /// Banned, known or not.
    banned: u64,
    /// Of those offline: that are only stored, counted at most a few times a minute. Absent as long as they are being
    /// counted for the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    stored: Option<u64>,
}

/// Channels in use by their kind; one may be of several.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChannelCounts {
    all: u64,
    /// With stored messages that not all persistent subscribers have acknowledged.
    backlog: u64,
    /// With a retained message.
    retained: u64,
    /// Without a subscriber, connected or persistent.
    unheard: u64,
}

/// Counts clients and channels
///
/// By the words by which their lists are filtered. As old as these may be.
#[utoipa::path(
    get, path = "/v1/counts", operation_id = "counts", tag = "server",
    responses((status = 200, description = "The numbers", body = CountsJson))
)]
pub(crate) async fn counts(State(asked): State<Arc<Asked>>) -> Json<CountsJson> {
    let census = &asked.census;
    let (of_clients, of_channels) = (by_name(), by_name());
    let (clients, channels) =
        join!(census.clients.snapshot(&of_clients), census.channels.snapshot(&of_channels));
    let as_of = AsOf::older(&clients, &channels);
    let stored = census.stored.count(asked.handle.hub(), &clients).await;
    let adding_up =
        task::spawn_blocking(move || (ClientTotals::of(&clients), ChannelTotals::of(&channels)));
    let (clients, channels) = adding_up.await.expect("adding up does not panic");
    let only_stored = stored.unwrap_or(0);
    let clients = ClientCounts {
        all: clients.all + only_stored,
        online: clients.online,
        detached: clients.detached,
        offline: clients.offline + only_stored,
        slow: clients.slow,
        banned: asked.handle.bans().len() as u64,
        stored,
    };
    let ChannelTotals { all, backlog, retained, unheard } = channels;
    let channels = ChannelCounts { all, backlog, retained, unheard };
    Json(CountsJson { clients, channels, as_of })
}

fn by_name<R>() -> Wish<R> {
    Wish { order: Order { by: None, is_descending: false }, after: None, count_max: 0 }
}
