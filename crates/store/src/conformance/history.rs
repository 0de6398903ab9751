//! The last messages of channels.

use bytes::Bytes;
use rialto_domain::{Change, HistoryMessage, MessageId, Retained};

use super::{
    changes::{
        acknowledge, append, drop_log, forget, move_cursor, put_client, subscribe, trim,
        unsubscribe,
    },
    subject::{Driver, Subject},
};

/// Store, duties 12 and 13.
pub(super) fn a_history_is_ordered_by_the_logical_clock_and_then_by_id(driver: &mut dyn Driver) {
    const SIGN: u64 = 1 << 63;
    let ordered = [
        message(1, (u64::MAX, 1)),
        message(2, (0, 0)),
        message(2, (0, 1)),
        message(2, (0, 2)),
        message(2, (0, 256)),
        message(2, (0, SIGN - 1)),
        message(2, (0, SIGN)),
        message(2, (1, 1)),
        message(2, (256, 1)),
        message(2, (SIGN - 1, 1)),
        message(2, (SIGN, 1)),
        message(2, (SIGN + 1, 1)),
        message(2, (u64::MAX, 0)),
        message(2, (u64::MAX, u64::MAX)),
        message(3, (0, 3)),
        message(u64::from(u32::MAX) + 1, (0, 4)),
    ];
    for step in [1, 3, 5, 7, 15] {
        let mut subject = Subject::create(driver);
        // Each step has no divisor in common with the count: every message comes, out of order.
        let shuffled = (0..ordered.len()).map(|turn| ordered[turn * step % ordered.len()].clone());
        let shuffled: Vec<_> = shuffled.collect();
        for messages in shuffled.chunks(step) {
            subject.commit(&[keep("room", messages, 99)]);
        }
        assert_eq!(subject.history("room"), ordered, "in steps of {step}");

        subject.commit(&[keep("room", &[], 9)]);
        assert_eq!(subject.history("room"), ordered[7..], "the oldest went");
    }
}

/// Store, duty 13.
pub(super) fn the_oldest_beyond_the_count_are_dropped(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    for (ats, count_max, left) in [
        (vec![], 3, vec![]),
        (vec![30, 10, 20], 3, vec![10, 20, 30]),
        (vec![40], 3, vec![20, 30, 40]),
        (vec![15], 3, vec![20, 30, 40]),
        (vec![25], 3, vec![25, 30, 40]),
        (vec![5], 4, vec![5, 25, 30, 40]),
        (vec![50, 1, 60, 2], 4, vec![30, 40, 50, 60]),
        (vec![], 2, vec![50, 60]),
        (vec![70, 80, 90], 2, vec![80, 90]),
        (vec![7, 8], u32::MAX, vec![7, 8, 80, 90]),
        (vec![100], 1, vec![100]),
        (vec![110], 0, vec![]),
        (vec![120], 1, vec![120]),
        (vec![], 0, vec![]),
    ] {
        let messages: Vec<_> = ats.iter().map(|&at| message(at, (4, at))).collect();
        subject.commit(&[keep("room", &messages[..], count_max)]);
        let kept: Vec<_> = subject.history("room").iter().map(|message| message.logical).collect();
        assert_eq!(kept, left, "after {ats:?} and at most {count_max}");
    }
    assert_eq!(subject.load().history, [], "a history without messages is none");
}

/// Store, duties 10 and 13.
pub(super) fn a_message_that_is_there_stays_as_it_is(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    let (first, second, third) = (message(1, (7, 1)), message(2, (7, 2)), message(3, (7, 3)));
    subject.commit(&[keep("room", [first.clone(), second.clone()], 3)]);

    let other = HistoryMessage { payload: "9".into(), publisher: "eve".into(), ..second.clone() };
    let later = HistoryMessage { logical: 9, ..first.clone() };
    subject.commit(&[keep("room", [other, third.clone(), later], 3)]);
    let all = [first.clone(), second.clone(), third.clone()];
    assert_eq!(subject.history("room"), all);

    let other = HistoryMessage { payload: "9".into(), ..third.clone() };
    subject.commit(&[keep("new", [third.clone(), other], 3)]);
    assert_eq!(subject.history("new"), [third], "the first of those that share an id is kept");

    // Whatever is added: all new, all there, some of both, more than may stay.
    for (from, to, count_max) in [(4, 6, 9), (4, 6, 9), (5, 9, 9), (1, 9, 4), (1, 9, 0)] {
        let messages: Vec<_> = (from..to).map(|at| message(at, (7, at))).collect();
        let change = [keep("room", &messages[..], count_max)];
        subject.commit(&change);
        let once = subject.load();
        subject.commit(&change);
        assert_eq!(subject.load(), once, "after {change:?} was repeated");
    }
}

