//! What readers see, and when.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use rialto_domain::{Change, LogExtent, LogId, OldestPage, Outcome, StoredPage};

use super::{
    changes::{append, drop_log, page, subscribe, trim, unsubscribe},
    subject::{Driver, Subject, sound},
};
use crate::{Store, StoreReader};

/// How often the writer commits while the reader reads.
const COMMITS: u64 = 60;

/// Store, duty 17.
pub(super) fn a_page_that_is_set_aside_is_seen_no_more(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    let (log, _) = subject.subscribe("ada", "room");
    let (other, _) = subject.append("other", 4);
    for count in [2, 3, 4] {
        subject.append("room", count);
    }
    let set_aside = |log, last| Change::SetAside("room".into(), log, last);
    let before = subject.load();
    subject.commit(&[set_aside(log, 4), set_aside(log, 6), set_aside(other, 5)]);
    assert_eq!(subject.load(), before, "no such pages are there");

    let bytes = |counts: &[u32]| {
        counts.iter().map(|count| page("", *count).payloads.as_bytes().len() as u64).sum()
    };
    let oldest = Some(OldestPage { last: 2, served: page("", 1).served });
    let left = LogExtent { trimmed: 0, bytes: bytes(&[2, 4]), oldest };
    let outcomes = subject.commit(&[set_aside(log, 5), set_aside(log, 5)]);
    assert_eq!(outcomes, [Outcome::Trimmed(left), Outcome::Done], "it went once");
    assert_eq!(subject.spans(log), [(1, 2), (6, 9)]);
    assert_eq!(subject.read(log, 3, 0)[0].first, 6, "reading goes on behind it");
    let state = subject.log("room").expect("the log is there");
    assert_eq!((state.last, state.extent.trimmed), (9, 0));
    assert_eq!(state.extent, left);
    assert_eq!(subject.append("room", 1), (log, 10), "the numbering goes on");
    subject.commit(&[set_aside(log, 10)]);
    assert_eq!(subject.append("room", 1), (log, 11), "also behind the last page");
    subject.commit(&[trim("room", 9)]);
    assert_eq!(subject.spans(log), [(11, 11)]);
    assert_eq!(subject.spans(other), [(1, 4)]);
}

/// Reader, duties 1 and 2.
pub(super) fn reading_starts_at_the_page_that_holds_the_message(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    let (log, _) = subject.append("room", 3);
    subject.append("other", 5);
    subject.append("room", 2);

    let sent = page("room", 3);
    let stored = StoredPage {
        first: 1,
        publisher: sent.publisher,
        at: sent.at,
        count: 3,
        payloads: sent.payloads,
    };
    assert_eq!(subject.read(log, 1, usize::MAX)[0], stored, "a page is read as it was appended");

    for (from, firsts) in
        [(0, vec![1, 4]), (1, vec![1, 4]), (3, vec![1, 4]), (4, vec![4]), (5, vec![4]), (6, vec![])]
    {
        let pages = subject.read(log, from, usize::MAX);
        assert_eq!(pages.iter().map(|page| page.first).collect::<Vec<_>>(), firsts, "from {from}");
    }
}

/// Reader, duty 3.
pub(super) fn reading_stops_once_the_bytes_pass_the_limit(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    let (log, _) = subject.append("room", 4);
    for _ in 0..3 {
        subject.append("room", 4);
    }
    let page_bytes = page("room", 4).payloads.as_bytes().len();
    for (bytes_max, count) in [
        (0, 1),
        (page_bytes - 1, 1),
        (page_bytes, 2),
        (page_bytes + 1, 2),
        (2 * page_bytes, 3),
        (9 * page_bytes, 4),
    ] {
        let pages = subject.read(log, 1, bytes_max);
        assert_eq!(pages.len(), count, "of at most {bytes_max} bytes");
    }
}

/// Reader, duty 4.
pub(super) fn a_log_that_is_gone_has_no_pages(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    let (log, _) = subject.subscribe("ada", "room");
    subject.append("room", 1);
    subject.commit(&[unsubscribe("ada", "room"), drop_log("room"), append("room", 2)]);

    assert_eq!(subject.read(log, 0, usize::MAX), []);
    assert_eq!(subject.read(LogId(log.0 + 1000), 0, usize::MAX), []);
}

/// Reader, duties 1 and 2, with the reader on another thread than the writer.
pub(super) fn a_reader_beside_a_writer_sees_every_message_in_order(driver: &mut dyn Driver) {
    let Subject { mut store, mut reader } = Subject::create(driver);
    let outcomes = store.commit(&[subscribe("ada", "room")]).expect("the batch is committed");
    let [Outcome::Subscribed { log, .. }] = outcomes[..] else {
        panic!("a subscription has the outcome {outcomes:?}");
    };
    let committed = AtomicU64::new(0);

    thread::scope(|scope| {
        scope.spawn(|| write(&mut *store, &committed));
        follow(&mut *reader, log, &committed);
    });
}

/// Commits pages of three, two and one message, telling after each commit how many there are.
fn write(store: &mut dyn Store, committed: &AtomicU64) {
    for _ in 0..COMMITS {
        let batch = [append("room", 3), append("other", 4), append("room", 2), append("room", 1)];
        store.commit(&batch).expect("the batch is committed");
        committed.fetch_add(6, Ordering::SeqCst);
    }
}

/// Reads until the last message, and checks that none is missing or late.
fn follow(reader: &mut dyn StoreReader, log: LogId, committed: &AtomicU64) {
    let mut next = 1;
    while next <= 6 * COMMITS {
        let committed_before = committed.load(Ordering::SeqCst);
        let entries = reader.read(log, next, usize::MAX).expect("the log is read");
        for page in entries.into_iter().map(sound) {
            assert_eq!(page.first, next, "no message is seen before an earlier one");
            next += u64::from(page.count);
        }
        assert!(committed_before < next, "what was committed is seen at once");
    }
}
