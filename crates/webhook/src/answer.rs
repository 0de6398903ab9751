//! What the application may answer to a decision.

use std::time::Duration;

use rialto_application::{
    Authentication, Control, Event, ForcedSubscription, Publication, Reject, SessionStart,
};
use rialto_domain::{ChannelKind, channel_kind};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::Failure;

/// Largest answer that is remembered.
const REMEMBERED_BYTES_MAX: usize = 4096;

/// Longest reason that a client is told, in characters.
const REASON_CHARACTERS_MAX: usize = 500;

/// An answer; the empty one leaves the decision to the server.
///
/// A member that is not known is an error and not passed over: `{"alow":false}` must not allow.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    allow: Option<bool>,
    default: Option<bool>,
    mg: Option<String>,
    cache_s: Option<u64>,
    client: Option<String>,
    token: Option<String>,
    groups: Option<Vec<String>>,
    subscribe: Option<Vec<Subscription>>,
    #[serde(default, deserialize_with = "present")]
    payload: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    answer: Option<Value>,
    #[serde(skip)]
    is_large: bool,
}

/// A channel, or a channel and how long its subscription lasts.
#[derive(Deserialize)]
#[serde(untagged)]
enum Subscription {
    Channel(String),
    Detailed(Detailed),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Detailed {
    channel: String,
    #[serde(default)]
    persistent: bool,
}

impl Answer {
    /// Reads the answer to `event`.
    pub(crate) fn read(event: Event, body: &[u8]) -> Result<Self, Failure> {
        let mut answer: Answer = serde_json::from_slice(body).map_err(|_| Failure::NotAnAnswer)?;
        answer.is_large = REMEMBERED_BYTES_MAX < body.len();
        if answer.fits(event) { Ok(answer) } else { Err(Failure::NotAnAnswer) }
    }

    /// Checks that what was asked is not denied.
    pub(crate) fn check(&self, event: Event) -> Result<(), Reject> {
        if self.allow != Some(false) {
            return Ok(());
        }
        match event {
            Event::Authenticate => {
                Err(Reject::Failed(self.reason("the application does not accept this").into()))
            }
            _ => Err(Reject::Denied(self.reason("the application does not allow it").into())),
        }
    }

    /// Says whether it allows in so many words.
    pub(crate) fn allows(&self) -> bool {
        self.allow == Some(true)
    }

    /// Returns how long it may be used again; not at all by default, nor if it is large or holds a
    /// replaced payload, which belongs to one message.
    pub(crate) fn lifetime(&self) -> Option<Duration> {
        let seconds = self.cache_s.filter(|seconds| *seconds != 0)?;
        let may_repeat = !self.is_large && self.payload.is_none();
        may_repeat.then(|| Duration::from_secs(seconds))
    }

    pub(crate) fn authentication(&self) -> Authentication {
        match &self.client {
            Some(id) => {
                Authentication::Client { id: id.as_str().into(), token: self.token.clone() }
            }
            None => Authentication::Default,
        }
    }

    pub(crate) fn session_start(&self) -> SessionStart {
        SessionStart {
            groups: self.groups.clone().unwrap_or_default(),
            subscriptions: self.subscriptions().map(Subscription::forced).collect(),
        }
    }

    pub(crate) fn publication(&self) -> Publication {
        self.payload.clone().map_or(Publication::AsSent, Publication::Replaced)
    }

    pub(crate) fn control(&self) -> Control {
        self.answer.clone().map_or(Control::NotMine, Control::Answer)
    }

    /// Says whether nothing stands in it that the event does not take, and nothing is missing.
    fn fits(&self, event: Event) -> bool {
        let is_auth = event == Event::Authenticate;
        let is_connect = event == Event::Connect;
        let only_where_known = (is_auth || self.client.is_none() && self.token.is_none())
            && (!is_auth || self.cache_s.is_none())
            && (is_connect || self.groups.is_none() && self.subscribe.is_none())
            && (event == Event::Publish || self.payload.is_none())
            && (event == Event::Control || self.answer.is_none());
        only_where_known
            && !self.is_contradictory()
            && (!is_auth || self.names_a_client())
            && self.subscriptions().all(Subscription::is_possible)
    }

    /// Leaving it to the server is not a decision, and deciding is not leaving it.
    fn is_contradictory(&self) -> bool {
        self.default == Some(false) || self.default.is_some() && self.allow.is_some()
    }

    /// Says whether there is a client exactly where the answer is that it is one. The empty id is
    /// that of the server itself.
    fn names_a_client(&self) -> bool {
        match &self.client {
            Some(id) => !id.is_empty() && self.allows(),
            None => !self.allows() && self.token.is_none(),
        }
    }

    fn subscriptions(&self) -> impl Iterator<Item = &Subscription> {
        self.subscribe.iter().flatten()
    }

    fn reason(&self, otherwise: &str) -> String {
        let reason = self.mg.as_deref().filter(|mg| !mg.is_empty()).unwrap_or(otherwise);
        reason.chars().take(REASON_CHARACTERS_MAX).collect()
    }
}

impl Subscription {
    fn channel(&self) -> &str {
        match self {
            Subscription::Channel(channel) => channel,
            Subscription::Detailed(detailed) => &detailed.channel,
        }
    }

    fn is_possible(&self) -> bool {
        matches!(channel_kind(self.channel()), ChannelKind::Topic | ChannelKind::Direct(_))
    }

    fn forced(&self) -> ForcedSubscription {
        ForcedSubscription {
            channel: self.channel().to_owned(),
            persistent: matches!(self, Subscription::Detailed(Detailed { persistent: true, .. })),
        }
    }
}

/// Tells `null`, which is a value like others, from nothing.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

#[cfg(test)]
pub(crate) mod tests;
