//! What can go wrong, by operation: connecting, asking, staying connected.

mod connection;
mod request;

#[cfg(feature = "websocket")]
pub(crate) use connection::ClosedWith;
pub(crate) use connection::Met;
pub use connection::{ConnectError, Disconnected};
pub use request::{AskError, PublishError, RequestError, Undrained};
