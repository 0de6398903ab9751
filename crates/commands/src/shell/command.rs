//! What can be asked of the shell.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use rialto_client::Qos;

use crate::payload::PayloadRule;

/// One line, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// Opens a session.
    Connect(Target),
    /// Ends the session.
    Disconnect,
    /// Publishes a message.
    Publish(Publish),
    /// Begins subscriptions.
    Subscribe { channels: Vec<String>, is_persistent: bool },
    /// Ends subscriptions.
    Unsubscribe(Vec<String>),
    /// Asks a control channel.
    Request { channel: String, data: Option<Data> },
    /// Shows a channel's retained message.
    Retained(String),
    /// Shows a channel's last messages.
    History { channel: String, count: Option<NonZeroU32> },
    /// Shows who is connected to the broker.
    Who,
    /// Shows the session and its subscriptions.
    Status,
    /// Waits for messages.
    Wait { count: NonZeroU64, limit: Option<Duration> },
    /// Carries out a command several times, or until it is interrupted.
    Repeat { count: Option<NonZeroU32>, every: Duration, command: Box<Command> },
    /// The last command once more.
    Again,
    /// Shows the commands, or one of them.
    Help(Option<String>),
    /// Ends the shell.
    Quit,
}

/// Where to connect to, and as whom, as far as the line says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Target {
    /// An address, or a port of the machine that was last connected to.
    pub(super) address: Option<String>,
    /// The client's name.
    pub(super) client: Option<String>,
}

/// A message to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Publish {
    pub(super) channel: String,
    pub(super) data: Data,
    /// The QoS that is asked for.
    pub(super) qos: Option<Qos>,
    pub(super) retain: bool,
}

/// A payload as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Data {
    pub(super) text: String,
    pub(super) rule: PayloadRule,
}
