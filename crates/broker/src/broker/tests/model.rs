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
use rialto_domain::Load;

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
        run(settings, Load::All, steps);
    }

    /// The same of a broker that has in memory what is needed of what is stored.
    #[test]
    fn promises_hold_with_a_view_of_the_store(settings in settings(), steps in steps()) {
        run(settings, Load::Heads, steps);
    }
}

/// Takes the steps and then lets everything come to rest.
fn run(settings: Settings, load: Load, steps: Vec<Step>) {
    let mut simulation = Simulation::new(settings, load);
    for step in steps {
        simulation.take(step);
    }
    simulation.finish();
}
