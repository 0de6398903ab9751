//! How long a peer may take for its first words.

use std::{io, pin::Pin, sync::Arc};

use rialto_stopwatch::{Moment, timeout_at};
use tokio::sync::watch;

use crate::hub::Hub;

/// How long a handshake is waited for: up to a time, and not when the server stops.
pub(crate) struct Patience {
    pub(crate) deadline: Moment,
    pub(crate) stopping: watch::Receiver<bool>,
    pub(crate) hub: Arc<Hub>,
}

impl Patience {
    /// Waits for something that a peer has to do.
    ///
    /// # Errors
    /// Those of what is waited for; `TimedOut` when the time is up, `Interrupted` when the server
    /// stops.
    pub(crate) async fn wait<T>(
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
    pub(crate) fn late(&self) -> io::Error {
        self.hub.count_silent();
        io::ErrorKind::TimedOut.into()
    }

    /// Waits until the server stops.
    pub(crate) async fn stop(&self) {
        // An error means that the server is gone, which is a stop too.
        _ = self.stopping.clone().wait_for(|stopping| *stopping).await;
    }
}
