//! Files that an earlier release wrote.

use std::{fs, path::Path};

use rialto_domain::{
    Change, ChannelName, CursorState, HistoryMessage, Load, LogExtent, LogId, LogState, MessageId,
    OldestPage, Retained, Seen, Snapshot, StoreClock, StoredPage,
};
use rusqlite::{Connection, params};

use super::{append, database_in, end_of, history_of, keep, open, pages_of, shell, subscribe};
use crate::{
    SqliteSettings, SqliteStore, Store,
    sqlite::schema::{APPLICATION_ID, MIGRATIONS},
};

/// What ada was sent, as version 1 stored it.
const PAYLOADS: &[u8] = b"\x1E\"\xC5\xBC\xC3\xB3\xC5\x82w\"\n\x1E2\n";

#[test]
fn a_store_of_version_1_keeps_what_it_holds_and_gains_histories() {
    let directory = tempfile::tempdir().unwrap();
    drop(filled_version_1(directory.path()));

    let mut store = open(directory.path());
    assert_eq!(version(&shell(directory.path())), MIGRATIONS.len());
    let mut expected = content();
    assert_eq!(store.load(Load::All).unwrap(), expected);
    let pages = pages_of(&store, LogId(3));
    assert_eq!(pages, [page()]);

    store.commit(&[subscribe("ada", "room"), keep("room", 1..=3, 10, 2)]).unwrap();
    assert_eq!(history_of(&mut store, "room"), [2, 3]);
    expected.history = store.load(Load::All).unwrap().history;
    assert_eq!(store.load(Load::All).unwrap(), expected, "all else is as it was");
    drop(store);
    assert_eq!(open(directory.path()).load(Load::All).unwrap(), expected);
}

#[test]
fn an_empty_store_of_version_1_can_be_used() {
    let directory = tempfile::tempdir().unwrap();
    drop(version_1(directory.path()));
    let mut store = open(directory.path());
    assert_eq!(store.load(Load::All).unwrap(), Snapshot::default());
    store.commit(&[append("room", 10), keep("room", [1], 10, 1)]).unwrap();
}

#[test]
fn a_store_of_version_1_that_is_at_its_limit_is_opened_nevertheless() {
    let directory = tempfile::tempdir().unwrap();
    let connection = filled_version_1(directory.path());
    connection.execute_batch("VACUUM").unwrap(); // So that no page is free.
    drop(connection);
    let bytes_max = fs::metadata(database_in(directory.path())).unwrap().len();

    let settings = SqliteSettings { bytes_max: Some(bytes_max), ..SqliteSettings::default() };
    let mut store = SqliteStore::open(directory.path(), &settings).unwrap();
    assert_eq!(store.load(Load::All).unwrap(), content());
    store.commit(&[keep("room", [1], 100_000, 1)]).unwrap_err();
}

#[test]
fn a_store_of_version_2_keeps_what_it_holds_and_gains_sessions() {
    let directory = tempfile::tempdir().unwrap();
    drop(filled_version_2(directory.path()));

    let mut store = open(directory.path());
    assert_eq!(version(&shell(directory.path())), MIGRATIONS.len());
    let mut expected = Snapshot { history: histories(), ..content() };
    assert_eq!(store.load(Load::All).unwrap(), expected);
    let pages = pages_of(&store, LogId(3));
    assert_eq!(pages, [page()]);

    store.commit(&[Change::OpenSession("ada".into(), 8)]).unwrap();
    expected.sessions = vec![("ada".into(), 8)];
    assert_eq!(store.load(Load::All).unwrap(), expected, "all else is as it was");
    drop(store);
    assert_eq!(open(directory.path()).load(Load::All).unwrap(), expected);
}

#[test]
fn an_empty_store_of_version_2_can_be_used() {
    let directory = tempfile::tempdir().unwrap();
    drop(version_2(version_1(directory.path())));
    let mut store = open(directory.path());
    assert_eq!(store.load(Load::All).unwrap(), Snapshot::default());
    store.commit(&[append("room", 10), Change::OpenSession("ada".into(), 8)]).unwrap();
}

