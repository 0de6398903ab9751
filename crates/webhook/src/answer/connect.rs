//! What the answer to `connect` may say of the session besides whether it opens.

use rialto_application::{Announcement, ForcedSubscription, Qos};
use rialto_domain::{ChannelKind, channel_kind};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A channel, or a channel and how long its subscription lasts.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Subscription {
    Channel(String),
    Detailed(Detailed),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Detailed {
    channel: String,
    #[serde(default)]
    persistent: bool,
}

/// A message that the server is to publish.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMessage {
    channel: String,
    payload: Value,
    #[serde(default = "at_most_once", deserialize_with = "quality")]
    qos: Qos,
    #[serde(default)]
    retain: bool,
}

impl Subscription {
    pub(super) fn is_possible(&self) -> bool {
        is_published_to(self.channel())
    }

    pub(super) fn forced(&self) -> ForcedSubscription {
        ForcedSubscription {
            channel: self.channel().to_owned(),
            persistent: matches!(self, Subscription::Detailed(Detailed { persistent: true, .. })),
        }
    }

    fn channel(&self) -> &str {
        match self {
            Subscription::Channel(channel) => channel,
            Subscription::Detailed(detailed) => &detailed.channel,
        }
    }
}

impl NewMessage {
    pub(super) fn is_possible(&self) -> bool {
        is_published_to(&self.channel)
    }

    pub(super) fn announcement(&self) -> Announcement {
        let NewMessage { channel, payload, qos, retain } = self;
        let (channel, payload) = (channel.clone(), payload.clone());
        Announcement { channel, payload, qos: *qos, retain: *retain }
    }
}

fn is_published_to(channel: &str) -> bool {
    matches!(channel_kind(channel), ChannelKind::Topic | ChannelKind::Direct(_))
}

fn at_most_once() -> Qos {
    Qos::AtMostOnce
}

fn quality<'de, D: Deserializer<'de>>(number: D) -> Result<Qos, D::Error> {
    match u8::deserialize(number)? {
        0 => Ok(Qos::AtMostOnce),
        1 => Ok(Qos::AtLeastOnce),
        _ => Err(serde::de::Error::custom("qos must be 0 or 1")),
    }
}
