//! What can go wrong, by operation: connecting, asking, staying connected.

#[cfg(feature = "websocket")]
mod closed_with;
mod connection;
mod met;
mod request;

#[cfg(feature = "websocket")]
pub(crate) use closed_with::ClosedWith;
pub use connection::{ConnectError, Disconnected};
pub(crate) use met::Met;
pub use request::{AskError, PublishError, RequestError, Undrained};
