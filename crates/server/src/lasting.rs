//! Tasks that go on until the server stops.

use std::{future::Future, time::Duration};

use tokio::{
    task::{JoinHandle, JoinSet},
    time::sleep,
};

/// Pause before a task that panicked begins anew.
const PAUSE: Duration = Duration::from_secs(1);

/// Spawns a task that is to go on until the handle is aborted. One that ends, as only a panic makes
/// it, is logged and begun anew: a server must not go on without a listener, a link or a watch.
pub(crate) fn spawn<F>(
    task: &'static str,
    begin: impl FnMut() -> F + Send + 'static,
) -> JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(keep(task, PAUSE, begin))
}

async fn keep<F>(task: &'static str, pause: Duration, mut begin: impl FnMut() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        // A set, because it takes the task with it when this one is aborted.
        let mut running = JoinSet::new();
        running.spawn(begin());
        if let Some(Err(error)) = running.join_next().await {
            tracing::error!(task, %error, "a server task panicked: it is restarted");
        }
        sleep(pause).await;
    }
}

#[cfg(test)]
mod tests;
