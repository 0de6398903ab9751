//! Several nodes on one store, simulated: three cores, a store in memory that they share, and a clock that runs as fast
//! as it can. Nodes are stopped, killed and cut off from the store; clients move between them. What clients saw is
//! then [checked](checker).
//!
//! Each seed is another history. `RIALTO_SEEDS=1000..9000 cargo nextest run -p rialto-broker nodes::` runs others than
//! the few of each test run; one that fails is named.

mod checker;
mod node;
mod simulation;

use std::{ops::Range, panic};

use simulation::{Fault, Simulation};

/// The seeds of each test run.
const SEEDS: Range<u64> = 0..120;

fn seeds() -> Range<u64> {
    let Ok(asked) = std::env::var("RIALTO_SEEDS") else { return SEEDS };
    let (first, end) = asked.split_once("..").expect("RIALTO_SEEDS is as in 1000..2000");
    first.parse().unwrap()..end.parse().unwrap()
}

/// Says whether one of some seeds ends in a finding, with a fault put in on purpose.
fn is_found(fault: Fault) -> bool {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let is_found =
        SEEDS.into_iter().any(|seed| panic::catch_unwind(|| Simulation::run(seed, fault)).is_err());
    panic::set_hook(hook);
    is_found
}

#[test]
fn nodes_keep_every_promise_whatever_stops_them() {
    for seed in seeds() {
        let run = panic::catch_unwind(|| Simulation::run(seed, Fault::None));
        assert!(run.is_ok(), "with the seed {seed} a promise is broken, as said above");
    }
}

#[test]
fn a_lease_that_was_over_is_noticed_though_it_is_renewed_at_once() {
    for seed in [29, 299, 499, 838] {
        Simulation::run(seed, Fault::None);
    }
}

#[test]
fn the_checker_finds_a_fence_that_is_left_out() {
    assert!(is_found(Fault::NoFence));
}

#[test]
fn the_checker_finds_what_a_node_is_not_told() {
    assert!(is_found(Fault::SkippedPoll));
}

#[test]
fn the_checker_finds_a_lease_that_is_not_looked_at() {
    assert!(is_found(Fault::NoLease));
}

#[test]
fn the_checker_finds_an_acknowledgement_before_the_commit() {
    assert!(is_found(Fault::EarlyAnswer));
}
