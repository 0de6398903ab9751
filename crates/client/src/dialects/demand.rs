//! What is asked of a server, and what it says.

use serde_json::value::RawValue;
use tokio::sync::oneshot;

use crate::message::Push;

/// What is asked of a server.
#[derive(Debug, Clone)]
pub(super) enum Demand {
    Publish {
        channel: String,
        payload: Box<RawValue>,
    },
    Subscribe(String),
    Unsubscribe(String),
    Ask(Question),
    /// Says goodbye, where there is a word for it.
    Leave,
    /// Ends the connection without a goodbye.
    Close,
}

/// Something to ask of a server, and where its answer goes.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) demand: Demand,
    pub(super) answer: Answer,
}

pub(super) type Answer = oneshot::Sender<Result<Option<Box<RawValue>>, DemandError>>;

/// A question to a server, in CoreMQ.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Question {
    /// How the server is.
    Status,
    /// The last messages of these queues.
    History(Vec<String>),
}

/// Why something that was asked for was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DemandError {
    /// There is no connection for the moment, or any more.
    #[error("the client is not online")]
    Offline,
    /// The connection was lost before the answer. Whether the server took it is unknown.
    #[error("the connection was lost before the answer")]
    Lost,
    /// The server said no.
    #[error("the server refuses: {}", crate::shown::one_line(.0))]
    Refused(String),
    /// The dialect has no words for it.
    #[error("{0}")]
    Unsayable(String),
}

/// What a server says when it lets a client in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Greeting {
    /// The session is new. CoreMQ gives it an id.
    New {
        /// The id.
        id: Option<String>,
    },
    /// The session of before goes on, in PubSubX.
    Restored {
        /// The topics that it is subscribed to, as far as the server could say.
        channels: Vec<String>,
    },
}

/// What happens to a client.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A message of a subscription.
    Message(Push),
    /// The connection is lost, and is being made again.
    Lost(String),
    /// It is there again, and so are the subscriptions.
    Back(Greeting),
    /// The client has ended.
    Ended(String),
}

/// What a server says.
#[derive(Debug)]
pub(super) enum Received {
    /// What lets the client in, or why it is not let in.
    Greeting(Result<Greeting, String>),
    Message(Push),
    /// The answer to the oldest demand that has one.
    Answer(Result<Option<Box<RawValue>>, String>),
}
