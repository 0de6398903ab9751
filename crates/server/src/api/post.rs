//! Publishing to the channel that the path names, with a body that is the message itself.

use std::{str, sync::Arc};

use axum::{
    Extension,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
};
use rialto_domain::Qos;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    problem::Problem,
    publish::{BATCH_COUNT_MAX, qos_of},
    take::{self, Path, Query, Raw},
};
use crate::{
    asked::Asked,
    guests::Asker,
    handle::{Delivery, Message, PublishError},
    repeats::{Clash, KEY_BYTES_MAX, Known},
};

/// What stands around a JSON text without being part of it.
const JSON_SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// How the messages of a body are delivered.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct PostQuery {
    /// 0, or 1 to have them stored for persistent subscribers before this is answered.
    #[param(minimum = 0, maximum = 1)]
    qos: u8,
    /// Whether each becomes the channel's retained message.
    retain: bool,
}

/// What became of the lines of a body.
#[derive(Serialize, ToSchema)]
pub(crate) struct LinesResult {
    /// How many lines were published.
    published: usize,
    /// Those that were not.
    refused: Vec<RefusedLine>,
}

/// A line that was not published.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefusedLine {
    /// Which line of the body it is; the first is 1.
    line: usize,
    /// Why it was refused.
    problem: Problem,
}

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// One message, a JSON text.
    Json,
    /// One message, a text that becomes a JSON string.
    Text,
    /// One message a line, each a JSON text.
    Lines,
}

impl PostQuery {
    fn delivery(&self) -> Result<Delivery, Problem> {
        Ok(Delivery { qos: qos_of(self.qos)?, retain: self.retain })
    }
}

impl Form {
    /// Returns what the headers say. Programs that say nothing send JSON, and so do those that say what
    /// `curl -d` says of whatever it sends.
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        match take::essence(headers).as_deref() {
            None | Some("application/x-www-form-urlencoded") => Ok(Form::Json),
            Some("text/plain") => Ok(Form::Text),
            Some("application/x-ndjson") => Ok(Form::Lines),
            Some(essence) if take::is_json(essence) => Ok(Form::Json),
            Some(essence) => {
                let wanted = "application/json, text/plain or application/x-ndjson";
                Err(take::unsupported_type(essence, wanted))
            }
        }
    }
}

