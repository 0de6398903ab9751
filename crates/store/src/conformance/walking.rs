//! Reading all that a store holds.

use std::collections::BTreeMap;

use bytes::Bytes;
use rialto_domain::{Change, ClientId, CursorState, LogId, Page, Retained, StoreClock, StoredPage};

use super::{
    changes::{acknowledge, append, drop_log, move_cursor, page, put_client, subscribe, trim},
    history::{keep, message},
    subject::{Driver, Subject},
};
use crate::{Entry, Part, Record, Store, StoreWalk, walk_part};

/// Makes walks through the stores of a [`Driver`].
pub trait WalkDriver: Driver {
    /// Drops a store, and begins a walk through what it stored.
    fn walk(&mut self, store: Box<dyn Store>) -> Box<dyn StoreWalk>;
}

/// Puts something of everything in, damage aside, with names that are hard to sort; returns what a walk is to find.
pub(super) fn fill(subject: &mut Subject) -> BTreeMap<Part, Vec<Record>> {
    for client in ["", "b", "a\0b", "a", "żółw 🐢", "A"] {
        subject.commit(&[put_client(client, 6), subscribe(client, "room"), subscribe("a", client)]);
    }
    subject.commit(&[subscribe("gone", "gone"), append("gone", 2), append("unread", 1)]);
    for count in 1..9 {
        let late = page("room", count);
        let publisher = ClientId::from(format!("publisher {}", count % 3));
        let late =
            Page { publisher, at: late.at + 5, served: late.served + u64::from(count), ..late };
        subject.commit(&[Change::Append(late), append("hall", count), append("room", 1)]);
    }
    let (room, _) = subject.subscribe("late", "room");
    subject.commit(&[
        Change::ForgetClient("gone".into()),
        drop_log("gone"),
        trim("room", 6),
        trim("hall", 1000),
        move_cursor("a", "room", 9),
        acknowledge("a", "room", &[(11, 11), (13, 16), (20, 44)]),
        acknowledge("b", "room", &[(1, 2)]),
        Change::SetAside("room".into(), room, 8),
    ]);
    // As a broker folds what was acknowledged, or does not.
    for floor in [10, 12] {
        subject.commit(&[acknowledge("A", "room", &[(floor + 2, floor + 3)])]);
    }
    let retain = |channel: &str, payload: String| {
        Change::Retain(
            channel.into(),
            Retained { publisher: "bob".into(), payload: Bytes::from(payload) },
        )
    };
    let sign = 1 << 63;
    subject.commit(&[
        retain("", "1".to_owned()),
        retain("room", format!("{:?}", "x".repeat(10_000))),
        retain("a\0", "{}".to_owned()),
        keep("room", [message(1, (u64::MAX, 1)), message(2, (0, sign)), message(2, (sign, 1))], 9),
        keep("", [message(2, (7, 2)), message(1, (7, 3)), message(1, (7, 1))], 9),
        Change::OpenSession("ada".into(), 7),
        Change::OpenSession("".into(), u64::from(u32::MAX) + 7),
        Change::NoteClock(StoreClock { served: 5, logical: 1_700_000_000_000 }),
    ]);
    expected(subject)
}

