//! Until when this node may serve, where several share the store.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// How long a node is taken to live after it has renewed its lease, as the store counts too.
const LEASE: Duration = Duration::from_secs(6);

/// A node's lease, by a clock of this machine that does not stand still while the process is stopped. It is over until it is
/// renewed for the first time.
#[derive(Debug)]
pub(crate) struct Lease {
    began: Instant,
    until_ms: AtomicU64,
    /// Whether the node gives it back.
    is_ending: AtomicBool,
}

impl Lease {
    pub(crate) fn new() -> Self {
        Lease {
            began: Instant::now(),
            until_ms: AtomicU64::new(0),
            is_ending: AtomicBool::new(false),
        }
    }

    /// Notes that the store has prolonged it, as it was asked at a moment.
    pub(crate) fn prolong(&self, asked: Instant) {
        let until = (asked + LEASE).saturating_duration_since(self.began);
        self.until_ms.store(until.as_millis() as u64, Ordering::Relaxed);
    }

    /// Says whether it is over, so that another node may own this one's clients.
    pub(crate) fn is_over(&self) -> bool {
        self.until_ms.load(Ordering::Relaxed) < self.began.elapsed().as_millis() as u64
    }

    /// Notes that it is given back: what fails from now on harms nobody.
    pub(crate) fn end(&self) {
        self.is_ending.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::Relaxed)
    }
}
