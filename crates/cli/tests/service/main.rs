//! What the service manager hears of a broker, as systemd does.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../common/mod.rs"]
mod common;
mod life;
mod watchdog;

use rialto_testkit::Launch;

use common::{Manager, PROGRAM};

/// Starts from the defaults.
fn launch() -> Launch {
    Launch::of(PROGRAM)
}
