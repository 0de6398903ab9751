//! Random operations against a reference model: whatever clients, time, store and crashes do to
//! the core, what it promises holds.
//!
//! `PROPTEST_CASES=100000` runs longer than the default; a failure prints the shortest list of
//! operations that shows it.

mod operations;
mod reference;
mod simulation;

use proptest::prelude::*;

use operations::{Step, settings, steps};
use simulation::Simulation;

use crate::Settings;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// What the reference model checks, clause by clause: `reference.rs`.
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
