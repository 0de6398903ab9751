//! Starts real brokers on free ports and speaks raw bytes to them; for tests only.
//!
//! Does not use any other crate of the workspace: what a test sees is what is on the wire, and a
//! mistake in our codec cannot hide itself. Everything blocks, waits with a deadline, and panics
//! with what came instead; nothing sleeps.
//!
//! Read [`Broker`], which runs the binary, then [`Peer`], which speaks JMQT to it over one of the
//! four [`Transport`]s, and [`CoremqPeer`], which speaks CoreMQ, and [`PubsubxPeer`], which
//! speaks PubSubX; then [`Dialogue`], which plays conversations in JMQT written as text, and [`Suite`],
//! which plays the scenarios of `spec/dialogues` with the client library of any language.
//!
//! Tested by the tests that use it, all of which fail when it does not work.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod authority;
mod broker;
mod certificate;
mod clock;
mod cutting_proxy;
mod disk;
mod home;
mod launch;
mod log;
mod mariadb;
mod nats;
mod port;
mod postgres;
mod redis;

mod carrier;
mod connection;
mod coremq_peer;
mod ending;
mod peer;
mod pubsubx_peer;
mod transport;
mod upgrade;

mod counters;
mod dialogue;
mod left_out;
mod pattern;
mod sums;

mod suite;

pub use authority::{Authority, Issued};
pub use broker::Broker;
pub use clock::{give as give_clock, step as step_clock};
pub use connection::Connection;
pub use coremq_peer::CoremqPeer;
pub use cutting_proxy::{Cut, CuttingProxy, Take};
pub use dialogue::Dialogue;
pub use disk::Disk;
pub use ending::Ending;
pub use launch::Launch;
pub use left_out::leave_out;
pub use mariadb::Mariadb;
pub use nats::Nats;
pub use pattern::{Names, matches};
pub use peer::Peer;
pub use port::Port;
pub use postgres::Postgres;
pub use pubsubx_peer::PubsubxPeer;
pub use redis::Redis;
pub use suite::{Outcome, Suite, Verdict};
pub use sums::expect_even_sums;
pub use transport::Transport;
pub use upgrade::Upgrade;

use std::time::Duration;

/// How long anything may take before a test fails; long, because test machines are busy.
pub const PATIENCE: Duration = Duration::from_secs(20);