#[test]
fn a_store_of_version_3_keeps_its_cursors_and_what_they_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let connection = version_3(version_2(version_1(directory.path())));
    connection
        .execute_batch(
            "INSERT INTO log (channel, last, trimmed) VALUES ('room', 99, 0), ('vault', 9, 0);
             INSERT INTO cursor (client, log, floor, acknowledged) VALUES
             ('ada', 1, 3, '[[5,6],[9,9],[11,20]]'),
             ('ada', 2, 9, '[]'),
             ('bob', 1, 0, '[[2,90]]'),
             ('cleo', 1, 4, '[[6,7],[8],7,\"x\",[null,9],[1,2,3]'),
             ('dora', 1, 5, '[[7,7],[9],7,\"x\",[null,9],{}]');
             PRAGMA foreign_keys = off;
             INSERT INTO cursor (client, log, floor, acknowledged) VALUES ('eve', 77, 1, '[]');",
        )
        .unwrap();
    drop(connection);

    let cursor = |client: &str, channel: &str, floor, stretches: &[_]| {
        let state = CursorState { floor, acknowledged: stretches.to_vec() };
        (client.into(), ChannelName::from(channel), state)
    };
    let mut store = open(directory.path());
    let expected = [
        cursor("ada", "room", 3, &[(5, 6), (9, 9), (11, 20)]),
        cursor("ada", "vault", 9, &[]),
        cursor("bob", "room", 0, &[(2, 90)]),
        // What cannot be understood is as if it had never been acknowledged.
        cursor("cleo", "room", 4, &[]),
        cursor("dora", "room", 5, &[(7, 7)]),
    ];
    assert_eq!(store.load(Load::All).unwrap().cursors, expected);
    store.commit(&[Change::Acknowledge("bob".into(), "room".into(), vec![(95, 95)])]).unwrap();
    drop(store);
    let cursors = open(directory.path()).load(Load::All).unwrap().cursors;
    assert_eq!(cursors[2], cursor("bob", "room", 0, &[(2, 90), (95, 95)]));
}

#[test]
fn a_store_of_version_3_keeps_what_it_holds_and_gains_clocks() {
    let directory = tempfile::tempdir().unwrap();
    let connection = version_3(filled_version_2(directory.path()));
    connection.execute("INSERT INTO session (client, began_ms) VALUES ('ada', 8)", []).unwrap();
    drop(connection);

    let mut store = open(directory.path());
    assert_eq!(version(&shell(directory.path())), MIGRATIONS.len());
    let sessions = vec![("ada".into(), 8000)];
    let mut expected = Snapshot { history: histories(), sessions, ..content() };
    assert_eq!(store.load(Load::All).unwrap(), expected);
    let pages = pages_of(&store, LogId(3));
    assert_eq!(pages, [page()]);

    let clock = StoreClock { served: 60_000, logical: 9_000 };
    let seen = Seen { at: 3, served: 60_000 };
    store.commit(&[Change::NoteClock(clock), Change::PutClient("ada".into(), seen)]).unwrap();
    (expected.clock, expected.clients[0].1) = (clock, seen);
    assert_eq!(store.load(Load::All).unwrap(), expected, "all else is as it was");
    drop(store);
    assert_eq!(open(directory.path()).load(Load::All).unwrap(), expected);
}

#[test]
fn the_history_of_a_store_of_version_3_is_older_than_what_comes() {
    // It was ordered by the wall clock, which was right then and has been stepped back since.
    let directory = tempfile::tempdir().unwrap();
    drop(version_3(filled_version_2(directory.path())));
    let mut store = open(directory.path());
    let newest = store.load(Load::All).unwrap().history[1].1.last().unwrap().clone();
    let later = HistoryMessage {
        id: MessageId { origin: 1, sequence: 1 },
        logical: newest.logical + 1,
        at: 0,
        ..newest.clone()
    };
    let channel = "room".into();
    let messages = vec![later.clone()];
    store.commit(&[Change::KeepHistory { channel, messages, count_max: 2 }]).unwrap();
    assert_eq!(store.load(Load::All).unwrap().history[1].1, [newest, later]);
}

#[test]
fn an_empty_store_of_version_3_can_be_used() {
    let directory = tempfile::tempdir().unwrap();
    drop(version_3(version_2(version_1(directory.path()))));
    let mut store = open(directory.path());
    assert_eq!(store.load(Load::All).unwrap(), Snapshot::default());
    store.commit(&[append("room", 10), keep("room", [1], 10, 1)]).unwrap();
}

