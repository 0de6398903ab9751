//! Drives real server processes over real sockets and measures them side by side.
//!
//! One neutral, single-threaded client speaks JMQT to Rialto and the NATS protocol to
//! nats-server, with equal care: preformatted publishes, large reads, one write per turn. Every
//! message carries a running number that is checked at every delivery, so a figure is printed
//! only for a run in which nothing was lost, repeated or reordered.
//!
//! It does not start servers elsewhere, nor tune them: a server runs with its defaults.
//!
//! Read `client.rs` first, then `wire.rs`, then one of the workloads. What is public is what the
//! measurement of client libraries (`bench/clients`) shares with this one.

mod cli;
mod client;
mod connection;
mod database;
pub mod feed;
pub mod kind;
pub mod outcome;
pub mod payload;
pub mod report;
pub mod server;
mod session;
mod suite;
mod target;
mod websocket;
mod wire;
mod workload;

pub use cli::run;
