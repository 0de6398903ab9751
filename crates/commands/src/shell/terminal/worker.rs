//! The thread that carries out commands while lines are edited.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::{Handle, Runtime};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::super::executor::Executor;
use super::super::item::Item;
use super::super::peer::Peer;

/// How long what is under way may take when the user leaves.
const LEAVING_TIMEOUT: Duration = Duration::from_secs(2);

/// Carries out lines one after the other, on a thread of its own.
pub(super) struct Worker {
    lines: mpsc::UnboundedSender<(String, u64)>,
    /// How often Ctrl-C was pressed: lines from before the last time are not carried out any more.
    interrupts: watch::Sender<u64>,
    /// Lines that are not done yet.
    waiting: Arc<AtomicUsize>,
    /// Closed when all is done.
    done: watch::Receiver<()>,
    thread: JoinHandle<()>,
}

impl Worker {
    /// Starts the thread, which begins with opening a session if it is to.
    pub(super) fn start<P: Peer + Send + 'static>(
        runtime: &Runtime,
        executor: Executor<P>,
        connects: bool,
    ) -> Self {
        let (sender, lines) = mpsc::unbounded_channel();
        let (interrupts, interrupted) = watch::channel(0);
        let waiting = Arc::new(AtomicUsize::new(usize::from(connects)));
        let (is_done, done) = watch::channel(());
        let mut task = Task { executor, interrupted, waiting: Arc::clone(&waiting) };
        let handle: Handle = runtime.handle().clone();
        let thread = thread::spawn(move || {
            handle.block_on(task.run(lines, connects));
            drop(is_done);
            handle.block_on(task.executor.leave());
        });
        Worker { lines: sender, interrupts, waiting, done, thread }
    }

    pub(super) fn carry_out(&self, line: String) {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        let number = *self.interrupts.borrow();
        let _ = self.lines.send((line, number));
    }

    /// Ends what is under way, and returns whether there was anything.
    pub(super) fn interrupt(&self) -> bool {
        let is_busy = self.waiting.load(Ordering::Acquire) > 0;
        self.interrupts.send_modify(|count| *count += 1);
        is_busy
    }

    /// Waits until all is done, but not for long, and ends the session.
    pub(super) fn finish(self, runtime: &Runtime) {
        let Worker { lines, interrupts, mut done, thread, .. } = self;
        drop(lines);
        runtime.block_on(async {
            // An error says that it is done.
            let _ = timeout(LEAVING_TIMEOUT, done.changed()).await;
        });
        interrupts.send_modify(|count| *count += 1);
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    }
}

/// Lines, each with how often Ctrl-C was pressed before it.
type Lines = mpsc::UnboundedReceiver<(String, u64)>;

struct Task<P> {
    executor: Executor<P>,
    interrupted: watch::Receiver<u64>,
    waiting: Arc<AtomicUsize>,
}

impl<P: Peer> Task<P> {
    async fn run(&mut self, mut lines: Lines, connects: bool) {
        if connects {
            self.carry_out(None, 0).await;
        }
        while let Some((line, number)) = lines.recv().await {
            self.carry_out(Some(&line), number).await;
        }
    }

    /// Carries out a line, or opens the session, until that is done or interrupted.
    async fn carry_out(&mut self, line: Option<&str>, number: u64) {
        let feed = self.executor.feed.clone();
        if *self.interrupted.borrow() == number {
            let mut interrupted = self.interrupted.clone();
            let doing = async {
                match line {
                    Some(line) => self.executor.line(line).await.map(drop),
                    None => self.executor.connect().await,
                }
            };
            let done = tokio::select! {
                done = doing => done,
                _ = interrupted.wait_for(|count| number < *count) => {
                    feed.notice("interrupted").await;
                    Ok(())
                }
            };
            if let Err(failure) = done {
                feed.show(Item::Problem { failure, line: None }).await;
            }
        }
        self.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}
