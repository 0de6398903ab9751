//! Measures the Rust client of Rialto beside async-nats, each against its own server, in turns.
//!
//! What is measured is a process of its own that has one client and nothing else, so that its
//! processor time is the client's. The servers are those of `rialto-bench`, whose README says how
//! to read the figures.
//!
//! Read [`task::Task`] first, then [`contest`], then one of [`rialto`] and [`nats`].

mod contest;
mod job;
mod measured;
mod meter;
mod nats;
mod rialto;
mod table;
mod task;
mod window;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

use rialto_bench::server::{NATS_SERVER, Places};

/// Measures the Rust client of Rialto beside async-nats.
#[derive(Debug, Parser)]
#[command(name = "rialto-bench-clients")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    /// Rialto's program.
    #[arg(long, value_name = "PATH", default_value = "target/release/rialto")]
    rialto: PathBuf,

    /// nats-server's program.
    #[arg(long, value_name = "PATH", default_value = NATS_SERVER)]
    nats_server: PathBuf,

    /// Runs of each task with each client; tables show medians.
    #[arg(long, value_name = "N", default_value_t = 5)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1000))]
    reps: u16,

    /// One run with a twentieth of the messages: does it work at all?
    #[arg(long)]
    quick: bool,

    /// Tasks to measure; all of them if left out.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    only: Vec<String>,

    /// Threads of the client's runtime.
    #[arg(long, value_name = "N", default_value_t = 2)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: u16,

    /// Where the servers' data goes; on a disk, or durable figures mean nothing.
    #[arg(long, value_name = "DIR", default_value_os_t = std::env::temp_dir())]
    scratch: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Be the process that is measured.
    #[command(hide = true)]
    Measured(job::Job),
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    if let Some(Command::Measured(job)) = &cli.command {
        return measured::run(job);
    }
    let settings = contest::Settings {
        places: Places {
            rialto: cli.rialto,
            nats: cli.nats_server,
            scratch: cli.scratch,
        },
        repetitions: if cli.quick { 1 } else { cli.reps },
        divisor: if cli.quick { 20 } else { 1 },
        threads: cli.threads,
        only: cli.only,
    };
    contest::run(&settings)
}
