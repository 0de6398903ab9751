//! Batches, numbering and trimming.

use rialto_domain::{Change, Commit, CommitId, LogState, Outcome, Page, Trim};

use super::{
    changes::{
        append, append_if_read, drop_log, forget, page, put_client, seen, subscribe, trim,
        unsubscribe,
    },
    subject::{Driver, Subject},
};
use crate::FailureKind;

/// Store, duty 10.
pub(super) fn a_batch_that_is_given_again_is_not_carried_out_again(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    let batch = |run, number, changes: &[Change]| Commit {
        id: Some(CommitId { run, number }),
        changes: changes.to_vec(),
        ..Commit::default()
    };
    let first = batch(7, 1, &[subscribe("ada", "room"), append("room", 2)]);
    let second = batch(7, 2, &[append("room", 3), append("hall", 1)]);
    let third = batch(7, 3, &[append("room", 5)]);
    let both = [first.clone(), second.clone()];
    let outcomes = subject.commit_all(&both);
    assert_eq!(subject.commit_all(&both), outcomes);
    assert_eq!(subject.commit_all(std::slice::from_ref(&second)), outcomes[2..]);
    // A batch without an id comes between; one that failed was not carried out.
    subject.commit(&[append("hall", 1)]);
    subject.refuse(&[append("hall", 0)]);
    let more = subject.commit_all(&[second, third.clone()]);
    assert_eq!(more[..2], outcomes[2..]);
    assert_eq!(subject.commit_all(&[third]), more[2..]);
    assert_eq!(subject.log("room").map(|log| log.last), Some(10));
    assert_eq!(subject.log("hall").map(|log| log.last), Some(2));

    // Another run of the broker counts from 1 again.
    subject.commit_all(&[batch(6, 1, &[append("room", 1)])]);
    assert_eq!(subject.log("room").map(|log| log.last), Some(11));
}

/// Store, duty 23.
pub(super) fn what_nobody_reads_is_not_stored(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    let outcomes = subject.commit(&[append_if_read("room", 2), append_if_read("hall", 1)]);
    assert_eq!(outcomes, [Outcome::Unread, Outcome::Unread]);
    assert_eq!(subject.load().logs, []);

    let (log, _) = subject.subscribe("ada", "room");
    let changes = [append_if_read("room", 2), append_if_read("hall", 1), append_if_read("room", 3)];
    let appended = |first| Outcome::Appended { log, first };
    assert_eq!(subject.commit(&changes), [appended(1), Outcome::Unread, appended(3)]);
    assert_eq!(subject.spans(log), [(1, 2), (3, 5)]);

    // What the batch itself makes and drops counts.
    let (left, none) = ([unsubscribe("ada", "room"), drop_log("room")], append_if_read("room", 1));
    let changes = [left.as_slice(), &[none.clone(), subscribe("bob", "room"), none]].concat();
    let outcomes = subject.commit(&changes);
    assert_eq!(outcomes[2], Outcome::Unread);
    assert!(matches!(outcomes[4], Outcome::Appended { first: 1, .. }), "{outcomes:?}");
}

/// Store, duties 1 and 11.
pub(super) fn a_failed_batch_leaves_nothing_behind(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    subject.commit(&[subscribe("ada", "room"), put_client("ada", 1), append("room", 2)]);
    let before = subject.load();
    let pages_before = subject.spans(before.logs[0].log);

    let error = subject.refuse(&[
        append("room", 3),
        append("new", 1),
        put_client("ada", 2),
        subscribe("bob", "room"),
        trim("room", 2),
        unsubscribe("ada", "room"),
        forget("ada"),
        append("gone", 1),
        unsubscribe("bob", "gone"),
        drop_log("gone"),
        append("room", 0),
    ]);

    assert_eq!(error.kind, FailureKind::Permanent, "{error}");
    assert_eq!(subject.load(), before);
    assert_eq!(subject.spans(before.logs[0].log), pages_before);
    // Not even for a log that is given the id of one that never came to be.
    let (log, _) = subject.append("other", 1);
    subject.load();
    subject.commit(&[]);
    assert_eq!(subject.spans(log), [(1, 1)]);
}

/// Store, duty 2.
pub(super) fn changes_build_upon_each_other(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    let outcomes = subject.commit(&[
        append("room", 2),
        subscribe("ada", "room"),
        append("room", 3),
        subscribe("bob", "room"),
        trim("room", 2),
        put_client("ada", 1),
        put_client("ada", 2),
    ]);

    let LogState { log, extent, .. } = subject.log("room").expect("the log is there");
    assert_eq!(
        outcomes,
        [
            Outcome::Appended { log, first: 1 },
            Outcome::Subscribed { log, floor: 2 },
            Outcome::Appended { log, first: 3 },
            Outcome::Subscribed { log, floor: 5 },
            Outcome::Trimmed(extent),
            Outcome::Done,
            Outcome::Done,
        ]
    );
    assert_eq!(subject.spans(log), [(3, 5)]);
    assert_eq!(subject.load().clients, [("ada".into(), seen(2))]);
    assert_eq!(subject.commit(&[]), [], "an empty batch is lawful");
}

