use std::collections::VecDeque;

use rialto_domain::{ClientId, ClientState, Load, Snapshot, StoredClient, StoredId};

use super::*;

fn sizes(messages: &[usize]) -> Vec<BatchSize> {
    messages.iter().map(|&messages| BatchSize { changes: 1, messages }).collect()
}

/// Returns how many messages each round completes.
fn rounds(messages: &[usize]) -> Vec<usize> {
    let batches = sizes(messages);
    let mut rest = batches.as_slice();
    let mut rounds = Vec::new();
    while let Some(part) = first_round(rest) {
        rounds.push(part.iter().map(|size| size.messages).sum());
        rest = &rest[part.len()..];
    }
    rounds
}

#[test]
fn a_commit_is_completed_in_rounds_no_larger_than_a_round_of_packets() {
    assert_eq!(rounds(&[]), [0_usize; 0]);
    assert_eq!(rounds(&[100, 100, 56]), [256]);
    assert_eq!(rounds(&[100, 100, 57, 1]), [200, 58]);
    assert_eq!(rounds(&[100; 50]).len(), 25);
}

#[test]
fn a_batch_is_completed_whole_however_large_it_is() {
    assert_eq!(rounds(&[1000, 1, 1000]), [1000, 1, 1000]);
}

#[test]
fn a_page_counts_its_messages_and_any_other_change_as_one() {
    let page = rialto_domain::Page {
        channel: "room".into(),
        publisher: "ada".into(),
        at: 0,
        served: 0,
        count: 7,
        payloads: rialto_domain::Payloads::default(),
    };
    let size = BatchSize::of(&[Change::Append(page), Change::ForgetClient("bob".into())]);
    assert_eq!((size.changes, size.messages), (2, 8));
}

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

    fn commit(&mut self, changes: &[Change]) -> Result<Vec<Outcome>, StoreError> {
        self.commits.lock().push(changes.len());
        match self.failures.pop_front() {
            Some((kind, cause)) => {
                Err(StoreError { kind, during: "testing", path: None, cause: Box::new(cause) })
            }
            None => Ok(vec![Outcome::Done; changes.len()]),
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
    let store = Scripted { failures: failures.into(), ..Scripted::default() };
    let commits = store.commits.clone();
    let (done, completed) = mpsc::channel();
    let (jobs, inbox) = mpsc::channel();
    let (store, watch) = (Box::new(store), Arc::default());
    let health = Health::new(Part::Writing);
    let mut writer = Writer { store, health, watch, done, retry_time };
    let forget = |name: &str| Change::ForgetClient(ClientId::from(name));
    jobs.send(Job::Commit(vec![forget("a"), forget("b")])).unwrap();
    let group = Group::gather(Job::Commit(vec![forget("a")]), &inbox);
    writer.commit(group).unwrap();
    drop(writer);
    let ends = completed.iter().flat_map(|Committed { batches, outcomes }| {
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
fn a_batch_that_finds_no_room_or_meets_damage_keeps_no_other_from_being_committed() {
    for kind in [FailureKind::Transient, FailureKind::Permanent, FailureKind::Corrupt] {
        let cause = || if kind == FailureKind::Transient { Cause::Full } else { Cause::EmptyPage };
        let failures = vec![(kind, cause()), (kind, cause())];
        let (commits, ends) = commit_two(failures, Duration::from_secs(60));
        assert_eq!((commits, ends), (vec![3, 1, 2], vec![Err(kind), Ok(2)]));
    }
}

/// A reader that finds what it is told to.
struct Found(Vec<Result<Vec<LogEntry>, FailureKind>>);

impl StoreReader for Found {
    fn client(&mut self, _: &ClientId) -> Result<Option<ClientState>, StoreError> {
        unreachable!("no client is asked for")
    }

    fn clients(&mut self, _: &ClientId, _: usize) -> Result<Vec<StoredClient>, StoreError> {
        unreachable!("no clients are asked for")
    }

    fn ids(&mut self, _: &ClientId, _: usize) -> Result<Vec<StoredId>, StoreError> {
        unreachable!("no ids are asked for")
    }

    fn read(&mut self, _: LogId, _: u64, _: usize) -> Result<Vec<LogEntry>, StoreError> {
        self.0.remove(0).map_err(|kind| {
            let cause = Box::new(Cause::Damaged("torn".into()));
            StoreError { kind, during: "reading", path: None, cause }
        })
    }
}

#[test]
fn what_a_read_came_to_is_handed_on_by_its_kind() {
    let request = ReadRequest {
        client: Default::default(),
        connection: Default::default(),
        channel: Default::default(),
        log: LogId(1),
        from: 1,
        through: 9,
        bytes_max: 1,
    };
    let found = vec![
        Err(FailureKind::Transient),
        Err(FailureKind::Corrupt),
        Err(FailureKind::Corrupt),
        Ok(vec![LogEntry::Damaged(4)]),
    ];
    let mut reader = Reader::new(Box::new(Found(found.clone())));
    for (expected, is_told) in found.into_iter().zip([false, true, true, false]) {
        assert_eq!(reader.read(&request), expected);
        assert_eq!(reader.unreadable.contains(&LogId(1)), is_told, "a log is told of once");
    }
}
