//! The end that somebody asks for.

use crate::exit::{Exit, Failure};

/// Waits until somebody asks the process to end.
pub(super) async fn stop_asked() -> Result<(), Failure> {
    let result = terminated().await;
    result.map_err(|error| Failure::new(Exit::Failed, format!("cannot wait for signals: {error}")))
}

#[cfg(unix)]
async fn terminated() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn terminated() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
