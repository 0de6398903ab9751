//! What comes to the thread that plays a scenario, from all sides.

use std::net::SocketAddr;

use serde_json::Value;

use super::connection::Connection;

/// Something that came.
#[derive(Debug)]
pub(super) enum Arrival {
    /// A client connected, from that address; a handshake may still follow.
    Connected(Connection, SocketAddr),
    /// A frame on the connection of that number.
    Frame(u64, String),
    /// The client ended the connection of that number; how.
    Ended(u64, String),
    /// A line of the runner.
    Line(Value),
    /// The runner ended, or wrote something that is no line of its.
    RunnerEnded(String),
}
