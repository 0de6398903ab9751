//! Words that decoding, encoding and links share.

use serde::{Deserialize, Serialize};

/// The member of a WebSocket message that names its queue.
pub(super) const QUEUE: &str = "queue";

/// What carries CoreMQ's messages, which decides where the queue's name stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// A TCP or TLS stream: length, queue, object.
    Tcp,
    /// WebSocket: an object with the queue in it.
    WebSocket,
}

/// Why a frame says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// There is no blank behind the queue's name, or no name (C-9).
    #[error("Missing queue or message")]
    NoQueue,
    /// The JSON is not an object (C-9).
    #[error("Message must be a dictionary")]
    NotAnObject,
    /// It is not JSON.
    #[error("Message is not valid JSON")]
    NotJson,
    /// It is not UTF-8.
    #[error("Message is not valid UTF-8")]
    NotUtf8,
    /// It is nested deeper than allowed.
    #[error("Message is nested more than {limit} levels deep")]
    TooDeep {
        /// Most levels.
        limit: usize,
    },
    /// A WebSocket's object that is neither a request nor for a queue (C-40).
    #[error("Command not recognized")]
    Unrecognized,
}

/// What a Rialto replicant adds to its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkOffer {
    /// The version of what this module describes; 1.
    pub version: u32,
    /// The server's run that it had messages of, and the last of them.
    pub resume: Option<(u64, u64)>,
}

/// What a replicant can ask for more of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Share {
    /// Messages that it missed.
    Messages,
    /// The history of all queues.
    Past,
}
