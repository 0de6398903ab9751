//! Waits for the database on any thread, those of another runtime included.

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use tokio::runtime::{Builder, Runtime};

use crate::cause::Trouble;

/// The runtime that moves the bytes of all connections of a store.
#[derive(Debug)]
pub(crate) struct Moves(Option<Runtime>);

impl Moves {
    /// Starts it.
    pub(crate) fn start() -> std::io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).thread_name("store-database").enable_all().build();
        Ok(Moves(Some(runtime?)))
    }

    /// Waits for `future`, at most so long.
    pub(crate) fn wait<F: Future>(&self, limit: Duration, future: F) -> Option<F::Output> {
        let runtime = self.0.as_ref().expect("it is taken only when it is dropped");
        let _entered = runtime.enter();
        // Not Runtime::block_on: who reads may be a task of the server's runtime.
        // Nor by the task's budget, which is renewed only between its polls: once it was used up, everything
        // that is waited for would ask to be looked at again at once, and for ever.
        let mut future = pin!(tokio::task::unconstrained(tokio::time::timeout(limit, future)));
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        loop {
            match future.as_mut().poll(&mut context) {
                Poll::Ready(output) => return output.ok(),
                Poll::Pending => thread::park(),
            }
        }
    }
}

impl Drop for Moves {
    fn drop(&mut self) {
        // Waiting for its thread is not allowed within another runtime.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for an answer, at most so long.
pub(crate) fn wait<T>(
    moves: &Moves,
    limit: Duration,
    work: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    moves.wait(limit, work).unwrap_or_else(|| Err(Trouble::silent(limit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_waits_for_more_than_its_budget() {
        let moves = Moves::start().unwrap();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let done = runtime.block_on(async {
            moves.wait(Duration::from_secs(20), async {
                // More than a task may do between two polls.
                for _ in 0..1000 {
                    tokio::task::coop::consume_budget().await;
                }
                true
            })
        });
        assert_eq!(done, Some(true));
    }
}
