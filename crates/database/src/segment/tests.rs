//! Rows that are read as they were written, or told to be damaged.

use bytes::Bytes;
use rialto_domain::{LogEntry, Page, Payloads};

use super::{Draft, entries, states};

fn page(publisher: &str, count: u32) -> Page {
    Page {
        channel: "room".into(),
        publisher: publisher.into(),
        at: 5,
        served: 7,
        count,
        payloads: Payloads::single(publisher.as_bytes()),
    }
}

fn row() -> (Vec<u8>, Bytes) {
    let mut draft = Draft::default();
    assert_eq!(draft.add(&page("ada", 2)), 0);
    assert_eq!(draft.add(&page("", 1)), 2);
    assert_eq!(draft.add(&page("bob", 4)), 3);
    let (heads, body) = draft.finish();
    (heads, body.into())
}

fn lasts(entries: &[LogEntry]) -> Vec<(u64, bool)> {
    let last = |entry: &LogEntry| match entry {
        LogEntry::Page(page) => (page.first + u64::from(page.count) - 1, true),
        LogEntry::Damaged { last, .. } => (*last, false),
    };
    entries.iter().map(last).collect()
}

#[test]
fn pages_are_read_as_they_were_added() {
    let (heads, body) = row();
    let read = entries(17, 7, &heads, &body, |_| true);
    assert_eq!(lasts(&read), [(12, true), (13, true), (17, true)]);
    let LogEntry::Page(first) = &read[0] else { panic!("it is sound") };
    assert_eq!((first.first, first.publisher.as_str(), first.at), (11, "ada", 5));
    assert_eq!(first.payloads, page("ada", 2).payloads);
    assert_eq!(lasts(&entries(17, 7, &heads, &body, |last| last != 13)), [(12, true), (17, true)]);
    let states = states(17, &heads, |last| 12 < last).unwrap();
    assert_eq!(
        states.iter().map(|state| (state.last, state.served)).collect::<Vec<_>>(),
        [(13, 7), (17, 7)]
    );
}

#[test]
fn every_wrong_byte_is_noticed_and_told_of_its_page_only() {
    let (heads, body) = row();
    for place in 0..heads.len() {
        let mut wrong = heads.clone();
        wrong[place] ^= 1;
        assert_eq!(lasts(&entries(17, 7, &wrong, &body, |_| true)), [(17, false)], "at {place}");
        assert!(states(17, &wrong, |_| true).is_none());
    }
    for place in 0..body.len() {
        let mut wrong = body.to_vec();
        wrong[place] ^= 1;
        let read = entries(17, 7, &heads, &wrong.into(), |_| true);
        assert_eq!(
            read.iter().filter(|entry| matches!(entry, LogEntry::Damaged { .. })).count(),
            1
        );
    }
    let short = body.slice(..body.len() - 1);
    assert_eq!(
        lasts(&entries(17, 7, &heads, &short, |_| true)),
        [(12, true), (13, true), (17, false)]
    );
    assert_eq!(lasts(&entries(17, 7, &[], &body, |_| true)), [(17, false)]);
}
