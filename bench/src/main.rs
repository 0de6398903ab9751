//! Drives real server processes over real sockets and measures them side by side.
//!
//! One neutral, single-threaded client speaks JMQT to Rialto and the NATS protocol to
//! nats-server, with equal care: preformatted publishes, large reads, one write per turn. Every
//! message carries a running number that is checked at every delivery, so a figure is printed
//! only for a run in which nothing was lost, repeated or reordered.
//!
//! It does not start servers elsewhere, nor tune them: a server runs with its defaults.
//!
//! Read [`client::Client`] first, then [`wire::Dialect`], then one of the [`workload`] modules.

mod cli;
mod client;
mod connection;
mod outcome;
mod payload;
mod report;
mod server;
mod session;
mod suite;
mod target;
mod websocket;
mod wire;
mod workload;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cli::run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("rialto-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
