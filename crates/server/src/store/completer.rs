//! The thread that completes: gives the broker what became of its changes, in rounds as large as those of packets.

use std::sync::mpsc;

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

/// Completes what was committed, until there is nobody left to commit more.
pub(super) fn complete(hub: &Hub, completed: &mpsc::Receiver<Committed>) {
    let mut dirty = DirtyWriters::default();
    while let Ok(Committed { batches: all, outcomes }) = completed.recv() {
        let mut rest = outcomes.as_deref().map_err(|kind| *kind);
        let mut batches = all.as_slice();
        let mut sent = Vec::new();
        // A commit may hold what many rounds asked for: it takes as many to complete it, so that
        // nobody waits for the lock longer than for a round of packets.
        while let Some(part) = first_round(batches) {
            batches = &batches[part.len()..];
            let is_sent = hub.round_committed(&mut dirty, |broker| {
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
        dirty.flush();
        if outcomes.is_ok() {
            note_latencies(hub, &all, &sent);
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
