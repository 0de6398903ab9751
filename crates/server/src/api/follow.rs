//! Following channels: an answer that goes on, with each message as it comes.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension,
    extract::State,
    http::{
        HeaderMap, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue},
    },
    response::{IntoResponse as _, Response},
};
use rialto_domain::Admission;
use rialto_wire::follow::Carrier;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    accept::wants_events,
    problem::Problem,
    take::{Path, Query},
};
use crate::{
    asked::Asked,
    follow::{Follower, NotFollowed, Start, Wanted, body},
    guests::Asker,
};

/// Most channels of one request.
const CHANNELS_MAX: usize = 64;
/// How often something is said at least, in seconds, unless another number is asked for.
const HEARTBEAT_SECONDS: u64 = 15;
const HEARTBEAT_SECONDS_MAX: u64 = 300;

/// Where a reader begins, and how often it is told that the server is there.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct FollowQuery {
    /// Begin with what the channel's history has since then: `all`, the id of a message, a time in
    /// milliseconds since 1970, or how long ago, such as `10m`. A field `Last-Event-ID` goes before it.
    since: Option<String>,
    /// Whether the channel's retained message comes first; not together with `since`.
    #[param(value_type = bool, default = true)]
    retained: Option<String>,
    /// After how many quiet seconds something is said nevertheless.
    #[param(value_type = u32, minimum = 1, maximum = 300, default = 15)]
    heartbeat: Option<String>,
    /// A ticket, in place of a key or token: see `/v1/tickets`.
    ticket: Option<String>,
}

/// Which channels, and all the rest: read by hand, as a name may come several times.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SeveralQuery {
    /// A channel; once for each, 64 at most.
    #[expect(dead_code, reason = "it only documents what is read by hand")]
    channel: Vec<String>,
}

/// Follows a channel
///
/// The answer goes on until its reader closes the connection: as Server-Sent Events where `Accept` names
/// `text/event-stream`, otherwise as lines of JSON with the same objects. Each message has an id, behind
/// which a reader that comes back can go on: with `Last-Event-ID`, as browsers send it, or `since`. Where
/// messages may be missing, because the history does not reach back so far, there is an event `gap`. A
/// reader that is too slow, or that the server sends away, is told why in an event `end`.
#[utoipa::path(
    get, path = "/v1/channels/{channel}/messages", operation_id = "follow_channel", tag = "messages",
    params(
        ("channel" = String, Path, min_length = 1, description = "Its name, percent-encoded"),
        FollowQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the message that was read last"),
    ),
    responses((status = 200, description = "The messages", content(
        (String = "application/jsonl"), (String = "text/event-stream"),
    )))
)]
pub(crate) async fn follow_channel(
    State(asked): State<Arc<Asked>>,
    Extension(asker): Extension<Asker>,
    headers: HeaderMap,
    Path(channel): Path<String>,
    Query(query): Query<FollowQuery>,
) -> Result<Response, Problem> {
    follow(&asked, asker, &headers, (vec![channel], &query)).await
}

/// Follows several channels
///
/// As one channel is followed; each message says which it is from.
#[utoipa::path(
    get, path = "/v1/messages", operation_id = "follow_channels", tag = "messages",
    params(
        SeveralQuery,
        FollowQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the message that was read last"),
    ),
    responses((status = 200, description = "The messages", content(
        (String = "application/jsonl"), (String = "text/event-stream"),
    )))
)]
pub(crate) async fn follow_channels(
    State(asked): State<Arc<Asked>>,
    Extension(asker): Extension<Asker>,
    headers: HeaderMap,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let mut channels = Vec::new();
    let mut query = FollowQuery::default();
    for (name, value) in pairs {
        match name.as_str() {
            // Twice the same is once.
            "channel" if channels.contains(&value) => {}
            "channel" => channels.push(value),
            "since" => query.since = Some(value),
            "retained" => query.retained = Some(value),
            "heartbeat" => query.heartbeat = Some(value),
            // The ticket was taken; others were refused before.
            _ => {}
        }
    }
    if channels.is_empty() || CHANNELS_MAX < channels.len() {
        let detail = format!("name 1 to {CHANNELS_MAX} channels, each as channel=NAME");
        return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
    }
    follow(&asked, asker, &headers, (channels, &query)).await
}

async fn follow(
    asked: &Asked,
    asker: Asker,
    headers: &HeaderMap,
    (channels, query): (Vec<String>, &FollowQuery),
) -> Result<Response, Problem> {
    let carrier = if wants_events(headers) { Carrier::Events } else { Carrier::Lines };
    let (start, heartbeat) = (query.start(headers)?, query.heartbeat()?);
    let wanted = Wanted { channels, start, carrier };
    let hub = asked.handle.hub();
    let (caller, admission, guest) = match asker {
        Asker::Client(guest) => {
            let permitted = guest.permitted_to_follow(hub, &wanted.channels).await;
            permitted.map_err(Problem::from)?;
            (guest.caller.clone(), guest.admission.clone(), Some(guest))
        }
        Asker::Key { caller, .. } => (caller, Admission::default(), None),
    };
    let bytes_max = asked.handle.settings().limits.outbox_bytes_max.as_usize();
    let begun = Follower::begin(hub, caller, &wanted, (&admission, bytes_max)).await;
    let follower = begun.map_err(|NotFollowed { what, reject }| {
        let Some((action, channel)) = what else { return Problem::from(reject) };
        if let Some(guest) = guest {
            guest.note_refused(hub, action, &channel, &reject);
        }
        Problem::from(reject).about(&format!("channel {channel:?}"))
    })?;
    let media_type = match carrier {
        Carrier::Events => "text/event-stream",
        Carrier::Lines => "application/jsonl",
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, body(follower, heartbeat)).into_response())
}

impl FollowQuery {
    /// Returns where the reader begins.
    fn start(&self, headers: &HeaderMap) -> Result<Start, Problem> {
        let bad = |detail: String| Problem::new(StatusCode::BAD_REQUEST, detail);
        if let Some(last) = headers.get("last-event-id") {
            let position = last.to_str().ok().and_then(|text| text.parse().ok());
            let position = position.ok_or_else(|| {
                bad("Last-Event-ID is not the id of a message of this server".to_owned())
            })?;
            return Ok(Start::Behind(position));
        }
        let since = self.since.as_ref().filter(|since| !since.is_empty());
        match (since, self.retained.as_deref()) {
            (Some(since), _) => since.parse().map_err(bad),
            (None, None | Some("true")) => Ok(Start::Now { retained: true }),
            (None, Some("false")) => Ok(Start::Now { retained: false }),
            (None, Some(_)) => Err(bad("retained must be true or false".to_owned())),
        }
    }

    fn heartbeat(&self) -> Result<Duration, Problem> {
        let Some(text) = &self.heartbeat else {
            return Ok(Duration::from_secs(HEARTBEAT_SECONDS));
        };
        let seconds = text.parse().ok().filter(|it| (1..=HEARTBEAT_SECONDS_MAX).contains(it));
        seconds.map(Duration::from_secs).ok_or_else(|| {
            let detail = format!("heartbeat must be 1 to {HEARTBEAT_SECONDS_MAX} seconds");
            Problem::new(StatusCode::BAD_REQUEST, detail)
        })
    }
}