/// Returns what a walk is to find, as it is loaded and read otherwise.
fn expected(subject: &mut Subject) -> BTreeMap<Part, Vec<Record>> {
    let snapshot = subject.load();
    let mut logs = snapshot.logs.clone();
    logs.sort_by_key(|log| log.log);
    let ids: BTreeMap<_, LogId> = logs.iter().map(|log| (log.channel.clone(), log.log)).collect();
    let mut pages = Vec::new();
    for log in &logs {
        let stored = subject.read(log.log, 1, usize::MAX);
        let served = |page: &StoredPage| {
            let extra = if page.at == super::changes::page("", 1).at { 0 } else { page.count };
            super::changes::page("", 1).served + u64::from(extra)
        };
        let record = |page: StoredPage| Record::Page { log: log.log, served: served(&page), page };
        pages.extend(stored.into_iter().map(record));
    }
    let mut cursors: Vec<(ClientId, LogId, CursorState)> = snapshot
        .cursors
        .into_iter()
        .map(|(client, channel, state)| (client, ids[&channel], state))
        .collect();
    cursors.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
    let log_id_last = logs.iter().map(|log| log.log.0).max().unwrap_or(0);
    let counters = Record::Counters { clock: snapshot.clock, log_id_last };
    let logs = logs.into_iter().map(|log| Record::Log {
        log: log.log,
        channel: log.channel,
        last: log.last,
        trimmed: log.extent.trimmed,
        bytes: log.extent.bytes,
    });
    let history = snapshot.history.into_iter().flat_map(|(channel, messages)| {
        messages.into_iter().map(move |message| Record::History(channel.clone(), message))
    });
    BTreeMap::from([
        (Part::Counters, vec![counters]),
        (
            Part::Clients,
            snapshot.clients.into_iter().map(|(id, seen)| Record::Client(id, seen)).collect(),
        ),
        (Part::Logs, logs.collect()),
        (Part::Pages, pages),
        (
            Part::Cursors,
            cursors
                .into_iter()
                .map(|(client, log, state)| Record::Cursor { client, log, state })
                .collect(),
        ),
        (
            Part::Retained,
            snapshot.retained.into_iter().map(|(name, it)| Record::Retained(name, it)).collect(),
        ),
        (Part::History, history.collect()),
        (
            Part::Sessions,
            snapshot.sessions.into_iter().map(|(id, it)| Record::Session(id, it)).collect(),
        ),
    ])
}

/// Reads a part, so many bytes at a time.
pub(super) fn read_all(walk: &mut dyn StoreWalk, part: Part, bytes_max: usize) -> Vec<Record> {
    let mut records = Vec::new();
    walk_part(walk, part, bytes_max, |Entry { record, finding, .. }| {
        assert_eq!(finding, None);
        records.push(record.expect("nothing is damaged"));
        Ok(())
    })
    .expect("the part is read");
    records
}

/// Walk, duties 2, 3 and 4.
pub(super) fn a_walk_gives_everything_once(driver: &mut dyn WalkDriver) {
    let mut subject = Subject::create(driver);
    let expected = fill(&mut subject);
    drop(subject.reader);
    let mut walk = driver.walk(subject.store);
    for bytes_max in [0, 700, 100_000, usize::MAX] {
        for part in Part::ALL {
            let read = read_all(&mut *walk, part, bytes_max);
            assert_eq!(read, expected[&part], "{} with {bytes_max} bytes", part.name());
        }
    }
    let first = walk.read(Part::Pages, None, 0).expect("pages are read");
    assert!(first.len() < 10, "reading is bounded: {} entries", first.len());
}

/// Walk, duty 2.
pub(super) fn an_empty_store_has_nothing_but_counters(driver: &mut dyn WalkDriver) {
    let store = driver.create();
    let mut walk = driver.walk(store);
    for part in Part::ALL {
        let expected: Vec<Record> = match part {
            Part::Counters => {
                vec![Record::Counters { clock: StoreClock::default(), log_id_last: 0 }]
            }
            _ => Vec::new(),
        };
        assert_eq!(read_all(&mut *walk, part, 1000), expected, "{}", part.name());
    }
}

/// Walk, duty 2: what is behind a record is found also where nobody has read what is before it.
pub(super) fn a_walk_goes_on_behind_any_record(driver: &mut dyn WalkDriver) {
    let mut subject = Subject::create(driver);
    let expected = fill(&mut subject);
    drop(subject.reader);
    let mut keys = Vec::new();
    let mut walk = driver.walk(subject.store);
    for part in Part::ALL {
        walk_part(&mut *walk, part, usize::MAX, |entry| {
            keys.push((part, entry.key));
            Ok(())
        })
        .expect("the part is read");
    }
    let mut before: BTreeMap<Part, usize> = BTreeMap::new();
    for (part, key) in keys {
        let place = before.entry(part).or_default();
        *place += 1;
        let next = walk.read(part, Some(&key), 0).expect("the part is read");
        let next = next.into_iter().next().and_then(|entry| entry.record);
        assert_eq!(next.as_ref(), expected[&part].get(*place), "{} behind {key:?}", part.name());
    }
}
