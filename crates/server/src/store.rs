//! The store's threads: one writes in groups, one completes, one reads.
//!
//! While a commit is under way everything that arrives gathers for the next one; while that one is
//! synced, the completed one is routed. So the cost of a sync is shared by all who wait for it.

use std::{
    io,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use rialto_broker::{Change, Outcome, ReadRequest, Reject};
use rialto_store::{LogReader, Store, StoreError};

use crate::hub::{AbortOnPanic, Hub};

/// Changes one commit takes at most; beyond that the wait for the sync outweighs the saving.
const GROUP_COUNT_MAX: usize = 4096;
/// Payload bytes one commit takes at most, save one batch; bounds how long the next one waits.
const GROUP_BYTES_MAX: usize = 16 << 20;

/// Quiet after which the store is given time for its own tidying.
const IDLE: Duration = Duration::from_millis(250);

/// Work for the writing thread.
pub(crate) enum Job {
    /// Commit these changes.
    Commit(Vec<Change>),
    /// Finish what came before, tidy up and end.
    Close,
}

/// One commit's result, to be taken apart into the batches it was made of.
struct Committed {
    batch_lengths: Vec<usize>,
    outcomes: Result<Vec<Outcome>, Reject>,
}

/// The threads, to be waited for at the end.
pub(crate) struct StoreThreads {
    writer: JoinHandle<()>,
    completer: JoinHandle<()>,
}

impl StoreThreads {
    /// Starts the threads. They end after [`Job::Close`], or when the hub is gone.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub(crate) fn start(
        hub: &Arc<Hub>,
        store: Box<dyn Store>,
        reader: Box<dyn LogReader>,
        jobs: mpsc::Receiver<Job>,
        reads: mpsc::Receiver<ReadRequest>,
    ) -> io::Result<Self> {
        let (completed_tx, completed) = mpsc::channel();
        let writer = spawn("store-writer", move || write(store, &jobs, &completed_tx))?;
        let for_completer = hub.clone();
        let completer = spawn("store-router", move || complete(&for_completer, &completed))?;
        let for_reader = Arc::downgrade(hub);
        spawn("store-reader", move || {
            let mut reader = reader;
            while let Ok(request) = reads.recv() {
                let Some(hub) = for_reader.upgrade() else { return };
                read(&hub, reader.as_mut(), &request);
            }
        })?;
        Ok(StoreThreads { writer, completer })
    }

    /// Waits until everything handed over before [`Job::Close`] is committed and routed.
    pub(crate) fn join(self) {
        // A thread that panicked has said so; there is nothing left to save here.
        _ = self.writer.join();
        _ = self.completer.join();
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    let guarded = move || {
        let _guard = AbortOnPanic::new("a thread of the store");
        body();
    };
    thread::Builder::new().name(name.to_owned()).spawn(guarded)
}

fn write(mut store: Box<dyn Store>, jobs: &mpsc::Receiver<Job>, done: &mpsc::Sender<Committed>) {
    let mut health = Health::default();
    let mut closing = false;
    while !closing {
        let first = match jobs.recv_timeout(IDLE) {
            Ok(first) => first,
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                // An empty commit lets the store go on removing what was trimmed.
                health.note(store.commit(&[]).as_ref().err());
                continue;
            }
        };
        let mut changes = Vec::new();
        let mut batch_lengths = Vec::new();
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Commit(batch) => {
                    batch_lengths.push(batch.len());
                    bytes += batch.iter().map(payload_bytes).sum::<usize>();
                    changes.extend(batch);
                }
                Job::Close => closing = true,
            }
            let is_full = closing || GROUP_COUNT_MAX <= changes.len() || GROUP_BYTES_MAX <= bytes;
            next = if is_full { None } else { jobs.try_recv().ok() };
        }
        if batch_lengths.is_empty() {
            continue;
        }
        // A batch may be empty: it only waits for its turn.
        let outcomes = if changes.is_empty() { Ok(Vec::new()) } else { store.commit(&changes) };
        health.note(outcomes.as_ref().err());
        let outcomes = outcomes.map_err(|_| Reject::StoreUnavailable);
        if done.send(Committed { batch_lengths, outcomes }).is_err() {
            break;
        }
    }
    if let Err(error) = store.close() {
        tracing::warn!(%error, "the store could not be tidied up; nothing committed is lost");
    }
}

fn payload_bytes(change: &Change) -> usize {
    match change {
        Change::Append(page) => page.payloads.as_bytes().len(),
        _ => 0,
    }
}

/// Logs when the store begins to fail and when it works again, not every commit between.
#[derive(Default)]
struct Health {
    is_failing: bool,
}

impl Health {
    fn note(&mut self, error: Option<&StoreError>) {
        match error {
            Some(error) if !self.is_failing => {
                tracing::error!(
                    error = error as &dyn std::error::Error,
                    "the store cannot write: QoS 1 publishes are refused with status 5 until it can"
                );
            }
            None if self.is_failing => tracing::info!("the store can write again"),
            _ => {}
        }
        self.is_failing = error.is_some();
    }
}

fn complete(hub: &Hub, completed: &mpsc::Receiver<Committed>) {
    while let Ok(Committed { batch_lengths, outcomes }) = completed.recv() {
        hub.round(|broker| {
            let mut rest = outcomes.as_deref().map_err(|reject| *reject);
            for length in batch_lengths {
                let batch = rest.map(|outcomes| &outcomes[..length]);
                broker.on_committed(batch);
                rest = rest.map(|outcomes| &outcomes[length..]);
            }
        });
    }
}

fn read(hub: &Hub, reader: &mut dyn LogReader, request: &ReadRequest) {
    let pages = reader.read(request.log, request.from, request.bytes_max);
    if let Err(error) = &pages {
        tracing::error!(
            error = error as &dyn std::error::Error,
            "stored messages cannot be read; trying again"
        );
    }
    hub.round(|broker| broker.on_read(request, pages.as_deref().ok()));
}
