//! Rights: who may come in and what they may do. The access crate and the server's application make
//! them, the core asks them.

use std::{collections::BTreeSet, fmt, sync::Arc};

use crate::{ClientId, Explanation, Qos, RefusalStatus, Reject, RuleStep, UnixMs};

/// What a successful authentication gives a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Who the client is.
    pub client: ClientId,
    /// What proves it when a session is opened; text without meaning to the client.
    pub token: String,
}

/// A failed authentication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of failure.
    pub reject: Reject,
    /// Why, for the person at the client; never empty, never quoting what was sent.
    pub message: String,
}

/// What clients do that rules speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Publishing to an ordinary channel.
    Publish,
    /// Subscribing to an ordinary channel.
    Subscribe,
    /// Asking a control channel, `$name`.
    Control,
    /// Sending to one client, `#client`.
    Direct,
    /// Reading the history of a channel.
    History,
}

/// What the holder of a session may do, as of the moment they were made.
pub trait Rights: fmt::Debug + Send + Sync {
    /// Judges whether the holder may do this with the channel of that name, its mark included.
    ///
    /// # Errors
    /// [`Reject::Denied`], which names the rule.
    ///
    /// # Cost
    /// In the time of a publish: no allocation unless it is denied.
    fn decide(&self, action: Action, channel: &str) -> Result<(), Reject>;

    /// Says what does not allow the holder this; `None` where it is allowed.
    fn denied_by(&self, _action: Action, _channel: &str) -> Option<DeniedBy> {
        None
    }

    /// Says what is decided and why, with each rule on the way to it; `None` where nobody knows.
    fn explain(&self, _action: Action, _channel: &str) -> Option<(Explanation, Vec<RuleStep>)> {
        None
    }

    /// Says, for people, what the holder has shown: `password`, or `JWT of login`.
    fn shown_by(&self) -> Option<String> {
        None
    }

    /// Returns the name the holder goes by in rules: its client id, or that of its token.
    fn account(&self) -> &str;

    /// Says whether the holder may be a replicant: have the messages of all channels, and publish
    /// in the name of others. `is_listed` says whether its address is that of a configured host.
    fn may_replicate(&self, is_listed: bool) -> bool;

    /// Returns the groups the holder belongs to.
    fn groups(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    /// Returns until when they hold at the latest, by the wall clock, if what was shown for them says
    /// so. Always the same for the same rights.
    fn until(&self) -> Option<UnixMs> {
        None
    }

    /// Returns the holder's rights as they are now, or `None` if it may have no session any more.
    fn renewed(&self, now: UnixMs) -> Option<Arc<dyn Rights>>;
}

/// Which part of a client's rights does not allow what it asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeniedBy {
    /// A rule: its place among the rules, from 1, and what it is called.
    Rule(usize, Option<String>),
    /// The rights in the client's token.
    Token,
    /// No rule fits, and the settings say that this is refused then.
    NoRule,
}

/// A channel that a client is subscribed to by the server, when its session opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForcedSubscription {
    /// The channel.
    pub channel: String,
    /// Whether the subscription outlives the session.
    pub persistent: bool,
}

/// A message that the server publishes on its own account when a session opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Where to: a channel, or `#client`.
    pub channel: String,
    /// One JSON text.
    pub payload: String,
    /// How surely.
    pub qos: Qos,
    /// Whether it is to be the channel's retained message.
    pub retain: bool,
}

/// What a session begins with.
#[derive(Debug, Clone, Default)]
pub struct Admission {
    /// What its client may do; without, everything.
    pub rights: Option<Arc<dyn Rights>>,
    /// What it is subscribed to without asking.
    pub subscriptions: Vec<ForcedSubscription>,
    /// What is published once it is open and its client has these subscriptions, in this order.
    pub announcements: Vec<Announcement>,
}

/// What the server's application said of the one request that is under way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permit {
    /// What is published instead of the request's payload: one JSON text.
    pub payload: Option<String>,
    /// The answer of a control channel that the application has: one JSON text.
    pub answer: Option<String>,
    /// What that answer refuses with, if it does.
    pub status: Option<RefusalStatus>,
}
