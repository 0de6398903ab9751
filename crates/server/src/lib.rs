//! Rialto's server: sockets, TLS, WebSocket, tasks and shutdown around the broker's core.
//!
//! The only crate that opens sockets, spawns tasks and names a store's driver. It decides nothing
//! about packets (the session does), about messages (the broker does) or about settings (they come
//! checked).
//!
//! Read [`run`] first, then `hub.rs` for how everything meets, then `connection.rs` for the life
//! of one connection.
//!
//! Tested with the real binary over real sockets, in `crates/cli/tests`.

mod server;
mod settings;

mod hub;
mod store;

mod admission;
mod connection;
mod control;
mod decision;
mod doorkeeper;
mod greeting;
mod intake;
mod link;
mod listener;
mod memcached;
mod notices;
mod outbox;
mod outlet;
mod reception;
mod replicants;
mod speech;
mod status;
mod tls;
mod websocket;

mod cluster;

pub use server::{ServeError, run};
