//! What the application may answer to a decision.

mod connect;

use std::time::Duration;

use rialto_application::{
    Authentication, Control, Event, Publication, RefusalStatus, Reject, SessionStart,
};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::Failure;

use connect::{NewMessage, Subscription};

/// Largest answer that is remembered.
const REMEMBERED_BYTES_MAX: usize = 4096;

/// The status of what is answered well.
const OK: u8 = 1;

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
    status: Option<u8>,
    cache_s: Option<u64>,
    client: Option<String>,
    token: Option<String>,
    groups: Option<Vec<String>>,
    subscribe: Option<Vec<Subscription>>,
    publish: Option<Vec<NewMessage>>,
    #[serde(default, deserialize_with = "present")]
    payload: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    answer: Option<Value>,
    #[serde(skip)]
    is_large: bool,
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
        let is_auth = event == Event::Authenticate;
        let why = self.reason(match is_auth {
            true => "the application does not accept this",
            false => "the application does not allow it",
        });
        Err(match self.refusal_status() {
            Some(status) => Reject::WithStatus { status, why: why.into() },
            None if is_auth => Reject::Failed(why.into()),
            None => Reject::Denied(why.into()),
        })
    }

    /// Says whether it allows in so many words.
    pub(crate) fn allows(&self) -> bool {
        self.allow == Some(true)
    }

    /// Returns how long it may be used again; not at all by default, nor if it is large, holds a
    /// replaced payload, which belongs to one message, or messages, which belong to one session.
    pub(crate) fn lifetime(&self) -> Option<Duration> {
        let seconds = self.cache_s.filter(|seconds| *seconds != 0)?;
        let may_repeat = !self.is_large && self.payload.is_none() && self.publish.is_none();
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
            announcements: self.messages().map(NewMessage::announcement).collect(),
        }
    }

    pub(crate) fn publication(&self) -> Publication {
        self.payload.clone().map_or(Publication::AsSent, Publication::Replaced)
    }

    pub(crate) fn control(&self) -> Control {
        match (self.answer.clone(), self.refusal_status()) {
            (None, _) => Control::NotMine,
            (Some(answer), None) => Control::Answer(answer),
            (Some(answer), Some(status)) => Control::Refused { status, answer },
        }
    }

    /// Says whether nothing stands in it that the event does not take, and nothing is missing.
    fn fits(&self, event: Event) -> bool {
        let is_auth = event == Event::Authenticate;
        let is_connect = event == Event::Connect;
        let only_where_known = (is_auth || self.client.is_none() && self.token.is_none())
            && (!is_auth || self.cache_s.is_none())
            && (is_connect || self.groups.is_none() && self.subscribe.is_none())
            && (is_connect || self.publish.is_none())
            && (event == Event::Publish || self.payload.is_none())
            && (event == Event::Control || self.answer.is_none());
        only_where_known
            && !self.is_contradictory()
            && (!is_auth || self.names_a_client())
            && self.has_possible_status()
            && self.subscriptions().all(Subscription::is_possible)
            && self.messages().all(NewMessage::is_possible)
    }

    /// Says whether a status stands only where something is refused, or where a question is answered,
    /// which may also be well.
    fn has_possible_status(&self) -> bool {
        let is_answer = self.answer.is_some() && self.allow.is_none();
        match self.status {
            None => true,
            Some(OK) => is_answer,
            Some(_) => self.refusal_status().is_some() && (is_answer || self.allow == Some(false)),
        }
    }

    fn refusal_status(&self) -> Option<RefusalStatus> {
        self.status.and_then(RefusalStatus::new)
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

    fn messages(&self) -> impl Iterator<Item = &NewMessage> {
        self.publish.iter().flatten()
    }

    fn reason(&self, otherwise: &str) -> String {
        let reason = self.mg.as_deref().filter(|mg| !mg.is_empty()).unwrap_or(otherwise);
        reason.chars().take(REASON_CHARACTERS_MAX).collect()
    }
}

/// Tells `null`, which is a value like others, from nothing.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

#[cfg(test)]
pub(crate) mod tests;
