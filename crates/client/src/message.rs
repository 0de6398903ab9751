//! What is sent and received.

use std::time::Duration;

use serde_json::value::RawValue;

/// How sure the delivery of a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Qos {
    /// QoS 0: sent once, to whoever is there.
    #[default]
    AtMostOnce,
    /// QoS 1: stored and acknowledged; may arrive more than once.
    AtLeastOnce,
}

impl Qos {
    /// Returns the number on the wire: 0 or 1.
    pub fn level(self) -> u8 {
        match self {
            Qos::AtMostOnce => 0,
            Qos::AtLeastOnce => 1,
        }
    }
}

/// How long a subscription lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Persistence {
    /// Until the session ends.
    #[default]
    Session,
    /// Until it is removed; the broker keeps QoS 1 messages while the client is away.
    Persistent,
}

/// How to publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PublishOptions {
    /// How sure the delivery is to be.
    pub qos: Qos,
    /// Whether the message replaces the channel's retained one.
    pub retain: bool,
}

impl PublishOptions {
    /// Publishes at QoS 1.
    pub fn acknowledged() -> Self {
        PublishOptions { qos: Qos::AtLeastOnce, retain: false }
    }
}

/// How to subscribe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SubscribeOptions {
    /// How long the subscription lasts.
    pub persistence: Persistence,
    /// When a QoS 1 message is acknowledged.
    pub acknowledge: Acknowledge,
}

impl SubscribeOptions {
    /// Subscribes until it is ended, over restarts of the program and of the broker.
    pub fn persistent() -> Self {
        SubscribeOptions { persistence: Persistence::Persistent, ..SubscribeOptions::default() }
    }

    /// As before, but the application acknowledges each message itself.
    #[must_use]
    pub fn manual(self) -> Self {
        SubscribeOptions { acknowledge: Acknowledge::Manual, ..self }
    }
}

/// When a QoS 1 message is acknowledged (K-31).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Acknowledge {
    /// When the next one is asked for, or its handler has returned.
    #[default]
    Handled,
    /// When the application says so; one that is dropped comes again with the next connection, if the
    /// subscription is persistent.
    Manual,
    /// When it is given out.
    Received,
}

/// How to ask a control channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestOptions {
    /// How long to wait for the answer. 10 s unless changed.
    pub timeout: Duration,
    /// Whether the request is sent again after the connection was lost. It may then be carried out
    /// twice. Not unless changed.
    pub repeat: bool,
}

impl Default for RequestOptions {
    fn default() -> Self {
        RequestOptions { timeout: Duration::from_secs(10), repeat: false }
    }
}

/// The broker's consent to a request.
#[derive(Debug, Clone, Default)]
pub struct Ack {
    /// The answer of a control channel, such as `$time`.
    pub data: Option<Box<RawValue>>,
}

/// A message that a subscription brought.
#[derive(Debug, Clone)]
pub struct Push {
    /// The channel it was published to.
    pub channel: String,
    /// The message: a JSON text.
    pub payload: Box<RawValue>,
    /// Who published it; empty for the broker itself.
    pub publisher: String,
    /// The QoS it was published with.
    pub qos: Qos,
    /// What it is acknowledged by; QoS 1 only.
    pub id: Option<String>,
    /// Whether it is the channel's retained message, from before the subscription.
    pub retained: bool,
}
