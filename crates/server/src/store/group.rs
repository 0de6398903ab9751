//! What is committed together: all that gathered while the commit before was under way.

use std::{sync::mpsc, time::Duration};

use rialto_domain::{Change, Commit};

use crate::store_jobs::Job;

/// Changes one commit takes at most; beyond that the wait for the sync outweighs the saving.
const GROUP_COUNT_MAX: usize = 4096;
/// Payload bytes one commit takes at most, save one batch; bounds how long the next one waits.
const GROUP_BYTES_MAX: usize = 16 << 20;

/// Batches that are committed together.
#[derive(Default)]
pub(super) struct Group {
    pub(super) commits: Vec<Commit>,
    pub(super) batches: Vec<BatchSize>,
    /// Whether the store is to be closed behind it.
    pub(super) is_last: bool,
}

/// How much a batch holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct BatchSize {
    pub(super) changes: usize,
    /// What it takes to complete it, in messages.
    pub(super) messages: usize,
    /// How many messages it stores.
    pub(super) stored: u64,
    /// When the broker made it.
    pub(super) taken: Duration,
}

impl BatchSize {
    pub(super) fn of(batch: &[Change], taken: Duration) -> Self {
        let messages = |change: &Change| match change {
            Change::Append(page) | Change::AppendIfRead(page) => page.count as usize,
            _ => 1,
        };
        let stored = |change: &Change| change.page().map_or(0, |page| u64::from(page.count));
        BatchSize {
            changes: batch.len(),
            messages: batch.iter().map(messages).sum(),
            stored: batch.iter().map(stored).sum(),
            taken,
        }
    }
}

impl Group {
    /// Takes `first` and all that has gathered behind it, as far as a group goes.
    pub(super) fn gather(first: Job, jobs: &mpsc::Receiver<Job>) -> Self {
        let mut group = Group::default();
        let (mut bytes, mut change_count) = (0, 0);
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Commit(commit, taken) => {
                    group.batches.push(BatchSize::of(&commit.changes, taken));
                    bytes += commit.changes.iter().map(payload_bytes).sum::<usize>();
                    change_count += commit.changes.len();
                    group.commits.push(commit);
                }
                Job::Close => group.is_last = true,
            }
            let is_full = GROUP_COUNT_MAX <= change_count || GROUP_BYTES_MAX <= bytes;
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
