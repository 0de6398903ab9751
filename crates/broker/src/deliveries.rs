//! What became of deliveries that were put into the outboxes of connections.
//!
//! Whoever writes a socket does not hold the broker, so this is counted beside it, and read when
//! somebody asks for the counters.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts deliveries that left the outboxes of connections, over all connections.
#[derive(Debug, Default)]
pub struct Deliveries {
    written: AtomicU64,
    unwritten: AtomicU64,
}

impl Deliveries {
    /// Counts deliveries that were written to a connection, whole.
    pub fn count_written(&self, count: u64) {
        if 0 < count {
            self.written.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// Counts deliveries that were in an outbox, or were to be put into it, and never will be written.
    pub fn count_unwritten(&self, count: u64) {
        if 0 < count {
            self.unwritten.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// Returns the deliveries that were written.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Returns the deliveries that were not written, and will not be.
    pub(crate) fn unwritten(&self) -> u64 {
        self.unwritten.load(Ordering::Relaxed)
    }
}
