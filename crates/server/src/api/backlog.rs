//! What a channel's log holds for those who are behind, by HTTP.

use std::sync::Arc;

use axum::{Json, extract::State};
use rialto_broker::{BacklogReport, Straggler};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use tokio::task;
use utoipa::{IntoParams, ToSchema};

use super::{
    problem::Problem,
    take::{Path, Query},
};
use crate::{asked::Asked, census::Rates};

/// How many of those who are furthest behind are told.
const SLOWEST_COUNT: usize = 10;

/// What a channel's log holds.
#[derive(Serialize, ToSchema)]
pub(crate) struct BacklogJson {
    /// The oldest message that not all persistent subscribers have acknowledged; one behind the end if there is none.
    head: u64,
    /// The last message; 0 if there was none yet.
    end: u64,
    /// How many messages it holds.
    messages: u64,
    /// Bytes that the log takes.
    bytes: u64,
    /// When the oldest was taken in, in milliseconds since 1970; absent where it holds none, or does not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_ms: Option<u64>,
    /// Persistent subscribers that are furthest behind, ten at most.
    slowest: Vec<StragglerJson>,
    /// Persistent subscribers that are not in memory, since they were not there for some seconds.
    not_in_memory: u64,
    /// Most messages and bytes that it may hold; absent without a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    messages_max: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_max: Option<u64>,
    /// In how many seconds a limit is reached, if as much is published as now and nobody acknowledges; absent without a limit,
    /// where nothing is published, and as long as no list of channels was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    full_in_s: Option<u64>,
}

/// A persistent subscriber that is behind.
#[derive(Serialize, ToSchema)]
pub(crate) struct StragglerJson {
    client: String,
    /// The last message up to which it has acknowledged all.
    offset: u64,
    /// Messages behind that one.
    lag: u64,
}

/// Up to where a backlog goes.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct PurgeQuery {
    /// Up to this message, and not all; see `head` and `end` of the backlog.
    #[param(value_type = Option<u64>, minimum = 1)]
    until: Option<Until>,
}

/// The number of a message.
struct Until(u64);

/// What became of a backlog.
#[derive(Serialize, ToSchema)]
pub(crate) struct PurgedJson {
    /// How many messages were dropped.
    dropped: u64,
}

impl<'de> Deserialize<'de> for Until {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // As text, because what stands in a query is none of JSON's numbers; the document's integers have 63 bits.
        let text = String::deserialize(deserializer)?;
        let number = text.parse::<i64>().ok().filter(|number| 0 < *number);
        let number = number.and_then(|number| u64::try_from(number).ok());
        number.map(Until).ok_or_else(|| D::Error::custom("until must be a number from 1"))
    }
}

impl BacklogJson {
    fn new(
        (report, now_ms): (BacklogReport, u64),
        (slowest, not_in_memory): (Vec<Straggler>, u64),
        rates: Rates,
    ) -> Self {
        let limit = |max: u64| (0 < max).then_some(max);
        let (messages_max, bytes_max) =
            (limit(report.limits.messages_max), limit(report.limits.bytes_max));
        let [in_rate, _, in_byte_rate, _] = rates.known().unwrap_or_default().map(f64::from);
        let full_in = |max: Option<u64>, held: u64, rate: f64| {
            let left = max?.saturating_sub(held) as f64;
            (0.0 < rate).then(|| (left / rate) as u64)
        };
        let full_in_s = [
            full_in(messages_max, report.count, in_rate),
            full_in(bytes_max, report.bytes, in_byte_rate),
        ];
        let straggler = |it: Straggler| StragglerJson {
            client: it.client.as_str().to_owned(),
            offset: it.offset,
            lag: it.lag,
        };
        BacklogJson {
            head: report.head,
            end: report.end,
            messages: report.count,
            bytes: report.bytes,
            oldest_ms: report.oldest_ms.map(|age| now_ms.saturating_sub(age)),
            slowest: slowest.into_iter().map(straggler).collect(),
            not_in_memory,
            messages_max,
            bytes_max,
            full_in_s: full_in_s.into_iter().flatten().min(),
        }
    }
}

/// Shows what a channel's log holds
///
/// The messages stored for persistent subscribers that not all of them have acknowledged, and who is furthest behind.
#[utoipa::path(
    get, path = "/v1/channels/{channel}/backlog", operation_id = "backlog", tag = "channels",
    params(("channel" = String, Path, min_length = 1, description = "Its name, percent-encoded")),
    responses(
        (status = 200, description = "What it holds", body = BacklogJson),
        (status = 404, description = "The channel is not in use"),
    )
)]
pub(crate) async fn backlog(
    State(asked): State<Arc<Asked>>,
    Path(channel): Path<String>,
) -> Result<Json<BacklogJson>, Problem> {
    let unknown = || Problem::unknown_channel(&channel);
    let hub = asked.handle.hub().clone();
    let report = hub.round(|broker| broker.backlog(&channel)).ok_or_else(unknown)?;
    let (name, now_ms) = (channel.clone(), hub.now().unix_ms);
    let walking = task::spawn_blocking(move || hub.walk_stragglers(&name, SLOWEST_COUNT));
    let slowest = walking.await.expect("walking does not panic").ok_or_else(unknown)?;
    let kept = asked.census.channels.kept();
    let rates = kept.as_ref().and_then(|it| it.get(&channel)).map_or(Rates::UNKNOWN, |it| it.rates);
    Ok(Json(BacklogJson::new((report, now_ms), slowest, rates)))
}

/// Drops what a channel's log holds
///
/// Persistent subscribers that have not acknowledged it go on behind it, connected or not. Whole pages go, messages that were
/// published together, so that a few before `until` may stay. All of it is gone for good once this is answered.
#[utoipa::path(
    delete, path = "/v1/channels/{channel}/backlog", operation_id = "purge_backlog", tag = "channels",
    params(
        ("channel" = String, Path, min_length = 1, description = "Its name, percent-encoded"),
        PurgeQuery,
    ),
    responses(
        (status = 200, description = "How many messages went", body = PurgedJson),
        (status = 404, description = "The channel is not in use"),
        (status = 503, description = "The store cannot drop them now; some may be gone"),
    )
)]
pub(crate) async fn purge(
    State(asked): State<Arc<Asked>>,
    Path(channel): Path<String>,
    Query(PurgeQuery { until }): Query<PurgeQuery>,
) -> Result<Json<PurgedJson>, Problem> {
    let dropped = asked.handle.purge(&channel, until.map(|Until(until)| until)).await?;
    let dropped = dropped.ok_or_else(|| Problem::unknown_channel(&channel))?;
    Ok(Json(PurgedJson { dropped }))
}