/// Store, duties 13 and 14.
pub(super) fn a_dropped_history_is_forgotten(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    let (first, second) = (message(1, (7, 1)), message(2, (7, 2)));
    subject.commit(&[
        keep("room", [first.clone(), second.clone()], 9),
        keep("other", [first.clone()], 9),
        drop_history("no history of that name"),
    ]);
    subject.commit(&[drop_history("room")]);
    assert_eq!(subject.load().history, [("other".into(), vec![first.clone()])]);
    subject.commit(&[drop_history("room")]);

    let anew = HistoryMessage { payload: "9".into(), ..first };
    subject.commit(&[keep("room", [anew.clone()], 9)]);
    assert_eq!(subject.history("room"), [anew], "what was there is remembered no more");
}

/// Store, duty 14.
pub(super) fn each_channel_has_its_own_history(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    let (first, second, third) = (message(1, (7, 1)), message(2, (7, 2)), message(3, (7, 3)));
    let of_other = HistoryMessage { payload: "9".into(), ..second.clone() };
    subject.commit(&[
        keep("room", [second.clone(), third.clone()], 2),
        keep("Room", [of_other.clone(), first.clone()], 9),
        keep("a", [third.clone()], 9),
        keep("room", [first.clone()], 2),
    ]);
    let histories = [
        ("Room".into(), vec![first, of_other]),
        ("a".into(), vec![third.clone()]),
        ("room".into(), vec![second, third]),
    ];
    assert_eq!(subject.load().history, histories, "names ascend, and ids are a channel's own");
}

/// Store, duty 14.
pub(super) fn histories_and_all_else_leave_each_other_alone(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    let retained = Retained { publisher: "ada".into(), payload: "1".into() };
    subject.commit(&[
        put_client("ada", 1),
        subscribe("ada", "room"),
        append("room", 3),
        append("room", 3),
        move_cursor("ada", "room", 1),
        acknowledge("ada", "room", &[(3, 3)]),
        Change::Retain("room".into(), retained.clone()),
        trim("room", 3),
    ]);
    let before = subject.load();
    let log = before.logs[0].log;

    let messages = [message(1, (7, 1)), message(2, (7, 2))];
    subject.commit(&[keep("room", &messages[..], 1), keep("unread", &messages[..], 9)]);
    let with_history = subject.load();
    assert_eq!(with_history.logs, before.logs);
    assert_eq!(subject.spans(log), [(4, 6)]);
    subject.commit(&[drop_history("room"), drop_history("unread")]);
    assert_eq!(subject.load(), before);

    subject.commit(&[keep("room", &messages[..], 1), keep("unread", &messages[..], 9)]);
    subject.commit(&[
        append("unread", 2),
        append("room", 1),
        trim("unread", 2),
        trim("room", 7),
        Change::Retain("unread".into(), retained),
        unsubscribe("ada", "unread"),
        unsubscribe("ada", "room"),
        forget("ada"),
        forget("publisher"),
        drop_log("unread"),
        drop_log("room"),
    ]);
    assert_eq!(subject.load().logs, []);
    assert_eq!(subject.load().history, with_history.history);
}

