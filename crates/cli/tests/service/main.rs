//! What whoever started a broker hears of it: the service manager, as systemd does, and other programs.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../common/mod.rs"]
mod common;
mod life;
mod starter;
mod watchdog;

use rialto_testkit::Launch;

use common::{Manager, PROGRAM};

/// Starts from the defaults.
fn launch() -> Launch {
    Launch::of(PROGRAM)
}