/// Publishes to a channel
///
/// The body is the message: any JSON; or with the type `text/plain` a text, which subscribers get as
/// a JSON string; or with `application/x-ndjson` up to 1,000 messages, one a line. A client publishes by its
/// rights and limits, as in any dialect, and is its publisher; with a key the publisher is empty. With qos 1 the answer comes once all is stored and synced. A line that is refused
/// keeps none of the others back; empty lines are passed over.
#[utoipa::path(
    post, path = "/v1/channels/{channel}/messages", tag = "publish",
    params(
        ("channel" = String, Path, min_length = 1, description = "A channel, or #client for one client, percent-encoded"),
        PostQuery,
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, description = "A name of this request, for ten minutes: sent again with the same name, it is answered as before and not carried out again"),
    ),
    request_body(content((Value = "application/json"), (String = "text/plain"), (String = "application/x-ndjson"))),
    responses(
        (status = 200, description = "What became of the lines", body = LinesResult),
        (status = 204, description = "The message is published"),
        (status = 409, description = "The client is offline, or the same request is being carried out"),
        (status = 503, description = "The store cannot take it now"),
        (status = 507, description = "As much is retained as may be"),
    )
)]
pub(crate) async fn publish_to(
    State(asked): State<Arc<Asked>>,
    Path(channel): Path<String>,
    Query(query): Query<PostQuery>,
    Extension(asker): Extension<Asker>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<Response, Problem> {
    let (form, delivery) = (Form::of(&headers)?, query.delivery()?);
    let about = format!("{channel:?} {form:?} {delivery:?}");
    let request = match repeated(&asked, &asker, &headers, &[about.as_bytes(), &body])? {
        Some(Known::Answered(text)) => return Ok(answer(text)),
        Some(Known::New(request)) => Some(request),
        None => None,
    };
    let text = publish_body((&asked, &asker), &channel, (form, text_of(&body)?), delivery).await?;
    if let Some(request) = request {
        request.answered(text.clone());
    }
    Ok(answer(text))
}

/// Replaces a channel's retained message
///
/// The body is the message, as for `POST` of `messages`: it is published with QoS 1, so that subscribers get it as well, and
/// stored and synced when this is answered.
#[utoipa::path(
    put, path = "/v1/channels/{channel}/retained", operation_id = "put_retained", tag = "publish",
    params(("channel" = String, Path, min_length = 1, description = "A channel, percent-encoded")),
    request_body(content((Value = "application/json"), (String = "text/plain"))),
    responses(
        (status = 204, description = "It is retained"),
        (status = 409, description = "The client is offline"),
        (status = 503, description = "The store cannot take it now"),
        (status = 507, description = "As much is retained as may be"),
    )
)]
pub(crate) async fn put_retained(
    State(asked): State<Arc<Asked>>,
    Path(channel): Path<String>,
    Extension(asker): Extension<Asker>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<StatusCode, Problem> {
    let form = Form::of(&headers)?;
    if form == Form::Lines {
        let wanted = "application/json or text/plain";
        return Err(take::unsupported_type("application/x-ndjson", wanted));
    }
    let delivery = Delivery { qos: Qos::AtLeastOnce, retain: true };
    publish_body((&asked, &asker), &channel, (form, text_of(&body)?), delivery).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns what is known of a request that carries a key of its own; `None` of one that does not.
fn repeated(
    asked: &Asked,
    asker: &Asker,
    headers: &HeaderMap,
    content: &[&[u8]],
) -> Result<Option<Known>, Problem> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    if !(1..=KEY_BYTES_MAX).contains(&key.len()) {
        let detail = format!("Idempotency-Key must have 1 to {KEY_BYTES_MAX} bytes");
        return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
    }
    let who = match asker {
        Asker::Key { name, .. } => format!("key {name}"),
        Asker::Client(guest) => format!("client {}", guest.client),
    };
    asked.repeats.look_up(&who, key.as_bytes(), content).map(Some).map_err(|clash| {
        let status = match clash {
            Clash::UnderWay => StatusCode::CONFLICT,
            Clash::Other => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Problem::new(status, clash.to_string())
    })
}

/// Answers with what became of the lines of a body, or with nothing.
fn answer(lines: Option<String>) -> Response {
    match lines {
        Some(text) => ([(CONTENT_TYPE, "application/json")], text).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    }
}

/// Publishes a body; returns what became of its lines, if it has any.
async fn publish_body(
    (asked, asker): (&Asked, &Asker),
    channel: &str,
    (form, text): (Form, &str),
    delivery: Delivery,
) -> Result<Option<String>, Problem> {
    if form == Form::Lines {
        let result = publish_lines((asked, asker), channel, text, delivery).await?;
        let text = serde_json::to_string(&result).expect("it has no map");
        return Ok(Some(text));
    }
    let quoted = (form == Form::Text).then(|| serde_json::Value::from(text).to_string());
    let payload = quoted.as_deref().unwrap_or_else(|| text.trim_matches(JSON_SPACE));
    let message = Message { channel, payload, delivery };
    let mut results = publish(asked, asker, &[message]).await;
    results.pop().expect("each message has a result")?;
    Ok(None)
}

/// Publishes in the name of whoever asks.
async fn publish(
    asked: &Asked,
    asker: &Asker,
    messages: &[Message<'_>],
) -> Vec<Result<(), PublishError>> {
    match asker {
        Asker::Key { .. } => asked.handle.publish_all(messages).await,
        Asker::Client(guest) => asked.handle.publish_as((&asked.guests, guest), messages).await,
    }
}

async fn publish_lines(
    (asked, asker): (&Asked, &Asker),
    channel: &str,
    text: &str,
    delivery: Delivery,
) -> Result<LinesResult, Problem> {
    let lines = text.split('\n').map(|line| line.trim_matches(JSON_SPACE)).zip(1_usize..);
    let full = lines.filter(|(line, _)| !line.is_empty());
    // One more than may be shows that there are too many, however many they are.
    let full: Vec<_> = full.take(BATCH_COUNT_MAX + 1).collect();
    if BATCH_COUNT_MAX < full.len() {
        let detail =
            format!("a body may have {BATCH_COUNT_MAX} lines with messages; none was published");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    let messages: Vec<_> =
        full.iter().map(|&(payload, _)| Message { channel, payload, delivery }).collect();
    let results = publish(asked, asker, &messages).await;
    let refused: Vec<_> = full
        .iter()
        .zip(results)
        .filter_map(|(&(_, line), result)| {
            result.err().map(|error| RefusedLine { line, problem: error.into() })
        })
        .collect();
    Ok(LinesResult { published: full.len() - refused.len(), refused })
}

fn text_of(body: &Bytes) -> Result<&str, Problem> {
    str::from_utf8(body).map_err(|error| {
        let detail = format!("the body is no UTF-8: {error}");
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    })
}