#[test]
fn a_store_of_version_4_keeps_what_it_holds_and_no_id_is_given_again() {
    let directory = tempfile::tempdir().unwrap();
    let connection = version_4(version_3(filled_version_2(directory.path())));
    connection
        .execute_batch(
            "INSERT INTO log (id, channel, last, trimmed) VALUES (70, 'short-lived', 0, 0);
             DELETE FROM log WHERE id = 70;
             INSERT INTO cursor (id, client, log, floor) VALUES (90, 'eve', 3, 2);
             DELETE FROM cursor WHERE id = 90;
             INSERT INTO acknowledged (cursor, first, last) VALUES (90, 3, 4);",
        )
        .unwrap();
    drop(connection);

    let mut store = open(directory.path());
    assert_eq!(version(&shell(directory.path())), MIGRATIONS.len());
    let expected = Snapshot { history: histories(), ..content() };
    assert_eq!(store.load(Load::All).unwrap(), expected);
    assert_eq!(pages_of(&store, LogId(3)), [page()]);
    let ada = store.reader().unwrap().client(&"ada".into()).unwrap().unwrap();
    assert_eq!(ada.cursors, [("room".into(), expected.cursors[0].2.clone())]);

    // What lingers of a cursor that went is nobody's.
    store.commit(&[subscribe("eve", "room"), append("new", 1)]).unwrap();
    assert_eq!(end_of(&mut store, "new").0, LogId(71));
    let eve = store.reader().unwrap().client(&"eve".into()).unwrap().unwrap();
    assert_eq!(eve.cursors, [("room".into(), CursorState { floor: 4, acknowledged: vec![] })]);
    let shell = shell(directory.path());
    let nulls = "SELECT header IS NULL AND source IS NULL AND expires_ms IS NULL FROM page LIMIT 1";
    assert!(shell.query_one(nulls, [], |row| row.get::<_, bool>(0)).unwrap());
    // A filter may be called as a channel is, and a group as a client.
    shell
        .execute_batch(
            "INSERT INTO log (kind, name, last, trimmed) VALUES (1, 'room', 0, 0);
             INSERT INTO cursor (owner_kind, owner, log, floor) VALUES (1, 'ada', 3, 0);",
        )
        .unwrap();
}

