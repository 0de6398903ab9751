//! Three servers on three hosts, whose cables are cut and repaired: every message is accounted for.
//!
//! The hosts are network namespaces, which only root may make; elsewhere these tests say so and show
//! nothing. Nothing waits for time to pass, but where TCP has to give up a connection.
//!
//! The schedule of cuts is random: `RIALTO_REPLICATION_STEPS=500` makes it longer than its forty
//! steps, `RIALTO_REPLICATION_SEED` takes up the seed of an earlier run. The machine decides how far
//! messages come before each cut.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../common/mod.rs"]
mod common;

mod clients;
mod cluster;
mod coremq;

mod admission;
mod cuts;
mod mesh;
mod replicant;
mod restarts;
mod schedule;
