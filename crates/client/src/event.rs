//! What the application is told without having asked.

use std::time::Duration;

use crate::error::RequestError;
use crate::reason::Reason;
use crate::status::Status;

/// How far a client is (K-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// Not connected yet.
    Idle,
    /// A connection is being made.
    Connecting,
    /// The broker has let the client in.
    Online,
    /// The connection is lost, and is tried again after a wait.
    Waiting,
    /// What is left is being finished before the end.
    Draining,
    /// The client has ended.
    Closed,
}

impl State {
    /// Returns the word for it, which does not change.
    pub fn word(self) -> &'static str {
        match self {
            State::Idle => "idle",
            State::Connecting => "connecting",
            State::Online => "online",
            State::Waiting => "waiting",
            State::Draining => "draining",
            State::Closed => "closed",
        }
    }
}

/// Something that happened; see [`Client::events`](crate::Client::events).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// The client's state changed.
    State(StateChange),
    /// A subscription's state changed.
    Subscription(SubscriptionChange),
    /// A publish was refused or failed. Its call is told as well.
    Publish {
        /// The packet id, where the publish had one.
        id: Option<String>,
        /// The channel.
        channel: String,
        /// Why.
        error: RequestError,
    },
    /// QoS 0 messages are being dropped, because a subscription does not keep up while a call waits
    /// for its answer, or because no subscription takes them.
    Slow {
        /// The channel.
        channel: String,
        /// How many were dropped, once that is over; `None` when it begins.
        dropped: Option<u64>,
    },
    /// A frame that is no packet was ignored.
    BadFrame,
    /// A handler failed; see [`Subscription::handle`](crate::Subscription::handle).
    HandlerFailed {
        /// The channel.
        channel: String,
        /// What the handler said.
        error: String,
    },
}

/// A change of a client's state.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StateChange {
    /// The state from now on.
    pub state: State,
    /// The state before.
    pub previous: State,
    /// Why, unless all went well.
    pub reason: Option<Reason>,
    /// The broker's status, where it gave one.
    pub status: Option<Status>,
    /// What there is to say to people.
    pub text: Option<String>,
    /// The address of the attempt.
    pub address: Option<String>,
    /// Attempts up to now, this one included.
    pub attempt: u32,
    /// How long the client waits now.
    pub wait: Option<Duration>,
}

/// How far a subscription is (K-20).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubscriptionState {
    /// The broker has not consented yet.
    Pending,
    /// Messages come.
    Active,
    /// The client is not online.
    Waiting,
    /// No more messages come.
    Ended(SubscriptionEnd),
}

impl SubscriptionState {
    /// Returns the word for it, which does not change.
    pub fn word(self) -> &'static str {
        match self {
            SubscriptionState::Pending => "pending",
            SubscriptionState::Active => "active",
            SubscriptionState::Waiting => "waiting",
            SubscriptionState::Ended(_) => "ended",
        }
    }
}

/// Why a subscription ended (K-20).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubscriptionEnd {
    /// The application ended it.
    Unsubscribed,
    /// The broker refused it, at first or after a reconnect.
    Refused,
    /// Its handler failed too often.
    HandlerFailed,
    /// The client ended.
    Closed,
}

impl SubscriptionEnd {
    /// Returns the word for it, which does not change.
    pub fn word(self) -> &'static str {
        match self {
            SubscriptionEnd::Unsubscribed => "unsubscribed",
            SubscriptionEnd::Refused => "refused",
            SubscriptionEnd::HandlerFailed => "handler-failed",
            SubscriptionEnd::Closed => "closed",
        }
    }
}

/// A change of a subscription's state.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SubscriptionChange {
    /// The channel.
    pub channel: String,
    /// The state from now on.
    pub state: SubscriptionState,
    /// The broker's status, where it refused.
    pub status: Option<Status>,
    /// The broker's words, where it refused.
    pub text: Option<String>,
    /// Whether it was made active again after a reconnect.
    pub restored: bool,
    /// Whether messages may be missing, because the broker could not keep them meanwhile.
    pub gap: bool,
}