/// Store, duty 4.
pub(super) fn sequences_have_no_gaps(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    let (room, first) = subject.append("room", 1);
    assert_eq!(first, 1);
    assert_eq!(subject.append("room", 4), (room, 2));
    let (other, first) = subject.append("other", 2);
    assert_eq!(first, 1, "each log counts by itself");
    assert_ne!(other, room);

    subject.refuse(&[append("room", 7), append("room", 0)]);
    assert_eq!(subject.append("room", 1), (room, 6), "a failed batch leaves no gap");

    subject.commit(&[trim("room", 6)]);
    assert_eq!(subject.append("room", 1), (room, 7), "trimming leaves no gap");

    if let Some(mut subject) = subject.reopen(driver) {
        assert_eq!(subject.append("room", 1), (room, 8), "nor does a restart");
    }
}

/// Store, duty 9.
pub(super) fn trimming_drops_whole_pages_and_nothing_else(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    let (log, _) = subject.subscribe("ada", "room");
    subject.commit(&[append("room", 3), append("room", 3), append("other", 1), append("room", 1)]);
    let (other, _) = subject.append("other", 1);

    for (through, left, trimmed) in [
        (2, vec![(1, 3), (4, 6), (7, 7)], 0),
        (3, vec![(4, 6), (7, 7)], 3),
        (5, vec![(4, 6), (7, 7)], 3),
        (1, vec![(4, 6), (7, 7)], 3),
        (7, vec![], 7),
    ] {
        let outcomes = subject.commit(&[trim("room", through)]);
        assert_eq!(subject.spans(log), left, "trimmed through {through}");
        let state = subject.log("room").expect("trimming removes no log");
        assert_eq!((state.last, state.extent.trimmed), (7, trimmed));
        let oldest = left.first().map(|span| span.1);
        assert_eq!(state.extent.oldest.map(|page| page.last), oldest);
        assert_eq!(outcomes, [Outcome::Trimmed(state.extent)]);
    }
    assert_eq!(subject.spans(other), [(1, 1), (2, 2)], "other logs keep their pages");

    subject.commit(&[trim("no log of that name", 9)]);
    assert_eq!(subject.load().logs.len(), 2, "trimming makes no log");
}

/// Store, duty 9.
pub(super) fn trimming_keeps_a_log_within_each_bound(driver: &mut dyn Driver) {
    let bytes = page("", 2).payloads.as_bytes().len() as u64;
    let any = Trim::default();
    for (trim, firsts, trimmed) in [
        (any, vec![1, 3, 5, 7], 0),
        (Trim { count_max: 8, ..any }, vec![1, 3, 5, 7], 0),
        (Trim { count_max: 7, ..any }, vec![3, 5, 7], 2),
        (Trim { count_max: 4, ..any }, vec![5, 7], 4),
        (Trim { count_max: 0, ..any }, vec![], 8),
        (Trim { bytes_max: 4 * bytes, ..any }, vec![1, 3, 5, 7], 0),
        (Trim { bytes_max: 4 * bytes - 1, ..any }, vec![3, 5, 7], 2),
        (Trim { bytes_max: bytes, ..any }, vec![7], 6),
        (Trim { served_min: 10, ..any }, vec![1, 3, 5, 7], 0),
        // Time goes by the oldest: what was taken in before it stands behind a later one.
        (Trim { served_min: 11, ..any }, vec![3, 5, 7], 2),
        (Trim { served_min: 13, ..any }, vec![7], 6),
        (Trim { through: 2, count_max: 5, ..any }, vec![5, 7], 4),
    ] {
        let mut subject = Subject::create(driver);
        subject.subscribe("ada", "room");
        for served in [10, 12, 11, 13] {
            subject.commit(&[Change::Append(Page { served, ..page("room", 2) })]);
        }
        let outcomes = subject.commit(&[Change::Trim("room".into(), trim), append("room", 1)]);
        let state = subject.log("room").expect("the log is there");
        let read: Vec<_> = subject.spans(state.log).into_iter().map(|span| span.0).collect();
        assert_eq!(read, [&firsts[..], &[9]].concat(), "{trim:?}");
        let left = firsts.len() as u64;
        let of_one = page("", 1).payloads.as_bytes().len() as u64;
        assert_eq!(state.extent.bytes, left * bytes + of_one, "{trim:?}");
        assert_eq!(state.extent.trimmed, trimmed, "{trim:?}");
        let Outcome::Trimmed(extent) = outcomes[0] else { panic!("{outcomes:?}") };
        assert_eq!((extent.trimmed, extent.bytes), (trimmed, left * bytes), "{trim:?}");
        let oldest = firsts.first().map(|first| first + 1);
        assert_eq!(extent.oldest.map(|page| page.last), oldest, "{trim:?}");
    }
}

/// Store, duty 9: what is dropped belonged to the log that is meant, not to one that came after it.
pub(super) fn trimming_leaves_a_later_log_of_the_channel_alone(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    let (before, _) = subject.append("room", 5);
    subject.commit(&[drop_log("room")]);
    let (log, _) = subject.append("room", 2);
    let of = |log| Change::Trim("room".into(), Trim { log: Some(log), ..Trim::through(5) });
    assert_eq!(subject.commit(&[of(before)]), [Outcome::Done]);
    assert_eq!(subject.spans(log), [(1, 2)]);
    assert!(matches!(subject.commit(&[of(log)])[..], [Outcome::Trimmed(_)]));
    assert_eq!(subject.spans(log), []);
}

/// Store, duty 9: a trim beyond the end must not be remembered.
pub(super) fn trimming_never_reaches_pages_to_come(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    let (log, _) = subject.append("room", 2);
    subject.commit(&[trim("room", u64::MAX), append("room", 2)]);
    assert!(subject.log("room").is_some_and(|state| state.extent.trimmed == 2));
    subject.append("room", 1);
    assert_eq!(subject.spans(log), [(3, 4), (5, 5)]);
}
