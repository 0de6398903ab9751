//! Publishing on the server's own account.

use std::sync::Arc;

use rialto_broker::{Issuer, Publish};
use rialto_domain::{Action, Qos, Reject, is_event_channel};
use serde::Serialize;

use super::Handle;
use crate::guests::{Guest, Guests};

/// How a message is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// How surely; with [`Qos::AtLeastOnce`] it is stored and synced before a publish returns.
    pub qos: Qos,
    /// Whether it becomes the channel's retained message.
    pub retain: bool,
}

/// A message to publish.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Where to: a channel, or `#client`.
    pub channel: &'a str,
    /// One JSON text.
    pub payload: &'a str,
    /// How.
    pub delivery: Delivery,
}

/// Why a message of the server was not published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The payload is no JSON, or cannot be written as JSON.
    #[error("the payload is not JSON: {0}")]
    NotJson(String),
    /// It is nested too deeply.
    #[error("the payload is nested more than {limit} levels deep (limits.json_depth_max)")]
    TooDeep {
        /// Most levels.
        limit: usize,
    },
    /// It is too large.
    #[error("the payload has more than {limit} bytes (limits.packet_bytes_max)")]
    TooLarge {
        /// Most bytes.
        limit: usize,
    },
    /// The broker does not take it.
    #[error(transparent)]
    Rejected(#[from] Reject),
}

impl Default for Delivery {
    fn default() -> Self {
        Delivery { qos: Qos::AtMostOnce, retain: false }
    }
}

impl Handle {
    /// Publishes a value to a channel, or to one client by `#client` (JMQT 9.e).
    ///
    /// # Errors
    /// [`PublishError`]. A QoS 1 message to a client that is known but offline is stored for it, and
    /// refused with [`Reject::ClientOffline`] all the same.
    pub async fn publish(
        &self,
        channel: &str,
        payload: &impl Serialize,
        delivery: Delivery,
    ) -> Result<(), PublishError> {
        let payload = serde_json::to_string(payload)
            .map_err(|error| PublishError::NotJson(error.to_string()))?;
        let message = Message { channel, payload: &payload, delivery };
        let mut results = self.publish_all(&[message]).await;
        results.pop().expect("each message has a result")
    }

    /// Publishes several messages in their order, all in one go; each has a result of its own.
    pub async fn publish_all(&self, messages: &[Message<'_>]) -> Vec<Result<(), PublishError>> {
        let hub = &self.reloadable.hub;
        let results = self
            .publish_checked(messages, async |good| {
                let mut results = Vec::with_capacity(good.len());
                for pushing in hub.push(Issuer::Server, good) {
                    results.push(pushing.done().await.map_err(PublishError::from));
                }
                results
            })
            .await;
        if results.iter().any(Result::is_ok) {
            self.note_published();
        }
        results
    }

    /// Publishes several messages of a guest in the same way.
    pub(crate) async fn publish_as(
        &self,
        (guests, guest): (&Arc<Guests>, &Guest),
        messages: &[Message<'_>],
    ) -> Vec<Result<(), PublishError>> {
        let hub = &self.reloadable.hub;
        for message in messages.iter().filter(|message| is_event_channel(message.channel)) {
            guest.note_refused(hub, Action::Publish, message.channel, &Reject::NotAllowed);
        }
        let publish = async |good: &[Publish<'_>]| {
            let results = guests.publish(hub, guest, good).await.into_iter();
            results.map(|result| result.map_err(PublishError::from)).collect()
        };
        self.publish_checked(messages, publish).await
    }

    /// Checks what can be checked without the broker, and publishes what is good.
    async fn publish_checked(
        &self,
        messages: &[Message<'_>],
        publish: impl AsyncFnOnce(&[Publish<'_>]) -> Vec<Result<(), PublishError>>,
    ) -> Vec<Result<(), PublishError>> {
        let (depth_max, bytes_max) = {
            let settings = self.reloadable.settings();
            (settings.limits.json_depth_max, settings.limits.packet_bytes_max.as_usize())
        };
        let check = |message: &Message<'_>| {
            // What the server tells is nobody else's to say.
            if is_event_channel(message.channel) {
                return Err(Reject::NotAllowed.into());
            }
            check(message.payload, depth_max, bytes_max)
        };
        let checked: Vec<_> = messages.iter().map(check).collect();
        let good = messages.iter().zip(&checked).filter(|(_, check)| check.is_ok());
        let publishes: Vec<Publish<'_>> = good.map(|(message, _)| publish_of(message)).collect();
        self.count_refused(checked.iter().filter(|check| check.is_err()).count());
        let mut published = publish(&publishes).await.into_iter();
        let result = |check: Result<(), PublishError>| {
            check.and_then(|()| published.next().expect("each good message has a result"))
        };
        checked.into_iter().map(result).collect()
    }

    /// Counts messages that were refused before the broker had them.
    fn count_refused(&self, count: usize) {
        if count == 0 {
            return;
        }
        self.reloadable.hub.round(|broker| {
            broker.stats_mut().rejected += count as u64;
            (0..count).for_each(|_| broker.note_publish_refused());
        });
    }
}

fn publish_of<'a>(message: &Message<'a>) -> Publish<'a> {
    Publish {
        channel: message.channel,
        payload: message.payload.as_bytes(),
        qos: message.delivery.qos,
        retain: message.delivery.retain,
    }
}

fn check(payload: &str, depth_max: usize, bytes_max: usize) -> Result<(), PublishError> {
    if bytes_max < payload.len() {
        return Err(PublishError::TooLarge { limit: bytes_max });
    }
    serde_json::from_str::<&serde_json::value::RawValue>(payload)
        .map_err(|error| PublishError::NotJson(error.to_string()))?;
    if depth_max < rialto_wire::json_depth(payload.as_bytes()) {
        return Err(PublishError::TooDeep { limit: depth_max });
    }
    Ok(())
}
