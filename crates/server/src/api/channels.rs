//! Channels by HTTP, and the counters.

mod words;

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use rialto_broker::Stats;
use serde_json::value::RawValue;
use tokio::task;

use super::{
    large::{Large, Lender},
    lists::{self, AsOf},
    page::HistoryCount,
    problem::Problem,
    take::{Path, Query},
};
use crate::{
    asked::Asked,
    census::{Rates, Wish},
};

use self::words::{
    ChannelJson, ChannelsPage, ChannelsQuery, HistoryJson, HistoryQuery, KeptMessage,
    SubscriberJson, SubscribersPage, SubscribersQuery,
};

/// What a message takes in a history, besides its publisher and its payload.
const MESSAGE_BYTES: usize = 64;

/// Lists channels in use
#[utoipa::path(
    get, path = "/v1/channels", operation_id = "list_channels", tag = "channels", params(ChannelsQuery),
    responses(
        (status = 200, description = "A page of them", body = ChannelsPage),
        (status = 422, description = "after is not of a page in this order"),
        (status = 503, description = "There is no room for a large answer now"),
    )
)]
pub(crate) async fn list(
    State(asked): State<Arc<Asked>>,
    lender: Lender,
    Query(query): Query<ChannelsQuery>,
) -> Result<Large<ChannelsPage>, Problem> {
    let lent = lender.lend(query.limit.bytes()).await?;
    let wish = query.wish()?;
    let order = wish.wish.order;
    let snapshot = asked.census.channels.snapshot(&wish.wish).await;
    let as_of = AsOf::new(&snapshot);
    let listing = task::spawn_blocking(move || wish.part(&snapshot));
    let part = listing.await.expect("listing does not panic");
    let channels = part.rows.iter().map(|row| ChannelJson::new(&row.count, row.rates)).collect();
    let (next, total) = (lists::next(part.next.as_ref(), order), part.total);
    Ok(Large(lent, ChannelsPage { channels, total, as_of, next }))
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
    let count = asked.handle.hub().round(|broker| broker.count_channel(&channel));
    let count = count.ok_or_else(|| Problem::unknown_channel(&channel))?;
    let kept = asked.census.channels.kept();
    let counted = kept.as_ref().and_then(|it| it.get(&channel));
    let counted = counted.filter(|row| row.count.key == count.key);
    Ok(Json(ChannelJson::new(&count, counted.map_or(Rates::UNKNOWN, |row| row.rates))))
}

/// Lists the subscribers of a channel
///
/// Persistent subscribers that were not there for some seconds are counted only.
#[utoipa::path(
    get, path = "/v1/channels/{channel}/subscribers", tag = "channels",
    params(("channel" = String, Path, min_length = 1, description = "Its name, percent-encoded"), SubscribersQuery),
    responses(
        (status = 200, description = "A page of them", body = SubscribersPage),
        (status = 404, description = "The channel is not in use"),
        (status = 422, description = "after is not of a page in this order"),
        (status = 503, description = "There is no room for a large answer now"),
    )
)]
pub(crate) async fn subscribers(
    State(asked): State<Arc<Asked>>,
    lender: Lender,
    Path(channel): Path<String>,
    Query(query): Query<SubscribersQuery>,
) -> Result<Large<SubscribersPage>, Problem> {
    let lent = lender.lend(query.limit.bytes()).await?;
    let order = query.sort.order(query.order);
    let (after, count_max) = (lists::after(&query.after, order)?, query.limit.get());
    let (wish, prefix) = (Wish { order, after, count_max }, query.prefix);
    let list = asked.census.subscribers.of(asked.handle.hub(), &channel).await;
    let list = list.ok_or_else(|| Problem::unknown_channel(&channel))?;
    let (as_of, not_in_memory) = (AsOf::new(&list.snapshot), list.stored_count);
    let listing = task::spawn_blocking(move || {
        list.snapshot.part(&wish, |row| row.0.client.as_str().starts_with(&prefix))
    });
    let part = listing.await.expect("listing does not panic");
    let subscribers = part.rows.iter().map(|row| SubscriberJson::from(&row.0)).collect();
    let (next, total) = (lists::next(part.next.as_ref(), order), part.total);
    Ok(Large(lent, SubscribersPage { subscribers, total, not_in_memory, as_of, next }))
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
