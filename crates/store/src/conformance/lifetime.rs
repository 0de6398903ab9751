//! What a store gives back, also after it was opened again.

use bytes::Bytes;
use rialto_domain::{
    Change, CursorState, LogExtent, LogState, OldestPage, Page, Payloads, Retained, Snapshot,
    StoredPage,
};

use super::{
    changes::{acknowledge, append, move_cursor, page, put_client, seen, subscribe, trim},
    history::{keep, message},
    subject::{Driver, Subject},
};

/// Store, duty 12.
pub(super) fn loading_gives_back_what_was_committed(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    assert_eq!(subject.load(), Snapshot::default(), "a new store is empty");
    fill(&mut subject);

    let snapshot = subject.load();
    assert_eq!(snapshot.clients, [("ada".into(), seen(7)), ("bob".into(), seen(6))]);
    let state =
        |floor, acknowledged: &[_]| CursorState { floor, acknowledged: acknowledged.into() };
    assert_eq!(
        snapshot.cursors,
        [
            ("ada".into(), "a".into(), state(0, &[])),
            ("ada".into(), "b".into(), state(3, &[(5, 5)])),
            ("bob".into(), "b".into(), state(0, &[])),
        ]
    );
    let retained = |payload: &'static str| Retained {
        publisher: "bob".into(),
        payload: Bytes::from_static(payload.as_bytes()),
    };
    assert_eq!(snapshot.retained, [("a".into(), retained("2")), ("c".into(), retained("3"))]);
    assert_eq!(
        snapshot.history,
        [
            ("b".into(), vec![message(3, (7, 3))]),
            ("d".into(), vec![message(1, (7, 1)), message(2, (7, 2))]),
        ]
    );

    let [a, b] = &snapshot.logs[..] else { panic!("there are two logs, not {:?}", snapshot.logs) };
    let served = page("", 1).served;
    let bytes = |count| page("", count).payloads.as_bytes().len() as u64;
    let empty = LogExtent::default();
    let oldest = Some(OldestPage { last: 4, served });
    let two_pages = LogExtent { trimmed: 2, bytes: 2 * bytes(2), oldest };
    let log = |state: &LogState, last, extent, newest, reader_count| LogState {
        last,
        extent,
        newest,
        reader_count,
        slowest: 0,
        ..state.clone()
    };
    assert_eq!((a.channel.as_str(), b.channel.as_str()), ("a", "b"));
    assert_eq!((a, b), (&log(a, 0, empty, 0, 1), &log(b, 6, two_pages, served + 5, 2)));
}

/// Store, duty 3.
pub(super) fn what_was_committed_outlives_the_store(driver: &mut dyn Driver) {
    for closed in [false, true] {
        let mut subject = Subject::create(driver);
        fill(&mut subject);
        let snapshot = subject.load();
        let log = snapshot.logs[1].log;
        let pages = subject.read(log, 1, usize::MAX);

        if closed {
            subject.store.close().expect("the store closes");
        }
        let Some(mut subject) = subject.reopen(driver) else { return };
        assert_eq!(subject.load(), snapshot, "closed: {closed}");
        assert_eq!(subject.read(log, 1, usize::MAX), pages, "closed: {closed}");
    }
}

/// Store, duty 12; reader, duty 5.
pub(super) fn names_and_payloads_are_kept_to_the_byte(driver: &mut dyn Driver) {
    let long = "x".repeat(driver.name_bytes_max());
    for text in ["", " ", "a\0b", "'; DROP TABLE log; --", "%_\\", "żółw 🐢", "A", "a", "a ", &long]
    {
        let mut subject = Subject::create(driver);
        let payloads = Payloads::single(format!("{text:?}").as_bytes());
        let retained = Retained { publisher: text.into(), payload: Bytes::from(text.to_owned()) };
        let (log, _) = subject.subscribe(text, text);
        subject.commit(&[
            put_client(text, u64::from(u32::MAX) + 1),
            Change::Append(Page {
                publisher: text.into(),
                payloads: payloads.clone(),
                ..page(text, 1)
            }),
            Change::Retain(text.into(), retained.clone()),
        ]);

        let stored =
            StoredPage { first: 1, publisher: text.into(), at: page("", 1).at, count: 1, payloads };
        assert_eq!(subject.read(log, 1, 0), [stored]);
        let snapshot = subject.load();
        assert_eq!(snapshot.clients, [(text.into(), seen(u64::from(u32::MAX) + 1))]);
        assert_eq!(snapshot.logs[0].channel, text.into());
        assert_eq!(snapshot.cursors, [(text.into(), text.into(), CursorState::default())]);
        assert_eq!(snapshot.retained, [(text.into(), retained)]);
    }
}

/// Puts something of everything in.
fn fill(subject: &mut Subject) {
    let retain = |channel: &str, payload: &'static str| {
        let payload = Bytes::from_static(payload.as_bytes());
        Change::Retain(channel.into(), Retained { publisher: "bob".into(), payload })
    };
    subject.commit(&[
        put_client("bob", 6),
        put_client("ada", 6),
        subscribe("bob", "b"),
        subscribe("ada", "b"),
        subscribe("ada", "a"),
        retain("c", "3"),
        retain("a", "1"),
        retain("a", "2"),
        keep("d", [message(2, (7, 2)), message(1, (7, 1))], 9),
        keep("b", [message(1, (7, 1)), message(3, (7, 3))], 1),
    ]);
    let late = page("b", 2);
    subject.commit(&[
        append("b", 2),
        append("b", 2),
        Change::Append(Page { at: late.at - 5, served: late.served + 5, ..late }),
    ]);
    subject.commit(&[move_cursor("ada", "b", 3), acknowledge("ada", "b", &[(5, 5)])]);
    subject.commit(&[put_client("ada", 7), trim("b", 3)]);
}