#[test]
fn a_store_of_version_5_goes_on_removing_what_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let connection = version_5(version_4(version_3(filled_version_2(directory.path()))));
    connection
        .execute_batch(
            "INSERT INTO page (log, last, count, bytes, at_ms, publisher, crc, payloads)
             VALUES (99, 7, 1, 5, 1, '', 0, x'1E310A'), (3, 1, 1, 5, 1, '', 0, x'1E310A');",
        )
        .unwrap();
    drop(connection);

    let mut store = open(directory.path());
    let expected = Snapshot { history: histories(), ..content() };
    assert_eq!(store.load(Load::All).unwrap(), expected);
    let rows = |sql: &str| -> u64 {
        shell(directory.path()).query_one(sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(rows("SELECT count(*) FROM leftover"), 2);
    store.commit(&[]).unwrap();
    assert_eq!(rows("SELECT count(*) FROM leftover"), 0);
    assert_eq!(rows("SELECT count(*) FROM page"), 1, "that of the log that is there");
    assert_eq!(store.load(Load::All).unwrap(), expected);
}

/// Makes a database as version 1 did.
fn version_1(directory: &Path) -> Connection {
    let connection = shell(directory);
    connection.execute_batch(include_str!("../schema/1.sql")).unwrap();
    connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    connection
}

/// Makes a database with something of everything in it, by version 1's statements.
pub(super) fn filled_version_1(directory: &Path) -> Connection {
    let connection = version_1(directory);
    let execute = |sql: &str, parameters: &[&dyn rusqlite::ToSql]| {
        connection.execute(sql, parameters).unwrap();
    };
    execute(
        "INSERT INTO client (name, seen_ms) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET seen_ms = excluded.seen_ms",
        params!["ada", 7],
    );
    for channel in ["gone", "empty", "room"] {
        execute("INSERT INTO log (channel, last, trimmed) VALUES (?1, 0, 0)", params![channel]);
    }
    execute("DELETE FROM log WHERE id = ?1", params![1]);
    execute(
        "INSERT INTO page (log, last, count, bytes, at_ms, publisher, crc, payloads)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![3, 4, 2, PAYLOADS.len(), 1000, "bob", crc32fast::hash(PAYLOADS), PAYLOADS],
    );
    execute("UPDATE log SET last = ?2, trimmed = ?3 WHERE id = ?1", params![3, 4, 2]);
    execute(
        "INSERT INTO cursor (client, log, floor, acknowledged) VALUES (?1, ?2, ?3, '[]')",
        params!["ada", 3, 0],
    );
    execute(
        "UPDATE cursor SET floor = ?3, acknowledged = ?4 WHERE client = ?1 AND log = ?2",
        params!["ada", 3, 2, "[[4,4]]"],
    );
    execute(
        "INSERT INTO retained (channel, publisher, crc, payload) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (channel) DO UPDATE SET
         publisher = excluded.publisher, crc = excluded.crc, payload = excluded.payload",
        params!["room", "bob", crc32fast::hash(b"2"), b"2"],
    );
    connection
}

/// Makes of a database of version 1 what version 2 did.
fn version_2(connection: Connection) -> Connection {
    connection.execute_batch(include_str!("../schema/2.sql")).unwrap();
    connection.pragma_update(None, "user_version", 2).unwrap();
    connection
}

/// Makes of a database of version 2 what version 3 did.
fn version_3(connection: Connection) -> Connection {
    connection.execute_batch(include_str!("../schema/3.sql")).unwrap();
    connection.pragma_update(None, "user_version", 3).unwrap();
    connection
}

/// Makes of a database of version 3 what version 4 did.
fn version_4(connection: Connection) -> Connection {
    connection.execute_batch(include_str!("../schema/4.sql")).unwrap();
    connection.pragma_update(None, "user_version", 4).unwrap();
    connection
}

/// Makes of a database of version 4 what version 5 did.
fn version_5(connection: Connection) -> Connection {
    connection.execute_batch(include_str!("../schema/5.sql")).unwrap();
    connection.pragma_update(None, "user_version", 5).unwrap();
    connection
}

/// Makes a database with something of everything in it, by version 2's statements.
fn filled_version_2(directory: &Path) -> Connection {
    let connection = version_2(filled_version_1(directory));
    for (channel, messages) in histories() {
        for HistoryMessage { id, at, publisher, server, payload, .. } in messages {
            let id = [id.origin.to_be_bytes(), id.sequence.to_be_bytes()].concat();
            let server = server.as_deref();
            let crc = crc32fast::hash(&payload);
            let values =
                params![channel.as_str(), at, id, publisher.as_str(), server, crc, &payload[..]];
            connection
                .execute(
                    "INSERT INTO history (channel, at_ms, id, publisher, server, crc, payload)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    values,
                )
                .unwrap();
        }
    }
    connection
}

/// Returns the histories in the database of [`filled_version_2`].
fn histories() -> Vec<(ChannelName, Vec<HistoryMessage>)> {
    let message = |sequence, server: Option<&str>| HistoryMessage {
        id: MessageId { origin: u64::MAX, sequence },
        logical: sequence,
        at: sequence,
        publisher: "bob".into(),
        server: server.map(Into::into),
        payload: sequence.to_string().into(),
    };
    vec![
        ("news".into(), vec![message(1, None)]),
        ("room".into(), vec![message(1, Some("north")), message(2, None)]),
    ]
}

/// Returns what the database of [`filled_version_1`] holds.
fn content() -> Snapshot {
    let bytes = PAYLOADS.len() as u64;
    let oldest = Some(OldestPage { last: 4, served: 0 });
    let state = CursorState { floor: 2, acknowledged: vec![(4, 4)] };
    let retained = Retained { publisher: "bob".into(), payload: "2".into() };
    let empty = LogState {
        channel: "empty".into(),
        log: LogId(2),
        last: 0,
        extent: LogExtent::default(),
        newest: 0,
        reader_count: 0,
        slowest: 0,
    };
    let room = LogState {
        channel: "room".into(),
        log: LogId(3),
        last: 4,
        extent: LogExtent { trimmed: 2, bytes, oldest },
        newest: 0,
        reader_count: 1,
        slowest: 2,
    };
    Snapshot {
        load: Load::All,
        clients: vec![("ada".into(), Seen { at: 7, served: 0 })],
        logs: vec![empty, room],
        cursors: vec![("ada".into(), "room".into(), state)],
        retained: vec![("room".into(), retained)],
        history: vec![],
        sessions: vec![],
        clock: StoreClock::default(),
        damaged: 0,
    }
}

/// Returns the page that the database of [`filled_version_1`] holds.
fn page() -> StoredPage {
    StoredPage {
        first: 3,
        publisher: "bob".into(),
        at: 1000,
        count: 2,
        payloads: rialto_domain::Payloads::from_sequence(PAYLOADS.into()),
    }
}

fn version(connection: &Connection) -> usize {
    connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}
