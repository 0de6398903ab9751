//! The runtime under a client whose calls wait, and how it ends.

use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::connection::Connection;

/// How long the farewell of a client that is dropped may take (K-60).
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(2);

/// A runtime with one thread, which keeps the connection.
#[derive(Debug)]
pub(super) struct Engine {
    /// Taken when it ends.
    runtime: Option<Runtime>,
    connection: watch::Receiver<Connection>,
}

/// Starts a runtime.
///
/// # Panics
/// The system gives no thread.
pub(super) fn start() -> Runtime {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("the system gives a thread")
}

impl Engine {
    pub(super) fn new(runtime: Runtime, connection: watch::Receiver<Connection>) -> Self {
        Engine { runtime: Some(runtime), connection }
    }

    /// Waits in this thread.
    ///
    /// # Panics
    /// Inside of a tokio runtime.
    pub(super) fn wait_for<F: Future>(&self, call: F) -> F::Output {
        let runtime = self.runtime.as_ref().expect("it is taken when nobody calls any more");
        runtime.block_on(call)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        if Handle::try_current().is_ok() {
            // Neither waiting nor ending a runtime is permitted here; its thread goes by itself.
            return runtime.shutdown_background();
        }
        let is_over = |connection: &Connection| matches!(connection, Connection::Ended(_));
        let farewell =
            async { timeout(FAREWELL_TIMEOUT, self.connection.wait_for(is_over)).await.is_ok() };
        // However the farewell went, the client is over.
        let _ = runtime.block_on(farewell);
    }
}
