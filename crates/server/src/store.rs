//! The store's threads: one writes in groups, one completes, one reads.
//!
//! While a commit is under way everything that arrives gathers for the next one; while that one is
//! synced, the completed one is routed. So the cost of a sync is shared by all who wait for it.

mod health;
mod inbox;

use std::{
    collections::HashSet,
    io,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rialto_broker::{LoadRequest, ReadRequest};
use rialto_domain::{Change, FailureKind, LogEntry, LogId, Outcome};
use rialto_store::{Cause, Store, StoreError, StoreReader};

pub(crate) use health::{CommitWatch, StoreState};
use health::{Health, Part};
pub(crate) use inbox::{Job, Lookup, StoreInboxes};

use crate::{
    connection_writer::DirtyWriters,
    guarded::AbortOnPanic,
    hub::{Hub, PACKETS_PER_ROUND_MAX},
};

/// Changes one commit takes at most; beyond that the wait for the sync outweighs the saving.
const GROUP_COUNT_MAX: usize = 4096;
/// Payload bytes one commit takes at most, save one batch; bounds how long the next one waits.
const GROUP_BYTES_MAX: usize = 16 << 20;

/// Quiet after which the store is given time for its own tidying.
const IDLE: Duration = Duration::from_millis(250);

/// How long a commit that failed for a reason that may pass is tried again, and the first pause, which
/// then grows.
const RETRY_TIME: Duration = Duration::from_secs(5);
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// One commit's result, to be taken apart into the batches it was made of.
struct Committed {
    batches: Vec<BatchSize>,
    outcomes: Result<Vec<Outcome>, FailureKind>,
}

/// The writing thread's own.
struct Writer {
    store: Box<dyn Store>,
    health: Health,
    watch: Arc<CommitWatch>,
    done: mpsc::Sender<Committed>,
    retry_time: Duration,
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
        reader: Box<dyn StoreReader>,
        jobs: mpsc::Receiver<Job>,
        lookups: mpsc::Receiver<Lookup>,
        watch: Arc<CommitWatch>,
    ) -> io::Result<Self> {
        let (done, completed) = mpsc::channel();
        let health = Health::new(Part::Writing);
        let writer = Writer { store, health, watch, done, retry_time: RETRY_TIME };
        let writer = spawn("store-writer", move || writer.run(&jobs))?;
        let for_completer = hub.clone();
        let completer = spawn("store-completer", move || complete(&for_completer, &completed))?;
        let for_reader = Arc::downgrade(hub);
        spawn("store-reader", move || {
            let mut reader = Reader::new(reader);
            loop {
                match lookups.recv_timeout(IDLE) {
                    Ok(lookup) => {
                        let Some(hub) = for_reader.upgrade() else { return };
                        reader.look_up(lookup, &hub);
                    }
                    Err(mpsc::RecvTimeoutError::Timeout) => reader.health.settle(),
                    Err(mpsc::RecvTimeoutError::Disconnected) => return,
                }
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

impl Writer {
    fn run(mut self, jobs: &mpsc::Receiver<Job>) {
        loop {
            let first = match jobs.recv_timeout(IDLE) {
                Ok(first) => first,
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    self.tidy();
                    continue;
                }
            };
            let group = Group::gather(first, jobs);
            let is_last = group.is_last;
            if self.commit(group).is_err() || is_last {
                break;
            }
        }
        if let Err(error) = self.store.close() {
            tracing::warn!(%error, "store maintenance failed; nothing committed is lost");
        }
    }

    /// Lets the store go on removing what was trimmed: an empty commit. That it succeeds does not show
    /// that there is room.
    fn tidy(&mut self) {
        match self.watch.watch(0, || self.store.commit(&[])) {
            Ok(_) => self.health.settle(),
            Err(error) => self.health.note_failure(&error),
        }
        self.watch.set_failing(self.health.is_failing());
    }

    /// Commits a group. If that fails, each of its batches by itself: one may be too large for the room
    /// that is left, or concern what is damaged, and another may be what makes room.
    fn commit(&mut self, group: Group) -> Result<(), mpsc::SendError<Committed>> {
        let Group { changes, batches, .. } = group;
        let result = self.commit_patiently(&changes);
        let is_of_all = result.as_ref().is_err_and(may_pass_by_itself);
        if result.is_ok() || is_of_all || batches.len() <= 1 {
            if !changes.is_empty() {
                self.note(result.as_ref().err());
            }
            let outcomes = result.map_err(|error| error.kind);
            return self.done.send(Committed { batches, outcomes });
        }
        let mut failure = None;
        let mut rest = changes.as_slice();
        for size in batches {
            let (batch, later) = rest.split_at(size.changes);
            rest = later;
            let outcomes = self.commit_changes(batch).map_err(|error| {
                let kind = error.kind;
                failure = Some(error);
                kind
            });
            self.done.send(Committed { batches: vec![size], outcomes })?;
        }
        self.note(failure.as_ref());
        Ok(())
    }

    /// Commits changes; tries again, with growing pauses and for a while, what fails for a reason that
    /// may pass.
    fn commit_patiently(&mut self, changes: &[Change]) -> Result<Vec<Outcome>, StoreError> {
        let began = Instant::now();
        let mut pause = RETRY_PAUSE;
        loop {
            match self.commit_changes(changes) {
                Err(error) if may_pass_by_itself(&error) && began.elapsed() < self.retry_time => {
                    self.note(Some(&error));
                }
                result => return result,
            }
            thread::sleep(pause);
            pause *= 2;
        }
    }

    /// Commits changes, if there are any: a batch without only waits for its turn.
    fn commit_changes(&mut self, changes: &[Change]) -> Result<Vec<Outcome>, StoreError> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        self.watch.watch(changes.len(), || self.store.commit(changes))
    }

    fn note(&mut self, failure: Option<&StoreError>) {
        match failure {
            Some(error) => self.health.note_failure(error),
            None => self.health.note_success(),
        }
        self.watch.set_failing(self.health.is_failing());
    }
}

/// Says whether the same commit may succeed a little later, without anything else being committed
/// first: what makes room may be behind it.
fn may_pass_by_itself(error: &StoreError) -> bool {
    error.kind == FailureKind::Transient && !matches!(*error.cause, Cause::Full)
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

fn payload_bytes(change: &Change) -> usize {
    match change {
        Change::Append(page) => page.payloads.as_bytes().len(),
        Change::Retain(_, retained) => retained.payload.len(),
        Change::Acknowledge(_, _, stretches) => size_of_val(&stretches[..]),
        Change::KeepHistory { messages, .. } => {
            messages.iter().map(|message| message.payload.len()).sum()
        }
        _ => 0,
    }
}

fn complete(hub: &Hub, completed: &mpsc::Receiver<Committed>) {
    let mut dirty = DirtyWriters::default();
    while let Ok(Committed { batches, outcomes }) = completed.recv() {
        let mut rest = outcomes.as_deref().map_err(|kind| *kind);
        let mut batches = batches.as_slice();
        // A commit may hold what many rounds asked for: it takes as many to complete it, so that
        // nobody waits for the lock longer than for a round of packets.
        while let Some(part) = first_round(batches) {
            batches = &batches[part.len()..];
            hub.round_into(&mut dirty, |broker| {
                for size in part {
                    let batch = rest.map(|outcomes| &outcomes[..size.changes]);
                    broker.on_committed(batch);
                    rest = rest.map(|outcomes| &outcomes[size.changes..]);
                }
            });
        }
        dirty.flush();
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

/// The reading thread's own.
struct Reader {
    reader: Box<dyn StoreReader>,
    health: Health,
    /// Logs that cannot be read, and were told of.
    unreadable: HashSet<LogId>,
}

impl Reader {
    fn new(reader: Box<dyn StoreReader>) -> Self {
        Reader { reader, health: Health::new(Part::Reading), unreadable: HashSet::new() }
    }

    /// Reads what the broker asked for, and gives it back.
    fn look_up(&mut self, lookup: Lookup, hub: &Hub) {
        match lookup {
            Lookup::Pages(request) => {
                let entries = self.read(&request);
                hub.round(|broker| {
                    broker.on_read(&request, entries.as_deref().map_err(|kind| *kind));
                });
            }
            Lookup::Clients(LoadRequest::Client(id)) => {
                let state = self.reader.client(&id);
                let state = self.note(state);
                hub.round(|broker| broker.on_loaded(&id, state));
            }
            Lookup::Clients(LoadRequest::Clients { after, count_max }) => {
                let listed = self.reader.clients(&after, count_max);
                let listed = self.note(listed);
                hub.round(|broker| {
                    broker.on_listed(listed.as_deref().map_err(|kind| *kind));
                });
            }
            Lookup::Clients(LoadRequest::Ids { after, count_max }) => {
                let ids = self.reader.ids(&after, count_max);
                let ids = self.note(ids);
                hub.round(|broker| broker.on_ids(ids.as_deref().map_err(|kind| *kind)));
            }
        }
    }

    /// Tells of what cannot be read of clients.
    fn note<T>(&mut self, result: Result<T, StoreError>) -> Result<T, FailureKind> {
        match &result {
            Ok(_) => self.health.note_success(),
            Err(error) => self.health.note_failure(error),
        }
        result.map_err(|error| error.kind)
    }

    fn read(&mut self, request: &ReadRequest) -> Result<Vec<LogEntry>, FailureKind> {
        let log = request.log;
        match self.reader.read(log, request.from, request.bytes_max) {
            Ok(entries) => {
                self.unreadable.remove(&log);
                self.health.note_success();
                Ok(entries)
            }
            Err(error) if error.kind == FailureKind::Transient => {
                self.health.note_failure(&error);
                Err(error.kind)
            }
            Err(error) => {
                if self.unreadable.insert(log) {
                    tracing::error!(
                        log = log.0,
                        error = &error as &dyn std::error::Error,
                        "the log of a channel cannot be read: its persistent subscribers get none of its messages"
                    );
                }
                Err(error.kind)
            }
        }
    }
}

#[cfg(test)]
mod tests;
