//! How a client is doing.

use crate::error::Disconnected;

/// How the connection of a [`Client`](crate::Client) is doing.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Connection {
    /// The broker has not let the client in yet.
    Connecting,
    /// The broker has let the client in.
    Online,
    /// The connection is lost, and is being made again.
    Lost(Disconnected),
    /// The client has ended.
    Ended(Disconnected),
}
