//! Whether the application answers, told once when that changes.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use tracing::{info, warn};

use crate::Failure;

/// Watches one kind of request: an application may take notifications and fail at decisions.
#[derive(Debug)]
pub(crate) struct Health {
    kind: &'static str,
    is_down: AtomicBool,
    /// Notifications lost since the application last began to fail.
    lost: AtomicU64,
}

impl Health {
    pub(crate) fn new(kind: &'static str) -> Self {
        Health { kind, is_down: AtomicBool::new(false), lost: AtomicU64::new(0) }
    }

    /// Notes a usable answer.
    pub(crate) fn works(&self) {
        if self.is_down.swap(false, Relaxed) {
            let lost = self.lost.swap(0, Relaxed);
            info!(kind = self.kind, lost, "the application answers again");
        }
    }

    /// Notes that there was none.
    pub(crate) fn fails(&self, event: &'static str, failure: Failure) {
        if !self.is_down.swap(true, Relaxed) {
            let kind = self.kind;
            warn!(kind, event, %failure, "the application gives no usable answer");
        }
    }

    /// Notes that a notification is lost. How many were is told when the application works again.
    pub(crate) fn loses(&self) {
        if self.lost.fetch_add(1, Relaxed) == 0 {
            warn!("notifications for the application are being dropped");
        }
    }
}

#[cfg(test)]
mod tests;
