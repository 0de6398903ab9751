//! When everything was thrown away, and when it will be.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::exptime::UnixMs;

/// No flush is to come.
const NOT_DUE: u64 = u64::MAX;

/// The last flush and the next one.
#[derive(Debug)]
pub(crate) struct Flushes {
    /// Items with an id up to this are gone.
    through_cas: AtomicU64,
    due: AtomicU64,
    /// When what the last flush took is to be removed.
    sweep_due: AtomicU64,
}

impl Flushes {
    pub(crate) fn none() -> Self {
        Flushes {
            through_cas: AtomicU64::new(0),
            due: AtomicU64::new(NOT_DUE),
            sweep_due: AtomicU64::new(NOT_DUE),
        }
    }

    /// Replaces the flush to come, if there is one: as in memcached, the last command counts.
    pub(crate) fn plan(&self, due: UnixMs) {
        self.due.store(due, Ordering::Release);
    }

    pub(crate) fn is_due(&self, now: UnixMs) -> bool {
        self.due.load(Ordering::Acquire) <= now
    }

    /// Notes that items with ids up to `cas` are gone, to be removed from `sweep_due` on, and that no other flush is to come.
    pub(crate) fn done(&self, cas: u64, sweep_due: UnixMs) {
        self.through_cas.store(cas, Ordering::Release);
        self.due.store(NOT_DUE, Ordering::Release);
        self.sweep_due.store(sweep_due, Ordering::Release);
    }

    /// Returns the id up to which items are to be removed, once, when the time for it has come.
    pub(crate) fn take_sweep(&self, now: UnixMs) -> Option<u64> {
        let due = self.sweep_due.load(Ordering::Acquire);
        let is_ours = due <= now
            && self
                .sweep_due
                .compare_exchange(due, NOT_DUE, Ordering::AcqRel, Ordering::Relaxed)
                .is_ok();
        is_ours.then(|| self.through_cas.load(Ordering::Acquire))
    }

    pub(crate) fn has_taken(&self, cas: u64) -> bool {
        cas <= self.through_cas.load(Ordering::Acquire)
    }
}
