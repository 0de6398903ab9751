//! Publishing by HTTP.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use rialto_domain::Qos;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{object::Object, problem::Problem, take::Body, whole::Whole};
use crate::{
    asked::Asked,
    handle::{Delivery, Message},
};

/// Messages a batch may have.
pub(super) const BATCH_COUNT_MAX: usize = 1000;

/// A message to publish.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMessage {
    /// A channel, or `#client` for one client.
    channel: String,
    /// Any JSON; it is carried as it is written.
    #[schema(value_type = Value)]
    payload: Box<RawValue>,
    /// 0, or 1 to have it stored for persistent subscribers before this is answered.
    #[serde(default)]
    #[schema(value_type = u8, minimum = 0, maximum = 1)]
    qos: Whole<u8>,
    /// Whether it becomes the channel's retained message.
    #[serde(default)]
    retain: bool,
}

/// Messages to publish, in their order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Batch {
    /// At most 1,000.
    #[schema(value_type = Vec<NewMessage>, max_items = 1000)]
    messages: Vec<Object<NewMessage>>,
}

/// What became of a batch.
#[derive(Serialize, ToSchema)]
pub(crate) struct BatchResult {
    /// One for each message, in their order.
    results: Vec<MessageResult>,
}

/// What became of one message.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageResult {
    /// Whether it was published.
    published: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

impl NewMessage {
    fn message(&self) -> Result<Message<'_>, Problem> {
        let qos = qos_of(self.qos.0)?;
        let delivery = Delivery { qos, retain: self.retain };
        Ok(Message { channel: &self.channel, payload: self.payload.get(), delivery })
    }
}

/// Returns the QoS that a request names.
pub(super) fn qos_of(number: u8) -> Result<Qos, Problem> {
    match number {
        0 => Ok(Qos::AtMostOnce),
        1 => Ok(Qos::AtLeastOnce),
        _ => {
            let detail = "qos must be 0 or 1";
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail))
        }
    }
}

/// Publishes a message as the server
///
/// Subscribers see an empty publisher. With qos 1 the answer comes once the message is stored and
/// synced.
#[utoipa::path(
    post, path = "/v1/publish", tag = "publish", request_body = NewMessage,
    responses(
        (status = 204, description = "It is published"),
        (status = 409, description = "The client is offline"),
        (status = 503, description = "The store cannot take it now"),
        (status = 507, description = "As much is retained as may be"),
    )
)]
pub(crate) async fn publish(
    State(asked): State<Arc<Asked>>,
    Body(message): Body<NewMessage>,
) -> Result<StatusCode, Problem> {
    let mut results = asked.handle.publish_all(&[message.message()?]).await;
    results.pop().expect("each message has a result")?;
    Ok(StatusCode::NO_CONTENT)
}

/// Publishes several messages in one go
///
/// A message that is refused keeps none of the others back.
#[utoipa::path(
    post, path = "/v1/publish/batch", tag = "publish", request_body = Batch,
    responses(
        (status = 200, description = "What became of each", body = BatchResult),
    )
)]
pub(crate) async fn publish_batch(
    State(asked): State<Arc<Asked>>,
    Body(batch): Body<Batch>,
) -> Result<Json<BatchResult>, Problem> {
    if BATCH_COUNT_MAX < batch.messages.len() {
        let detail = format!("a batch may have {BATCH_COUNT_MAX} messages");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    let messages = batch
        .messages
        .iter()
        .map(|Object(message)| message.message())
        .collect::<Result<Vec<_>, _>>()?;
    let results = asked.handle.publish_all(&messages).await.into_iter();
    let result = |result: Result<(), _>| MessageResult {
        published: result.is_ok(),
        problem: result.err().map(Problem::from),
    };
    Ok(Json(BatchResult { results: results.map(result).collect() }))
}
