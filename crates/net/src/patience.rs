//! How long a peer may take for its first words.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use rialto_stopwatch::{Moment, timeout_at};
use tokio::sync::watch;

/// How long a handshake is waited for: up to a time, and not when the program stops.
pub struct Patience {
    /// When the handshake has to be over.
    pub deadline: Moment,
    /// Becomes true when the program stops.
    pub stopping: watch::Receiver<bool>,
    /// Counts connections that were silent for too long.
    pub silent: Arc<AtomicU64>,
}

impl Patience {
    /// Waits for something that a peer has to do.
    ///
    /// # Errors
    /// Those of what is waited for; `TimedOut` when the time is up, `Interrupted` when the program
    /// stops.
    pub async fn wait<T>(
        &self,
        // Where it is: moved in here, it would take its place twice, for each connection that begins.
        awaited: Pin<&mut impl Future<Output = io::Result<T>>>,
    ) -> io::Result<T> {
        tokio::select! {
            result = timeout_at(self.deadline, awaited) => {
                result.unwrap_or_else(|_| Err(self.late()))
            }
            () = self.stop() => Err(io::ErrorKind::Interrupted.into()),
        }
    }

    /// Counts a connection that was silent for too long, which must not be closed before: whoever sees
    /// its end finds it counted. Returns `TimedOut`.
    pub fn late(&self) -> io::Error {
        self.silent.fetch_add(1, Ordering::Relaxed);
        io::ErrorKind::TimedOut.into()
    }

    /// Waits until the program stops.
    pub async fn stop(&self) {
        // An error means that whoever could stop it is gone, which is a stop too.
        _ = self.stopping.clone().wait_for(|stopping| *stopping).await;
    }
}

#[cfg(test)]
mod tests;
