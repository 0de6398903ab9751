//! The process that is measured: one client that does one task.

use std::io::Write;

use anyhow::Result;

use crate::job::{Job, Library};
use crate::meter::Figures;
use crate::{nats, rialto};

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
