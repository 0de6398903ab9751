//! Changes of the cache as messages.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use parking_lot::Mutex;
use rialto_broker::{Answer, Command, Issuer, Publish};
use rialto_cache::{Change, ChangeKind};
use rialto_config::CachePublish;
use rialto_domain::Qos;
use serde_json::{Map, Value};

use crate::hub::Hub;

/// Publishes changes, in the order in which they were made.
pub(super) struct Publisher {
    /// The prefixes whose changes each channel gets; a change is published once on a channel.
    channels: BTreeMap<String, Vec<Vec<u8>>>,
    /// Held from taking changes until they are published. It is taken before the hub's.
    order: Mutex<()>,
}

impl Publisher {
    pub(super) fn new(publish: &[CachePublish]) -> Self {
        let mut channels = BTreeMap::<String, Vec<Vec<u8>>>::new();
        for CachePublish { prefix, channel } in publish {
            channels.entry(channel.clone()).or_default().push(prefix.clone().into_bytes());
        }
        Publisher { channels, order: Mutex::new(()) }
    }

    pub(super) fn prefixes(&self) -> Vec<Vec<u8>> {
        self.channels.values().flatten().cloned().collect()
    }

    /// Publishes what `take` returns.
    pub(super) fn publish(&self, hub: &Hub, take: impl FnOnce() -> Vec<Change>) {
        let _order = self.order.lock();
        let changes: Vec<(Change, String)> = take()
            .into_iter()
            .map(|change| {
                let payload = payload(&change);
                (change, payload)
            })
            .collect();
        hub.round(|broker| {
            for (change, payload) in &changes {
                for channel in self.channels_of(change) {
                    let message = Publish {
                        channel,
                        payload: payload.as_bytes(),
                        qos: Qos::AtMostOnce,
                        retain: false,
                    };
                    let publish = Command::Publish(&message);
                    if let Err(reject) = broker.command(Issuer::Server, &publish, Answer::None) {
                        tracing::debug!(
                            channel,
                            ?reject,
                            "a change of a cache item was not published"
                        );
                    }
                }
            }
        });
    }

    fn channels_of(&self, change: &Change) -> impl Iterator<Item = &String> {
        let is_wanted = move |prefixes: &[Vec<u8>]| match &change.key {
            Some(key) => prefixes.iter().any(|prefix| key.as_bytes().starts_with(prefix)),
            None => true,
        };
        let channels = self.channels.iter().filter(move |(_, prefixes)| is_wanted(prefixes));
        channels.map(|(channel, _)| channel)
    }
}

/// Writes a change as `{"key":…,"event":…,"value":…}`; what is no text stands as `key_base64` or `value_base64`.
fn payload(change: &Change) -> String {
    let (event, value) = match &change.kind {
        ChangeKind::Set(value) => ("set", Some(&value[..])),
        ChangeKind::Deleted => ("deleted", None),
        ChangeKind::Flushed => ("flushed", None),
    };
    let mut fields = Map::new();
    put(&mut fields, "key", change.key.as_ref().map(rialto_cache::Key::as_bytes));
    fields.insert("event".to_owned(), event.into());
    put(&mut fields, "value", value);
    Value::Object(fields).to_string()
}

fn put(fields: &mut Map<String, Value>, name: &str, bytes: Option<&[u8]>) {
    let (name, value) = match bytes.map(|bytes| (bytes, std::str::from_utf8(bytes))) {
        None => (name.to_owned(), Value::Null),
        Some((_, Ok(text))) => (name.to_owned(), text.into()),
        Some((bytes, Err(_))) => (format!("{name}_base64"), BASE64_STANDARD.encode(bytes).into()),
    };
    fields.insert(name, value);
}

#[cfg(test)]
mod tests;