/// Store, duty 12.
pub(super) fn messages_of_a_history_are_kept_to_the_byte(driver: &mut dyn Driver) {
    let long = "x".repeat(driver.name_bytes_max());
    for text in ["", " ", "a\0b", "'; DROP TABLE log; --", "%_\\", "żółw 🐢", "A", "a", "a ", &long]
    {
        let mut subject = Subject::create(driver);
        let named = |sequence, server: Option<&str>| HistoryMessage {
            id: MessageId { origin: 7, sequence },
            logical: u64::from(u32::MAX) + sequence,
            at: u64::from(u32::MAX) + 1,
            publisher: text.into(),
            server: server.map(Into::into),
            payload: Bytes::from(format!("{text:?}")),
        };
        let messages = [named(1, None), named(2, Some("")), named(3, Some(text))];
        subject.commit(&[keep(text, &messages[..], 9)]);
        assert_eq!(subject.load().history, [(text.into(), messages.to_vec())]);
    }
    let mut subject = Subject::create(driver);
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 256) as u8).collect();
    let binary = HistoryMessage { payload: bytes.into(), ..message(1, (1, 1)) };
    subject.commit(&[keep("room", [binary.clone()], 1)]);
    assert_eq!(subject.history("room"), [binary], "also a large one, whatever it is");
}

/// Store, duty 3.
pub(super) fn histories_outlive_the_store(driver: &mut dyn Driver) {
    for closed in [false, true] {
        let mut subject = Subject::create(driver);
        let messages: Vec<_> = (1..9).map(|at| message(at, (u64::MAX - at, at))).collect();
        subject.commit(&[
            keep("room", &messages[..], 5),
            keep("gone", &messages[..], 9),
            keep("żółw", &messages[..], 9),
            drop_history("gone"),
        ]);
        let history = subject.load().history;
        assert_eq!(history.len(), 2);

        if closed {
            subject.store.close().expect("the store closes");
        }
        let Some(mut subject) = subject.reopen(driver) else { return };
        assert_eq!(subject.load().history, history, "closed: {closed}");
        subject.commit(&[keep("room", &messages[..4], 6)]);
        assert_eq!(subject.history("room"), messages[2..], "and go on where they were");
    }
}

/// Store, duties 1, 2 and 11.
pub(super) fn histories_change_with_their_batch_or_not_at_all(driver: &mut dyn Driver) {
    let mut subject = Subject::create(driver);
    let (first, second, third) = (message(1, (7, 1)), message(2, (7, 2)), message(3, (7, 3)));
    let both = [first.clone(), second.clone()];
    subject.commit(&[
        keep("room", &both, 9),
        keep("other", &both, 9),
        drop_history("room"),
        append("room", 1),
        keep("room", [third.clone()], 9),
        keep("room", &both, 2),
        keep("new", &both, 9),
        drop_history("new"),
    ]);
    assert_eq!(subject.history("room"), [second.clone(), third.clone()]);
    let before = subject.load();
    assert_eq!(before.history.len(), 2);
    assert_eq!(before.logs.len(), 1);

    subject.refuse(&[
        keep("room", [message(4, (7, 4))], 2),
        keep("room", &[], 1),
        drop_history("other"),
        keep("new", &both, 9),
        append("room", 0),
    ]);
    assert_eq!(subject.load(), before);
    let reopened = subject.reopen(driver);
    let Some(mut subject) = reopened else { return };
    assert_eq!(subject.load(), before);
}

/// Returns a message whose payload tells of it. The wall clock goes its own ways.
pub(super) fn message(logical: u64, (origin, sequence): (u64, u64)) -> HistoryMessage {
    HistoryMessage {
        id: MessageId { origin, sequence },
        logical,
        at: logical.wrapping_mul(0x9E37_79B9) % 1_000_003,
        publisher: "publisher".into(),
        server: (origin % 2 == 1).then(|| "another".into()),
        payload: format!("[{logical},{origin},{sequence}]").into(),
    }
}

pub(super) fn keep(
    channel: &str,
    messages: impl Into<Vec<HistoryMessage>>,
    count_max: u32,
) -> Change {
    Change::KeepHistory { channel: channel.into(), messages: messages.into(), count_max }
}

pub(super) fn drop_history(channel: &str) -> Change {
    Change::DropHistory(channel.into())
}
