//! What the process that is measured is told to do.

use std::net::SocketAddr;

use clap::{Args, ValueEnum};

use crate::task::Task;

/// Which client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Library {
    /// `rialto-client`.
    Rialto,
    /// `async-nats`.
    Nats,
}

/// What to do.
#[derive(Debug, Clone, Args)]
pub struct Job {
    /// With which client.
    #[arg(long)]
    pub library: Library,
    /// What.
    #[arg(long)]
    pub task: Task,
    /// Where the server listens.
    #[arg(long)]
    pub address: SocketAddr,
    /// How many messages.
    #[arg(long)]
    pub messages: u64,
    /// Threads of the runtime.
    #[arg(long)]
    pub runtime_threads: u16,
}
