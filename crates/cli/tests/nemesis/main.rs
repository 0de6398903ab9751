//! The nemesis: real brokers on one real PostgreSQL, each on a host of its own, to which everything happens that may
//! happen to them, under load; and a checker of what the clients saw meanwhile.
//!
//! Nodes and the database are killed and stopped for a while, cables between any two hosts, that of the clients included,
//! are cut one way or both ways or made slow and lossy, wall clocks are an hour off. The hosts are network
//! namespaces, which only root may make; elsewhere this says so and shows nothing.
//!
//! A seed says what happens and when; the machine decides how far everything has come by then. `RIALTO_NEMESIS_ROUNDS` runs more rounds,
//! each with a seed of its own, `RIALTO_NEMESIS_SECONDS` longer ones, `RIALTO_NEMESIS_SEED` takes up the seed of an earlier run,
//! and `RIALTO_NEMESIS_LOGS` names a directory that gets the nodes' logs and the history.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../common/mod.rs"]
mod common;

mod checker;
mod clients;
mod cluster;
mod faults;
mod history;
mod node;
mod round;
mod schedule;
mod session;

use common::{number_from, seed_of_the_moment};

/// How long things happen in a round of CI.
const SECONDS: u64 = 15;

#[test]
fn whatever_happens_to_nodes_and_their_database_no_promise_is_broken() {
    // J-67, J-73, J-77, J-87.
    let rounds = number_from("RIALTO_NEMESIS_ROUNDS").unwrap_or(1);
    let seconds = number_from("RIALTO_NEMESIS_SECONDS").unwrap_or(SECONDS);
    let first = number_from("RIALTO_NEMESIS_SEED").unwrap_or_else(seed_of_the_moment);
    for seed in first..first + rounds {
        eprintln!("{seconds} seconds with RIALTO_NEMESIS_SEED={seed}");
        if !round::run(seed, seconds) {
            return;
        }
    }
}
