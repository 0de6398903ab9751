//! What the operator is told of the store: when it begins to fail or to be slow, and when that is over,
//! not everything between.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rialto_config::EventKind;
use rialto_stopwatch::{Durations, Ranges};
use rialto_store::StoreError;
use serde::Serialize;
use serde_json::json;

use crate::audit::Audit;

/// Quiet after which the store is given time for its own tidying.
pub(super) const IDLE: Duration = Duration::from_millis(250);

/// How long nothing must have failed until it is over: one part of the store may work while another
/// does not.
const QUIET: Duration = Duration::from_secs(1);

/// How long a commit takes when it is slow.
const SLOW: Duration = Duration::from_secs(1);

/// A part of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Writing,
    Reading,
}

/// Logs when a part of the store begins to fail and when it works again.
#[derive(Debug)]
pub(super) struct Health {
    part: Part,
    quiet: Duration,
    /// When it failed last, while it is failing.
    failed: Option<Instant>,
    /// Whether the last try succeeded.
    works: bool,
}

impl Health {
    pub(super) fn new(part: Part) -> Self {
        Health { part, quiet: QUIET, failed: None, works: true }
    }

    /// Knows that it failed.
    pub(super) fn note_failure(&mut self, error: &StoreError) {
        self.works = false;
        if self.failed.replace(Instant::now()).is_some() {
            return;
        }
        let error = error as &dyn std::error::Error;
        match self.part {
            Part::Writing => tracing::error!(
                error,
                "store write error: QoS 1 publishes are refused with status 5 until writes succeed again"
            ),
            Part::Reading => tracing::error!(
                error,
                "store read error: persistent subscribers that are catching up wait until reads succeed again"
            ),
        }
    }

    /// Says whether it fails, or has failed a moment ago.
    pub(super) fn is_failing(&self) -> bool {
        self.failed.is_some()
    }

    /// Knows that it worked.
    pub(super) fn note_success(&mut self) {
        self.works = true;
        self.settle();
    }

    /// Says that it works again, once that has lasted; to be called now and then.
    pub(super) fn settle(&mut self) {
        if !self.works || self.failed.is_none_or(|failed| failed.elapsed() < self.quiet) {
            return;
        }
        self.failed = None;
        match self.part {
            Part::Writing => tracing::info!("store writes succeed again"),
            Part::Reading => tracing::info!("store reads succeed again"),
        }
    }
}

/// Watches the commit that is under way, so that one that hangs is told of while it does.
#[derive(Debug, Default)]
pub(crate) struct CommitWatch {
    under_way: Mutex<Option<UnderWay>>,
    is_failing: AtomicBool,
    durations: Durations,
    changes: Ranges,
    /// Who is told when it changes how the store does, besides the log.
    audit: Option<Arc<Audit>>,
}

/// How the store does, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StoreState {
    /// It writes.
    Ok,
    /// A commit has been under way for a second or more.
    Slow,
    /// Writing fails.
    Failing,
}

#[derive(Debug)]
struct UnderWay {
    began: Instant,
    changes: usize,
    /// Whether it was told of.
    is_slow: bool,
}

impl CommitWatch {
    /// Makes one that tells events.
    pub(crate) fn telling(audit: Arc<Audit>) -> Self {
        CommitWatch { audit: Some(audit), ..CommitWatch::default() }
    }

    fn tell(&self, state: &str) {
        if let Some(audit) = &self.audit {
            audit.events.note(EventKind::Store, || json!({"state": state}));
        }
    }

    /// Watches a commit of so many changes.
    pub(crate) fn watch<R>(&self, changes: usize, commit: impl FnOnce() -> R) -> R {
        let under_way = UnderWay { began: Instant::now(), changes, is_slow: false };
        *self.under_way.lock() = Some(under_way);
        let result = commit();
        let done = self.under_way.lock().take();
        // One without changes is the store's own tidying.
        if let Some(done) = done.as_ref().filter(|done| 0 < done.changes) {
            self.durations.note(done.began.elapsed());
            self.changes.note(done.changes as u64);
        }
        if let Some(UnderWay { began, changes, is_slow: true }) = done {
            let seconds = began.elapsed().as_secs_f32();
            tracing::warn!(seconds, changes, "the slow store commit has finished");
            self.tell("ok");
        }
        result
    }

    /// Returns how long commits took.
    pub(crate) fn durations(&self) -> &Durations {
        &self.durations
    }

    /// Returns how many changes these commits had.
    pub(crate) fn changes(&self) -> &Ranges {
        &self.changes
    }

    /// Says whether the commit under way is one that was told of.
    pub(crate) fn is_slow(&self) -> bool {
        self.under_way.lock().as_ref().is_some_and(|it| it.is_slow)
    }

    /// Notes whether writing fails.
    pub(super) fn set_failing(&self, is_failing: bool) {
        if self.is_failing.swap(is_failing, Ordering::Relaxed) != is_failing {
            self.tell(if is_failing { "failing" } else { "ok" });
        }
    }

    /// Says how the store does.
    pub(crate) fn state(&self) -> StoreState {
        let under_way = self.under_way.lock();
        if self.is_failing.load(Ordering::Relaxed) {
            StoreState::Failing
        } else if under_way.as_ref().is_some_and(|it| SLOW <= it.began.elapsed()) {
            StoreState::Slow
        } else {
            StoreState::Ok
        }
    }

    /// Tells of a commit that has become slow; to be called several times a second.
    pub(crate) fn look(&self) {
        let mut under_way = self.under_way.lock();
        let Some(under_way) = under_way.as_mut().filter(|it| !it.is_slow) else { return };
        if SLOW <= under_way.began.elapsed() {
            under_way.is_slow = true;
            self.tell("slow");
            tracing::warn!(
                changes = under_way.changes,
                "slow store commit: it has been running for a second; QoS 1 publishes and \
                 persistent subscriptions wait for the disk"
            );
        }
    }
}

#[cfg(test)]
mod tests;
