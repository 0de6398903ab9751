use std::{
    collections::VecDeque,
    io,
    sync::{Arc, mpsc},
    time::Duration,
};

use rialto_domain::{Change, ClientId, Commit, FailureKind, Load, Outcome, Snapshot};
use rialto_store::{Cause, Store, StoreError, StoreReader};

use super::{Committed, Group, Health, Writer};
use crate::{
    store::{completer::hand_over, group::BatchSize, health::Part},
    store_jobs::Job,
};

/// A store that answers as it was told, and then carries everything out.
#[derive(Default)]
struct Scripted {
    failures: VecDeque<(FailureKind, Cause)>,
    /// How many changes each commit had.
    commits: Arc<parking_lot::Mutex<Vec<usize>>>,
}

impl Store for Scripted {
    fn load(&mut self, _: Load) -> Result<Snapshot, StoreError> {
        Ok(Snapshot::default())
    }

    fn commit_all(&mut self, commits: &[Commit]) -> Result<Vec<Outcome>, StoreError> {
        let change_count = commits.iter().map(|commit| commit.changes.len()).sum();
        self.commits.lock().push(change_count);
        match self.failures.pop_front() {
            Some((kind, cause)) => {
                Err(StoreError { kind, during: "testing", path: None, cause: Box::new(cause) })
            }
            None => Ok(vec![Outcome::Done; change_count]),
        }
    }

    fn reader(&self) -> Result<Box<dyn StoreReader>, StoreError> {
        unreachable!("nothing is read")
    }

    fn close(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Commits two batches, of one change and of two, to a store that fails so; returns how many changes
/// each commit had, and how each batch ended.
fn commit_two(
    failures: Vec<(FailureKind, Cause)>,
    retry_time: Duration,
) -> (Vec<usize>, Vec<Result<usize, FailureKind>>) {
    commit_two_groups(failures, retry_time, 1)
}

/// The same, so many times.
fn commit_two_groups(
    failures: Vec<(FailureKind, Cause)>,
    retry_time: Duration,
    group_count: usize,
) -> (Vec<usize>, Vec<Result<usize, FailureKind>>) {
    let store = Scripted { failures: failures.into(), ..Scripted::default() };
    let commits = store.commits.clone();
    let (handed_over, _) = hand_over();
    let (jobs, inbox) = mpsc::channel();
    let (store, watch) = (Box::new(store), Arc::default());
    let health = Health::new(Part::Writing);
    let completer = None;
    let failing_since = None;
    let mut writer =
        Writer { store, health, watch, completer, handed_over, retry_time, failing_since };
    let forget = |name: &str| Change::ForgetClient(ClientId::from(name));
    let commit = |changes| Job::Commit(Commit { changes, ..Commit::default() }, Duration::ZERO);
    let committed = (0..group_count).flat_map(|_| {
        jobs.send(commit(vec![forget("a"), forget("b")])).unwrap();
        writer.commit(Group::gather(commit(vec![forget("a")]), &inbox))
    });
    let ends = committed.flat_map(|Committed { batches, outcomes }| {
        let end = move |size: BatchSize| match &outcomes {
            Ok(_) => Ok(size.changes),
            Err(kind) => Err(*kind),
        };
        batches.into_iter().map(end).collect::<Vec<_>>()
    });
    let ends = ends.collect();
    let commits = commits.lock().clone();
    (commits, ends)
}

/// Returns a failure that may pass by itself, as that of a disk does.
fn passing() -> (FailureKind, Cause) {
    (FailureKind::Transient, Cause::File(io::Error::other("the cable is loose")))
}

#[test]
fn what_may_pass_by_itself_is_tried_again_before_anything_is_refused() {
    let (commits, ends) = commit_two(vec![passing(), passing()], Duration::from_secs(60));
    assert_eq!((commits, ends), (vec![3, 3, 3], vec![Ok(1), Ok(2)]));
}

#[test]
fn what_does_not_pass_for_long_is_refused_as_a_whole() {
    let failures = std::iter::repeat_with(passing).take(9).collect();
    let (commits, ends) = commit_two(failures, Duration::from_millis(250));
    assert_eq!(ends, [Err(FailureKind::Transient), Err(FailureKind::Transient)]);
    assert!(commits.len() < 5 && commits.iter().all(|count| *count == 3), "{commits:?}");
}

#[test]
fn what_comes_behind_what_was_refused_is_refused_at_once_until_something_succeeds() {
    let failures = std::iter::repeat_with(passing).take(5).collect();
    let began = std::time::Instant::now();
    let (commits, ends) = commit_two_groups(failures, Duration::from_millis(250), 6);
    let failed = ends.iter().filter(|end| end.is_err()).count();
    let tries = commits.len() - 6;
    assert!(failed < ends.len() && 0 < tries && tries < 5, "{commits:?} {ends:?}");
    assert!(began.elapsed() < Duration::from_secs(1), "each waits for itself");
}

#[test]
fn a_batch_that_finds_no_room_or_meets_damage_keeps_no_other_from_being_committed() {
    for kind in [FailureKind::Transient, FailureKind::Permanent, FailureKind::Corrupt] {
        let cause = || if kind == FailureKind::Transient { Cause::Full } else { Cause::EmptyPage };
        let failures = vec![(kind, cause()), (kind, cause())];
        let (commits, ends) = commit_two(failures, Duration::from_secs(60));
        assert_eq!((commits, ends), (vec![3, 1, 2], vec![Err(kind), Ok(2)]));
    }
}
