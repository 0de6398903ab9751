//! Notifications that an earlier run of the server left undelivered.

use std::sync::Arc;

use rialto_application::Event;
use serde::Deserialize;

use crate::{post::Message, queue::Notification};

/// What of a body decides how it is delivered.
#[derive(Deserialize)]
struct Envelope {
    id: String,
    event: String,
    client: String,
}

/// Reads a body that was a notification; `None` if it is no such thing.
pub(super) fn read(body: String) -> Option<Notification> {
    let envelope: Envelope = serde_json::from_str(&body).ok()?;
    let events = [Event::Disconnect, Event::Close];
    let event = events.into_iter().find(|event| event.as_str() == envelope.event)?;
    let is_a_header = envelope.id.bytes().all(|byte| byte.is_ascii_graphic());
    let message = Message { id: envelope.id, event, body };
    is_a_header.then(|| Notification { client: envelope.client.into(), message: Arc::new(message) })
}
