//! Random operations against a reference model: whatever clients, time, store and crashes do to
//! the core, what it promises holds.
//!
//! `PROPTEST_CASES=50000` lets it run longer than the default of 256 does; a failure prints the
//! shortest list of operations that shows it.

mod accounts;
mod operations;
mod reference;
mod simulation;

use proptest::prelude::*;

use operations::{Step, settings, steps};
use simulation::Simulation;

use crate::Settings;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4 * ProptestConfig::default().cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// What is checked stands in `reference`, with the clauses it is about.
    #[test]
    fn promises_hold_whatever_happens(settings in settings(), steps in steps()) {
        run(settings, steps);
    }
}

/// Takes the steps and then lets everything come to rest.
fn run(settings: Settings, steps: Vec<Step>) {
    let mut simulation = Simulation::new(settings);
    for step in steps {
        simulation.take(step);
    }
    simulation.finish();
}
