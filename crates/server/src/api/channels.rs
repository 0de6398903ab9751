//! Channels by HTTP, and the counters.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use rialto_broker::Stats;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::{
    large::{Large, Lender},
    page::{HistoryCount, PageCount},
    problem::Problem,
    take::{Path, Query},
};
use crate::{asked::Asked, handle::ChannelStatus};

/// What a message takes in a history, besides its publisher and its payload.
const MESSAGE_BYTES: usize = 64;

/// Which channels.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct ChannelsQuery {
    /// Those behind this name; `next` of the page before.
    after: String,
    /// How many.
    #[param(value_type = usize, minimum = 1, maximum = 1000, default = 100)]
    limit: PageCount,
}

/// How much of a history.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct HistoryQuery {
    /// So many messages at most, the latest; without it all that there are.
    #[param(value_type = usize, minimum = 1)]
    limit: HistoryCount,
}

/// A page of channels in use, by name.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChannelsPage {
    channels: Vec<ChannelJson>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// What is known of a channel.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChannelJson {
    name: String,
    /// Connected subscribers.
    subscribers: usize,
    /// Persistent subscribers, connected or not.
    persistent_subscribers: usize,
    /// Whether it has a retained message.
    retained: bool,
    /// Messages of its history.
    history: usize,
    /// Stored messages that not all persistent subscribers have acknowledged.
    log_messages: u64,
    /// Bytes of these.
    log_bytes: u64,
}

/// A message that a channel keeps.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeptMessage {
    /// Who published it; empty for the server.
    publisher: String,
    /// When, in milliseconds since 1970, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_ms: Option<u64>,
    /// The message, as it was written.
    #[schema(value_type = Value)]
    payload: Box<RawValue>,
}

/// The last messages of a channel, oldest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct HistoryJson {
    messages: Vec<KeptMessage>,
}

impl From<ChannelStatus> for ChannelJson {
    fn from(status: ChannelStatus) -> Self {
        ChannelJson {
            name: status.name,
            subscribers: status.subscriber_count,
            persistent_subscribers: status.persistent_count,
            retained: status.has_retained,
            history: status.history_count,
            log_messages: status.log_count,
            log_bytes: status.log_bytes,
        }
    }
}

/// Lists channels in use
#[utoipa::path(
    get, path = "/v1/channels", operation_id = "list_channels", tag = "channels", params(ChannelsQuery),
    responses(
        (status = 200, description = "A page of them", body = ChannelsPage),
        (status = 503, description = "There is no room for a large answer now"),
    )
)]
pub(crate) async fn list(
    State(asked): State<Arc<Asked>>,
    lender: Lender,
    Query(query): Query<ChannelsQuery>,
) -> Result<Large<ChannelsPage>, Problem> {
    let lent = lender.lend(query.limit.bytes()).await?;
    let find = |count| asked.handle.channels(&query.after, count);
    let (channels, next) = query.limit.page(find, |last| last.name.clone());
    let channels = channels.into_iter().map(ChannelJson::from).collect();
    Ok(Large(lent, ChannelsPage { channels, next }))
}

/// Shows a channel
#[utoipa::path(
    get, path = "/v1/channels/{channel}", operation_id = "show_channel", tag = "channels",
    params(("channel" = String, Path, min_length = 1, description = "Its name, percent-encoded")),
    responses(
        (status = 200, description = "What is known of it", body = ChannelJson),
        (status = 404, description = "The channel is not in use"),
    )
)]
pub(crate) async fn show(
    State(asked): State<Arc<Asked>>,
    Path(channel): Path<String>,
) -> Result<Json<ChannelJson>, Problem> {
    let status = asked.handle.channel(&channel);
    status.map(|it| Json(it.into())).ok_or_else(|| Problem::unknown_channel(&channel))
}

/// Reads a channel's retained message
#[utoipa::path(
    get, path = "/v1/channels/{channel}/retained", tag = "channels",
    params(("channel" = String, Path, min_length = 1, description = "Its name, percent-encoded")),
    responses(
        (status = 200, description = "The message", body = KeptMessage),
        (status = 404, description = "The channel has no retained message"),
        (status = 503, description = "There is no room for a large answer now"),
    )
)]
pub(crate) async fn retained(
    State(asked): State<Arc<Asked>>,
    lender: Lender,
    Path(channel): Path<String>,
) -> Result<Large<KeptMessage>, Problem> {
    let bytes = asked.handle.hub().round(|broker| broker.retained_bytes(&channel));
    let lent = lender.lend(bytes).await?;
    let Some(message) = asked.handle.retained(&channel) else {
        return Err(Problem::unknown_retained(&channel));
    };
    let (publisher, payload) = (message.publisher, raw(message.payload));
    Ok(Large(lent, KeptMessage { publisher, at_ms: None, payload }))
}

/// Removes a channel's retained message
///
/// It is gone for good once this is answered. Subscribers are told nothing.
#[utoipa::path(
    delete, path = "/v1/channels/{channel}/retained", tag = "channels",
    params(("channel" = String, Path, min_length = 1, description = "Its name, percent-encoded")),
    responses(
        (status = 204, description = "It is removed"),
        (status = 404, description = "The channel has no retained message"),
        (status = 503, description = "The store cannot remove it now"),
    )
)]
pub(crate) async fn remove_retained(
    State(asked): State<Arc<Asked>>,
    Path(channel): Path<String>,
) -> Result<StatusCode, Problem> {
    match asked.handle.remove_retained(&channel).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::unknown_retained(&channel)),
    }
}

/// Reads the last messages of a channel
#[utoipa::path(
    get, path = "/v1/channels/{channel}/history", tag = "channels",
    params(("channel" = String, Path, min_length = 1, description = "Its name, percent-encoded"), HistoryQuery),
    responses(
        (status = 200, description = "The messages; none of a channel that is not in use", body = HistoryJson),
        (status = 503, description = "There is no room for a large answer now"),
    )
)]
pub(crate) async fn history(
    State(asked): State<Arc<Asked>>,
    lender: Lender,
    Path(channel): Path<String>,
    Query(HistoryQuery { limit: HistoryCount(count_max) }): Query<HistoryQuery>,
) -> Result<Large<HistoryJson>, Problem> {
    let bytes = asked.handle.hub().round(|broker| {
        broker.settle();
        let latest = broker.latest(&channel, count_max);
        latest
            .map(|(source, payload)| {
                MESSAGE_BYTES + source.publisher.as_str().len() + payload.len()
            })
            .sum()
    });
    let lent = lender.lend(bytes).await?;
    let messages = asked.handle.latest(&channel, count_max).into_iter();
    let messages = messages.map(|message| KeptMessage {
        publisher: message.publisher,
        at_ms: (message.at_ms > 0).then_some(message.at_ms),
        payload: raw(message.payload),
    });
    Ok(Large(lent, HistoryJson { messages: messages.collect() }))
}

/// Reads the counters, named as in the control channel `$stats`
#[utoipa::path(
    get, path = "/v1/stats", tag = "server",
    responses(
        (status = 200, description = "Counters since the start, and gauges", body = Object),
    )
)]
pub(crate) async fn stats(State(asked): State<Arc<Asked>>) -> Json<Stats> {
    Json(asked.handle.stats())
}

fn raw(payload: String) -> Box<RawValue> {
    RawValue::from_string(payload).expect("what is kept was checked to be JSON")
}
