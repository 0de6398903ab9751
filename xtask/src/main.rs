//! Rialto's own build tasks: everything CI runs, in one command.
//!
//! `cargo xtask ci` is exactly what CI runs. Each step can be run alone; `cargo xtask --help`.
#![allow(clippy::print_stdout, reason = "a build tool talks to its user")]

mod circles;
mod container;
mod debian_source;
mod dependencies;
mod dist;
mod fuzz;
mod instructions;
mod node;
mod process;
mod python;
mod setup;
mod size;
mod steps;

use clap::{Parser, Subcommand};

/// Build tasks of Rialto.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

/// What can be done.
#[derive(Subcommand)]
enum Task {
    /// Everything: install what is missing, check, lint, document, fuzz briefly, test.
    Ci,
    /// Install what the tests need, where this machine allows it; say what is missing elsewhere.
    Setup,
    /// Check circles of imports, formatting, lints and documentation.
    Lint,
    /// Look for files of a crate that import each other in a circle; a part of `lint`.
    Circles,
    /// Check licences and origins of all dependencies against deny.toml, and what they cost to build.
    Deps,
    /// Run every fuzz target for some seconds.
    Fuzz {
        /// Seconds for each target.
        #[arg(long, default_value_t = 10)]
        seconds: u32,
    },
    /// Check what threads share in every order in which they can run, up to so many preemptions.
    Loom {
        /// Most preemptions of a run; 0 is as many as there can be.
        #[arg(long, default_value_t = 3)]
        preemptions: u32,
    },
    /// Run the benchmark once on a small scale, to see that it works; its figures mean nothing.
    BenchSmoke,
    /// Check how much machine code the Rust client adds to a program.
    Size,
    /// Count the instructions of each step of a message's way, and compare them with what is recorded.
    Instructions(instructions::Arguments),
    /// Run all tests.
    Test,
    /// Make what is given away: an archive and a Debian package.
    Dist(dist::Arguments),
    /// Build the image of the Containerfile with podman, and check a broker in it. Not a part of CI.
    Container(container::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().task {
        Task::Ci => steps::ci(),
        Task::Setup => setup::install_missing(),
        Task::Lint => steps::lint(),
        Task::Circles => circles::check(),
        Task::Deps => dependencies::check(),
        Task::Fuzz { seconds } => steps::fuzz(seconds),
        Task::Loom { preemptions } => steps::loom(preemptions),
        Task::BenchSmoke => steps::bench_smoke(),
        Task::Size => size::check(),
        Task::Instructions(arguments) => instructions::check(&arguments),
        Task::Test => steps::test(),
        Task::Dist(arguments) => dist::make(&arguments),
        Task::Container(arguments) => container::check(&arguments),
    }
}
