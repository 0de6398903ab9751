//! What has happened so far.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What has happened since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Decisions the application was asked for.
    pub asked: u64,
    /// Decisions taken from what it answered before.
    pub cached: u64,
    /// Decisions that refused something, remembered ones included.
    pub denied: u64,
    /// Decisions it gave no usable answer to.
    pub failed: u64,
    /// Notifications it took.
    pub delivered: u64,
    /// Times a notification was sent again.
    pub retried: u64,
    /// Notifications that were given up, or for which there was no room.
    pub dropped: u64,
}

/// The counters while they count.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) asked: Count,
    pub(crate) cached: Count,
    pub(crate) denied: Count,
    pub(crate) failed: Count,
    pub(crate) delivered: Count,
    pub(crate) retried: Count,
    pub(crate) dropped: Count,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Tally {
    pub(crate) fn snapshot(&self) -> Counters {
        Counters {
            asked: self.asked.get(),
            cached: self.cached.get(),
            denied: self.denied.get(),
            failed: self.failed.get(),
            delivered: self.delivered.get(),
            retried: self.retried.get(),
            dropped: self.dropped.get(),
        }
    }
}

impl Count {
    pub(crate) fn add_one(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}
