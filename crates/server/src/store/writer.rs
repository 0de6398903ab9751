//! The thread that writes: one commit after the other, and again what may pass.

use std::{
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use rialto_domain::{Commit, FailureKind, Outcome};
use rialto_store::{Cause, Store, StoreError};

use super::{
    completer::{Committed, Completer, HandedOver},
    group::Group,
    health::{CommitWatch, Health, IDLE},
};
use crate::store_jobs::Job;

/// The first pause before a commit that failed for a reason that may pass is tried again; it then grows, up to the second.
const RETRY_PAUSE: Duration = Duration::from_millis(100);
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(1);

/// The writing thread's own.
pub(super) struct Writer {
    pub(super) store: Box<dyn Store>,
    pub(super) health: Health,
    pub(super) watch: Arc<CommitWatch>,
    /// Completes what is committed while there is nothing else to commit.
    pub(super) completer: Option<Completer>,
    pub(super) handed_over: HandedOver,
    pub(super) retry_time: Duration,
    /// Since when everything has failed for reasons that may pass. Whoever comes later waits for the rest of the time only, so
    /// that batches behind each other do not add their waits up.
    pub(super) failing_since: Option<Instant>,
}

impl Writer {
    pub(super) fn run(mut self, jobs: &mpsc::Receiver<Job>) {
        let mut next = None;
        loop {
            let first = match next.take().map_or_else(|| jobs.recv_timeout(IDLE), Ok) {
                Ok(first) => first,
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    self.tidy();
                    continue;
                }
            };
            let group = Group::gather(first, jobs);
            let is_last = group.is_last;
            let committed = self.commit(group);
            next = jobs.try_recv().ok();
            if self.pass_on(committed, next.is_some()).is_err() || is_last {
                break;
            }
        }
        if let Err(error) = self.store.close() {
            tracing::warn!(%error, "store maintenance failed; nothing committed is lost");
        }
    }

    /// Lets the store go on removing what was trimmed: an empty commit. That it succeeds does not show
    /// that there is room.
    fn tidy(&mut self) {
        match self.watch.watch(0, || self.store.commit(&[])) {
            Ok(_) => {
                self.failing_since = None;
                self.health.settle();
            }
            Err(error) => self.health.note_failure(&error),
        }
        self.watch.set_failing(self.health.is_failing());
    }

    /// Has commits completed: by another thread while there is more to commit, else by this one, which
    /// wakes nobody.
    fn pass_on(
        &mut self,
        committed: Vec<Committed>,
        is_busy: bool,
    ) -> Result<(), mpsc::SendError<Committed>> {
        for commit in committed {
            match &mut self.completer {
                Some(completer) if !is_busy && commit.is_small() && self.handed_over.is_done() => {
                    completer.complete(&commit);
                }
                _ => self.handed_over.send(commit)?,
            }
        }
        Ok(())
    }

    /// Commits a group. If that fails, each of its batches by itself: one may be too large for the room
    /// that is left, or concern what is damaged, and another may be what makes room.
    pub(super) fn commit(&mut self, group: Group) -> Vec<Committed> {
        let Group { commits, batches, .. } = group;
        let result = self.commit_patiently(&commits);
        let is_of_all = result.as_ref().is_err_and(may_pass_by_itself);
        if result.is_ok() || is_of_all || batches.len() <= 1 {
            if batches.iter().any(|size| 0 < size.changes) {
                self.note(result.as_ref().err());
            }
            let outcomes = result.map_err(|error| error.kind);
            return vec![Committed { batches, outcomes }];
        }
        let mut failure = None;
        let mut committed = Vec::new();
        for (commit, size) in commits.iter().zip(batches) {
            let outcomes = self.commit_once(std::slice::from_ref(commit)).map_err(|error| {
                let kind = error.kind;
                failure = Some(error);
                kind
            });
            committed.push(Committed { batches: vec![size], outcomes });
        }
        self.note(failure.as_ref());
        committed
    }

    /// Commits batches; tries again, with growing pauses and for a while, what fails for a reason that
    /// may pass.
    fn commit_patiently(&mut self, commits: &[Commit]) -> Result<Vec<Outcome>, StoreError> {
        let mut pause = RETRY_PAUSE;
        loop {
            let result = self.commit_once(commits);
            let Some(error) = result.as_ref().err().filter(|error| may_pass_by_itself(error))
            else {
                self.failing_since = None;
                return result;
            };
            let failing = self.failing_since.get_or_insert_with(Instant::now).elapsed();
            if self.retry_time <= failing {
                return result;
            }
            self.note(Some(error));
            // Not beyond the end, at which it is tried for the last time.
            thread::sleep(pause.min(self.retry_time - failing));
            pause = RETRY_PAUSE_MAX.min(pause * 2);
        }
    }

    /// Commits batches, if there are changes in them: one without only waits for its turn.
    fn commit_once(&mut self, commits: &[Commit]) -> Result<Vec<Outcome>, StoreError> {
        let change_count = commits.iter().map(|commit| commit.changes.len()).sum();
        if change_count == 0 {
            return Ok(Vec::new());
        }
        self.watch.watch(change_count, || self.store.commit_all(commits))
    }

    fn note(&mut self, failure: Option<&StoreError>) {
        match failure {
            Some(error) => self.health.note_failure(error),
            None => self.health.note_success(),
        }
        self.watch.set_failing(self.health.is_failing());
    }
}

/// Says whether the same commit may succeed a little later, without anything else being committed
/// first: what makes room may be behind it.
fn may_pass_by_itself(error: &StoreError) -> bool {
    error.kind == FailureKind::Transient && !matches!(*error.cause, Cause::Full)
}

#[cfg(test)]
mod tests;
