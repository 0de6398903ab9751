//! Gives the broker what became of its changes, in rounds as large as those of packets: in a thread of its own while
//! there is more to commit, and else in the thread that commits, which saves waking another one.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
    mpsc,
};

use rialto_domain::{FailureKind, Outcome};

use super::group::BatchSize;
use crate::{
    connection_writer::DirtyWriters,
    hub::{Hub, Latencies, PACKETS_PER_ROUND_MAX},
};

/// One commit's result, to be taken apart into the batches it was made of.
pub(super) struct Committed {
    pub(super) batches: Vec<BatchSize>,
    pub(super) outcomes: Result<Vec<Outcome>, FailureKind>,
}

impl Committed {
    /// Says whether one round completes it.
    pub(super) fn is_small(&self) -> bool {
        first_round(&self.batches).is_some_and(|part| part.len() == self.batches.len())
    }
}

/// Commits that are handed to the thread that completes, from the thread that commits.
pub(super) struct HandedOver {
    commits: mpsc::Sender<Committed>,
    /// Those that are not completed yet.
    count: Arc<AtomicUsize>,
}

/// The other end of [`HandedOver`].
pub(super) struct Awaited {
    commits: mpsc::Receiver<Committed>,
    count: Arc<AtomicUsize>,
}

/// Makes both ends of what is handed over.
pub(super) fn hand_over() -> (HandedOver, Awaited) {
    let (sender, receiver) = mpsc::channel();
    let count = Arc::new(AtomicUsize::new(0));
    (HandedOver { commits: sender, count: count.clone() }, Awaited { commits: receiver, count })
}

impl HandedOver {
    /// Hands a commit over.
    ///
    /// # Errors
    /// When nobody completes any more.
    pub(super) fn send(&self, committed: Committed) -> Result<(), mpsc::SendError<Committed>> {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.commits.send(committed)
    }

    /// Says whether all that was handed over is completed, so that a later commit may be.
    pub(super) fn is_done(&self) -> bool {
        self.count.load(Ordering::Acquire) == 0
    }
}

impl Awaited {
    /// Returns the next commit and has it counted as completed once `complete` is done; `false` when
    /// nobody commits any more.
    pub(super) fn next(&self, complete: impl FnOnce(Committed)) -> bool {
        let Ok(committed) = self.commits.recv() else { return false };
        complete(committed);
        self.count.fetch_sub(1, Ordering::Release);
        true
    }
}

/// Gives the broker what became of its changes. Whoever completes owns one.
pub(super) struct Completer {
    hub: Arc<Hub>,
    dirty: DirtyWriters,
}

impl Completer {
    pub(super) fn new(hub: Arc<Hub>) -> Self {
        Completer { hub, dirty: DirtyWriters::default() }
    }

    /// Completes one commit.
    pub(super) fn complete(&mut self, committed: &Committed) {
        let Committed { batches: all, outcomes } = committed;
        let mut rest = outcomes.as_deref().map_err(|kind| *kind);
        let mut batches = all.as_slice();
        let mut sent = Vec::new();
        // A commit may hold what many rounds asked for: it takes as many to complete it, so that
        // nobody waits for the lock longer than for a round of packets.
        while let Some(part) = first_round(batches) {
            batches = &batches[part.len()..];
            let is_sent = self.hub.round_committed(&mut self.dirty, |broker| {
                for size in part {
                    let batch = rest.map(|outcomes| &outcomes[..size.changes]);
                    broker.on_committed(batch);
                    rest = rest.map(|outcomes| &outcomes[size.changes..]);
                }
            });
            if is_sent {
                sent.extend_from_slice(part);
            }
        }
        self.dirty.flush();
        if outcomes.is_ok() {
            note_latencies(&self.hub, all, &sent);
        }
    }
}

/// Notes how long the messages of batches took that were written out, and of those among them that
/// somebody was sent.
fn note_latencies(hub: &Hub, all: &[BatchSize], sent: &[BatchSize]) {
    let Latencies { acknowledged, delivered_stored, .. } = &*hub.latencies;
    // One look at the clock for all.
    let now = hub.now().uptime;
    for (batches, durations) in [(all, acknowledged), (sent, delivered_stored)] {
        for BatchSize { stored, taken, .. } in batches.iter().filter(|size| 0 < size.stored) {
            durations.note_many(now.saturating_sub(*taken), *stored);
        }
    }
}

/// Returns the first of some batches, as many as a round of packets may hold messages, but one in
/// any case; `None` of none.
pub(super) fn first_round(batches: &[BatchSize]) -> Option<&[BatchSize]> {
    let mut messages = 0;
    let fitting = batches.iter().take_while(|size| {
        messages += size.messages;
        messages <= PACKETS_PER_ROUND_MAX
    });
    let count = fitting.count().max(1);
    batches.get(..count)
}

#[cfg(test)]
mod tests;
