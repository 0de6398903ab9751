//! The real process whose wall clock is stepped, or that is stopped for a while: no order, age or
//! peer suffers from it.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../common/mod.rs"]
mod common;

mod stepped;
mod stopped;

use std::time::Instant;

use rialto_testkit::PATIENCE;

/// Looks again and again until something is as it should be.
#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "waited in vain: {what}");
    }
}
