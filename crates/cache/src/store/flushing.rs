//! Throwing everything away, at once or in time.

use std::sync::atomic::Ordering;

use parking_lot::Mutex;

use super::Store;
use crate::{
    exptime::{Exptime, UnixMs},
    stats::Counter,
};

impl Store {
    /// Throws everything away: at once, or everything that there is at the time given. A later call replaces one whose
    /// time has not come.
    pub fn flush_all(&self, at: Exptime, now: UnixMs) {
        self.flush_if_due(now);
        self.counters().count(Counter::Flushes);
        self.flushes.plan(at.ends(now, self.wall_ahead_ms()).unwrap_or(0));
        self.flush_if_due(now);
    }

    /// Throws everything away if the time for it has come, as every other call does before anything else.
    pub fn flush_if_due(&self, now: UnixMs) {
        if !self.flushes.is_due(now) {
            return;
        }
        // With all stripes held nothing is written meanwhile: each change is before the flush, or after it.
        let _stripes: Vec<_> = self.stripes.iter().map(Mutex::lock).collect();
        if self.flushes.is_due(now) {
            let sweep_due = now.saturating_add(self.settings.stale_kept_ms);
            self.flushes.done(self.cas.load(Ordering::Acquire), sweep_due);
            self.changes.note_flush();
        }
    }

    /// Does what is due by itself: a flush whose time has come, and removing what an earlier one took.
    pub fn on_tick(&self, now: UnixMs) {
        self.flush_if_due(now);
        if let Some(through_cas) = self.flushes.take_sweep(now) {
            self.items
                .invalidate_entries_if(move |_, item| item.cas <= through_cas)
                .expect("the cache was built to take such closures");
        }
    }
}
