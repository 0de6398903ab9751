//! The process that is measured: one client that does one task.

use std::io::Write;
use std::net::SocketAddr;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::meter::Figures;
use crate::task::Task;
use crate::{nats, rialto};

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

/// Does the job, and prints what came of it.
///
/// # Errors
/// The server or the client failed, or a message was lost, repeated or reordered.
pub fn run(job: &Job) -> Result<()> {
    let mut builder = match job.runtime_threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = builder.worker_threads(job.runtime_threads.into()).enable_all().build()?;
    // In a task, as it would be in a server: `block_on` runs its future beside the workers.
    let job = job.clone();
    let figures = runtime.block_on(async move { tokio::spawn(async move { work(&job).await }).await })??;
    writeln!(std::io::stdout().lock(), "done {} {}", figures.rate, figures.cpu_us)?;
    Ok(())
}

async fn work(job: &Job) -> Result<Figures> {
    match job.library {
        Library::Rialto => rialto::work(job).await,
        Library::Nats => nats::work(job).await,
    }
}
