//! Webhooks end to end: real clients of each dialect, the real server, and an application that
//! decides, over real sockets.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../common/mod.rs"]
mod common;

mod application;
mod sample;

mod dialects;
mod down;
mod notifications;
mod order;
mod reload;
mod sample_app;
mod secrets;
mod trace;

use rialto_testkit::{Broker, Launch};

use application::Application;
use common::PROGRAM;

/// What requests are signed with.
const SECRET: &str = "the secret of the tests, which nobody else knows";

/// Begins to start a broker with listeners of all dialects that asks an application at `url`.
fn launch(url: &str) -> Launch {
    Launch::of(PROGRAM)
        .coremq()
        .pubsubx()
        .set("store.durability=os")
        .set(&format!("webhook.url={url}"))
        .set(&format!("webhook.secret={SECRET}"))
}

/// Starts a broker that asks this application.
fn start(application: &Application) -> Broker {
    launch(&application.url()).start()
}
