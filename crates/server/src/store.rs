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

use crate::{
    guarded::AbortOnPanic,
    hub::{Hub, PACKETS_PER_ROUND_MAX, Touched},
};

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
    batches: Vec<BatchSize>,
    outcomes: Result<Vec<Outcome>, Reject>,
}

/// How much a batch holds.
#[derive(Debug, Clone, Copy)]
struct BatchSize {
    changes: usize,
    /// What it takes to complete it, in messages.
    messages: usize,
}

impl BatchSize {
    fn of(batch: &[Change]) -> Self {
        let messages = |change: &Change| match change {
            Change::Append(page) => page.count as usize,
            _ => 1,
        };
        BatchSize { changes: batch.len(), messages: batch.iter().map(messages).sum() }
    }
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
    loop {
        let first = match jobs.recv_timeout(IDLE) {
            Ok(first) => first,
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                // An empty commit lets the store go on removing what was trimmed. That it succeeds
                // does not show that there is room.
                if let Err(error) = store.commit(&[]) {
                    health.note(Some(&error));
                }
                continue;
            }
        };
        let group = Group::gather(first, jobs);
        let is_last = group.is_last;
        if commit(store.as_mut(), group, &mut health, done).is_err() || is_last {
            break;
        }
    }
    if let Err(error) = store.close() {
        tracing::warn!(%error, "the store could not be tidied up; nothing committed is lost");
    }
}

/// Batches that are committed together.
#[derive(Default)]
struct Group {
    changes: Vec<Change>,
    batches: Vec<BatchSize>,
    /// Whether the store is to be closed behind it.
    is_last: bool,
}

impl Group {
    /// Takes `first` and all that has gathered behind it, as far as a group goes.
    fn gather(first: Job, jobs: &mpsc::Receiver<Job>) -> Self {
        let mut group = Group::default();
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Commit(batch) => {
                    group.batches.push(BatchSize::of(&batch));
                    bytes += batch.iter().map(payload_bytes).sum::<usize>();
                    group.changes.extend(batch);
                }
                Job::Close => group.is_last = true,
            }
            let is_full = GROUP_COUNT_MAX <= group.changes.len() || GROUP_BYTES_MAX <= bytes;
            next = if is_full || group.is_last { None } else { jobs.try_recv().ok() };
        }
        group
    }
}

/// Commits a group. If that fails, each of its batches by itself: one may be too large for the room
/// that is left, and another may be what makes room.
fn commit(
    store: &mut dyn Store,
    group: Group,
    health: &mut Health,
    done: &mpsc::Sender<Committed>,
) -> Result<(), mpsc::SendError<Committed>> {
    let Group { changes, batches, .. } = group;
    let result = commit_changes(store, &changes);
    if result.is_ok() || batches.len() <= 1 {
        if !changes.is_empty() {
            health.note(result.as_ref().err());
        }
        let outcomes = result.map_err(|_| Reject::StoreUnavailable);
        return done.send(Committed { batches, outcomes });
    }
    let mut failure = None;
    let mut rest = changes.as_slice();
    for size in batches {
        let (batch, later) = rest.split_at(size.changes);
        rest = later;
        let outcomes = commit_changes(store, batch).map_err(|error| {
            failure = Some(error);
            Reject::StoreUnavailable
        });
        done.send(Committed { batches: vec![size], outcomes })?;
    }
    health.note(failure.as_ref());
    Ok(())
}

/// Commits changes, if there are any: a batch without only waits for its turn.
fn commit_changes(store: &mut dyn Store, changes: &[Change]) -> Result<Vec<Outcome>, StoreError> {
    if changes.is_empty() { Ok(Vec::new()) } else { store.commit(changes) }
}

fn payload_bytes(change: &Change) -> usize {
    match change {
        Change::Append(page) => page.payloads.as_bytes().len(),
        Change::KeepHistory { messages, .. } => {
            messages.iter().map(|message| message.payload.len()).sum()
        }
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
    let mut touched = Touched::default();
    while let Ok(Committed { batches, outcomes }) = completed.recv() {
        let mut rest = outcomes.as_deref();
        let mut batches = batches.as_slice();
        // A commit may hold what many rounds asked for: it takes as many to complete it, so that
        // nobody waits for the lock longer than for a round of packets.
        while let Some(part) = first_round(batches) {
            batches = &batches[part.len()..];
            hub.round_into(&mut touched, |broker| {
                for size in part {
                    let batch = rest.map(|outcomes| &outcomes[..size.changes]);
                    broker.on_committed(batch);
                    rest = rest.map(|outcomes| &outcomes[size.changes..]);
                }
            });
        }
        touched.flush();
    }
}

/// Returns the first of some batches, as many as a round of packets may hold messages, but one in
/// any case; `None` of none.
fn first_round(batches: &[BatchSize]) -> Option<&[BatchSize]> {
    let mut messages = 0;
    let fitting = batches.iter().take_while(|size| {
        messages += size.messages;
        messages <= PACKETS_PER_ROUND_MAX
    });
    let count = fitting.count().max(1);
    batches.get(..count)
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

#[cfg(test)]
mod tests;
