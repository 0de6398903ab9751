//! Messages as they pass, by HTTP.

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{
        HeaderMap, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue},
    },
    response::{IntoResponse as _, Response},
};
use rialto_broker::TailScope;
use rialto_domain::ClientId;
use serde::{Deserialize, Deserializer, de::Error as _};
use utoipa::IntoParams;

use super::{accept::wants_events, asking::Terms, key::MayInspect, problem::Problem, take::Query};
use crate::{
    asked::Asked,
    audit::word,
    tail::{Filter, Form, RATE_MAX, TAILS_MAX, Tail, Wanted, stream},
};

/// Messages a second, unless another number is asked for.
const RATE: u32 = 50;

/// Which messages.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct TailQuery {
    /// Messages to this channel.
    channel: Option<String>,
    /// Messages that this client published, or that were sent to it.
    client: Option<String>,
    /// Messages in whose payload this holds: terms such as `/temperature > 30`, with `and` between them.
    #[param(value_type = Option<String>)]
    filter: Option<Wish>,
    /// Most messages a second; the others are counted.
    #[param(value_type = u32, minimum = 1, maximum = 200, default = 50)]
    rate: Rate,
}

/// A filter that was asked for.
struct Wish(Filter);

/// How many messages a second.
struct Rate(u32);

impl Default for Rate {
    fn default() -> Self {
        Rate(RATE)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = || D::Error::custom(format!("rate must be a number from 1 to {RATE_MAX}"));
        let text = String::deserialize(deserializer)?;
        let rate = text.parse().ok().filter(|rate| (1..=RATE_MAX).contains(rate));
        rate.map(Rate).ok_or_else(wrong)
    }
}

impl<'de> Deserialize<'de> for Wish {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Filter::parse(&text).map(Wish).map_err(D::Error::custom)
    }
}

/// Follows messages as they pass
///
/// Each message that a publisher sends, what became of it, and why. The answer goes on until its reader
/// closes the connection: as Server-Sent Events where `Accept` names `text/event-stream`, otherwise as lines
/// of JSON with the same objects. The events are `message`, `dropped` (deliveries to a slow consumer) and
/// `count`: what passed since the last one. Payloads and filters need the right `inspect`; without it a
/// message is told with the size of its payload.
#[utoipa::path(
    get, path = "/v1/tail", operation_id = "tail", tag = "messages", params(TailQuery),
    responses(
        (status = 200, description = "The messages", content(
            (String = "application/jsonl"), (String = "text/event-stream"),
        )),
        (status = 503, description = "64 others look already"),
    )
)]
pub(crate) async fn tail(
    State(asked): State<Arc<Asked>>,
    Extension(MayInspect(may_inspect)): Extension<MayInspect>,
    headers: HeaderMap,
    Query(query): Query<TailQuery>,
) -> Result<Response, Problem> {
    let TailQuery { channel, client, filter, rate } = query;
    if filter.is_some() && !may_inspect {
        let detail = "a filter tells what stands in payloads: the key must allow \"inspect\" \
                      (api.keys)";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    let wanted = Wanted {
        scope: TailScope {
            channel: channel.clone(),
            client: client.as_deref().map(ClientId::from),
        },
        filter: filter.map(|Wish(filter)| filter),
        has_payloads: may_inspect,
        rate: rate.0,
    };
    let Some(tail) = Tail::begin(asked.handle.hub(), &asked.tail_places, wanted) else {
        let detail = format!("{TAILS_MAX} others look at messages already; try again later");
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail));
    };
    let looked = if may_inspect { word::PAYLOADS_INSPECTED } else { word::TAIL_OPENED };
    let terms = Terms { channel, client, looked: Some(looked), ..Terms::default() };
    let form = if wants_events(&headers) { Form::Events } else { Form::Lines };
    let body: Body = stream(tail, form, asked.stopping.clone());
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(form.media_type())),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, Extension(terms), body).into_response())
}
