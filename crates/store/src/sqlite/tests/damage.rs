//! Files and rows that are not what was written.

use std::{
    fs::{self, OpenOptions},
    io::{Seek, SeekFrom, Write},
    path::Path,
};

use bytes::Bytes;
use rialto_domain::{Change, Load, LogEntry, LogId, Retained, Sequence, Snapshot};
use tempfile::TempDir;

use super::{
    append, database_in, end_of, keep, open, put_client, refusal, shell, subscribe, trim,
    unsubscribe,
};
use crate::{FailureKind, SqliteSettings, SqliteStore, Store, StoreReader};

/// How large SQLite's pages are.
const PAGE_BYTES: u64 = 4096;

#[test]
fn a_page_that_is_not_what_was_written_is_told_of_and_hides_no_other() {
    for (sql, reason) in [
        ("UPDATE page SET payloads = x'1E310A' WHERE last = 3", "its checksum does not match"),
        ("UPDATE page SET crc = -1 WHERE last = 3", "Integer -1 out of range at index 5"),
        ("UPDATE page SET count = 2 WHERE last = 3", "it does not hold as many messages"),
        ("UPDATE page SET at_ms = -1 WHERE last = 3", "Integer -1 out of range at index 3"),
        ("UPDATE page SET publisher = CAST(x'FFFE' AS TEXT) WHERE last = 3", "invalid utf-8"),
    ] {
        let directory = filled();
        let mut store = open(directory.path());
        let log = end_of(&mut store, "room").0;
        let mut reader = store.reader().unwrap();
        shell(directory.path()).execute(sql, []).unwrap();

        assert_eq!(lasts(&mut *reader, log, 1), (sequences(20, &[3]), vec![3]), "{sql}");
        assert_eq!(lasts(&mut *reader, log, 3), (sequences(20, &[1, 2, 3]), vec![3]));
        let first = reader.read(log, 1, 0).unwrap();
        assert!(matches!(&first[..], [LogEntry::Page(page)] if page.first == 1), "{first:?}");

        let set_aside = Change::SetAside("room".into(), log, 3);
        store.commit(std::slice::from_ref(&set_aside)).unwrap();
        store.commit(&[set_aside]).unwrap();
        assert_eq!(lasts(&mut *reader, log, 1), (sequences(20, &[3]), vec![]), "{sql}");
        let kept = kept(directory.path());
        let [(origin, record, why, content)] = &kept[..] else { panic!("{kept:?}") };
        assert_eq!(origin, "page");
        assert!(record.contains(" last=3 ") && record.contains(" bytes=20002 "), "{record}");
        assert!(why.contains(reason), "{why}");
        assert!(content.as_ref().is_some_and(|content| !content.is_empty()));
        assert_eq!(store.load(Load::All).unwrap().damaged, 0, "it is out of the way");
    }
}

#[test]
fn a_page_that_reaches_back_into_the_one_before_it_is_damaged() {
    let directory = filled();
    let mut store = open(directory.path());
    let log = end_of(&mut store, "room").0;
    shell(directory.path()).execute("UPDATE page SET last = 20 WHERE last = 21", []).unwrap();
    shell(directory.path()).execute("UPDATE page SET count = 9 WHERE last = 7", []).unwrap();
    let mut reader = store.reader().unwrap();
    assert_eq!(lasts(&mut *reader, log, 1).1, [7]);
}

#[test]
fn a_part_of_the_file_that_cannot_be_read_hides_no_page_elsewhere() {
    let directory = filled();
    let path = database_in(directory.path());
    let leaf = a_leaf_of(directory.path(), "page");
    overwrite(&path, (leaf - 1) * PAGE_BYTES, PAGE_BYTES);
    let settings = SqliteSettings { check_bytes_max: 0, ..SqliteSettings::default() };
    let mut store = SqliteStore::open(directory.path(), &settings).unwrap();
    assert_eq!(store.load(Load::All).unwrap().damaged, 0);
    let log = end_of(&mut store, "room").0;

    let mut reader = store.reader().unwrap();
    let (sound, damaged) = lasts(&mut *reader, log, 1);
    assert!(!sound.is_empty() && !damaged.is_empty(), "{sound:?} {damaged:?}");
    assert_eq!(sound.len() + damaged.len(), 20);

    // They stay where they are, and are noted once.
    let all = damaged.iter().map(|last| Change::SetAside("room".into(), log, *last));
    let all: Vec<Change> = all.collect();
    store.commit(&all).unwrap();
    store.commit(&all).unwrap();
    assert_eq!(kept(directory.path()).len(), damaged.len());
    assert!(kept(directory.path()).iter().all(|(_, _, why, _)| why.contains("damaged")));
    assert_eq!(lasts(&mut *reader, log, 1), (sound, damaged));

    // Nothing else suffers from it: not even when these pages are to be removed.
    store.commit(&[trim("room", 20), append("room", 10)]).unwrap();
    for _ in 0..3 {
        store.commit(&[append("room", 10)]).unwrap();
    }
    assert_eq!(lasts(&mut *reader, log, 1).0, [21, 22, 23, 24]);
    store.commit(&[unsubscribe("ada", "room"), unsubscribe("bob", "room")]).unwrap();
    store.commit(&[Change::DropLog("room".into()), append("other", 10)]).unwrap();
    store.commit(&[append("other", 10)]).unwrap();
}

#[test]
fn records_that_are_damaged_are_left_out_of_what_is_loaded_and_kept() {
    let not_text = "CAST(x'61FF' AS TEXT)";
    for (table, sql, reason) in [
        ("retained", "UPDATE retained SET payload = x'30'", "its checksum does not match"),
        ("retained", &format!("UPDATE retained SET channel = {not_text}"), "invalid utf-8"),
        ("retained", &format!("UPDATE retained SET publisher = {not_text}"), "invalid utf-8"),
        ("history", "UPDATE history SET payload = x'30'", "its checksum does not match"),
        ("history", "UPDATE history SET logical_ms = -9", "out of range"),
        ("history", &format!("UPDATE history SET server = {not_text}"), "invalid utf-8"),
        ("client", "UPDATE client SET seen_ms = -1", "out of range"),
        (
            "clock",
            "INSERT INTO clock (row, served_ms, logical_ms) VALUES (1, 1, -1)",
            "out of range",
        ),
        ("client", &format!("UPDATE client SET name = {not_text}"), "invalid utf-8"),
        ("session", "UPDATE session SET number = -1", "out of range"),
        ("session", &format!("UPDATE session SET client = {not_text}"), "invalid utf-8"),
        ("leftover", "INSERT INTO leftover VALUES (9, -1)", "out of range"),
        ("cursor", &format!("UPDATE cursor SET owner = {not_text} WHERE owner = 'bob'"), "invalid"),
        ("acknowledged", "UPDATE acknowledged SET first = -4", "out of range"),
        ("acknowledged", "UPDATE acknowledged SET last = 21", "no such messages"),
        ("acknowledged", "UPDATE acknowledged SET first = 9", "no such messages"),
        ("stretch", "INSERT INTO stretch VALUES (7, 1, -4, 9)", "out of range"),
        ("stretch", "INSERT INTO stretch VALUES (7, 1, 20, 21)", "no such messages"),
    ] {
        let directory = filled();
        let before = open(directory.path()).load(Load::All).unwrap();
        assert_eq!(before.damaged, 0);
        shell(directory.path()).execute(sql, []).unwrap();

        let snapshot = open(directory.path()).load(Load::All).unwrap();
        assert_eq!(snapshot.damaged, 1, "{sql}");
        let kept = kept(directory.path());
        let [(origin, _, why, _)] = &kept[..] else { panic!("{sql}: {kept:?}") };
        assert_eq!(origin, table);
        assert!(why.contains(reason), "{sql}: {why}");
        // All of the other tables is there, and the next start finds nothing.
        let without = |snapshot: &Snapshot| {
            let mut rest = snapshot.clone();
            match table {
                "retained" => rest.retained.clear(),
                "history" => rest.history.clear(),
                "client" => rest.clients.clear(),
                "session" => rest.sessions.clear(),
                "clock" | "stretch" | "leftover" => {}
                "cursor" => {
                    rest.cursors.retain(|(client, ..)| *client != "bob".into());
                    rest.logs[0].reader_count -= 1;
                }
                _ => rest.cursors[0].2.acknowledged.clear(),
            }
            rest
        };
        let expected = Snapshot { damaged: 1, ..without(&before) };
        assert_eq!(snapshot, expected, "{sql}");
        let again = open(directory.path()).load(Load::All).unwrap();
        assert_eq!(again, Snapshot { damaged: 0, ..expected }, "{sql}");
    }
}

#[test]
fn rows_that_a_table_would_not_take_are_set_aside_like_all_others() {
    let directory = filled();
    let connection = shell(directory.path());
    connection
        .execute_batch(
            "PRAGMA ignore_check_constraints = on;
             UPDATE page SET count = 0 WHERE last = 3;
             UPDATE history SET id = x'01';",
        )
        .unwrap();
    drop(connection);
    let mut store = open(directory.path());
    assert_eq!(store.load(Load::All).unwrap().damaged, 1);
    assert_eq!(kept(directory.path())[0].0, "history");
    let log = end_of(&mut store, "room").0;
    assert_eq!(lasts(&mut *store.reader().unwrap(), log, 1), (sequences(20, &[3]), vec![3]));
}

#[test]
fn a_page_that_cannot_say_how_long_it_is_is_served_and_trimmed() {
    let directory = filled();
    let sql = "UPDATE page SET bytes = -1, served_ms = -1 WHERE last = 7";
    shell(directory.path()).execute(sql, []).unwrap();
    let mut store = open(directory.path());
    let (log, _) = end_of(&mut store, "room");
    assert_eq!(lasts(&mut *store.reader().unwrap(), log, 1), (sequences(20, &[]), vec![]));
    store.commit(&[trim("room", 7)]).unwrap();
    for _ in 0..3 {
        store.commit(&[append("other", 20_000)]).unwrap();
    }
    assert_eq!(lasts(&mut *store.reader().unwrap(), log, 1).0[0], 8);
    let count = "SELECT count(*) FROM page WHERE log = ?1 AND last < 8";
    let left: u64 = shell(directory.path()).query_one(count, [log.0], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}

#[test]
fn a_cursor_that_stands_nowhere_goes_back_to_the_oldest_message() {
    for floor in [-1, 21, i64::MAX] {
        let directory = filled();
        open(directory.path()).commit(&[trim("room", 4)]).unwrap();
        let sql = "UPDATE cursor SET floor = ?1 WHERE owner = 'ada'";
        shell(directory.path()).execute(sql, [floor]).unwrap();
        let snapshot = open(directory.path()).load(Load::All).unwrap();
        assert_eq!((snapshot.cursors[0].2.floor, snapshot.damaged), (4, 1));
        assert_eq!(kept(directory.path())[0].0, "cursor");
        let snapshot = open(directory.path()).load(Load::All).unwrap();
        assert_eq!((snapshot.cursors[0].2.floor, snapshot.damaged), (4, 0), "it was put right");
    }
}

#[test]
fn a_log_that_says_it_ends_before_its_pages_do_ends_with_them() {
    for (sql, end, trimmed) in [
        ("UPDATE log SET last = 3", 20, 0),
        ("UPDATE log SET last = -3, trimmed = -9", 20, 0),
        ("UPDATE log SET trimmed = 21", 20, 0),
        ("UPDATE log SET last = 1, trimmed = 5", 20, 5),
        ("UPDATE log SET last = 1, trimmed = 99", 20, 0),
        ("UPDATE log SET bytes = -1", 20, 0),
    ] {
        let directory = filled();
        shell(directory.path()).execute(sql, []).unwrap();
        let mut store = open(directory.path());
        let snapshot = store.load(Load::All).unwrap();
        let log = &snapshot.logs[0];
        assert_eq!((log.last, log.extent.trimmed, snapshot.damaged), (end, trimmed, 1), "{sql}");
        assert_eq!(log.extent.bytes, (20 - trimmed) * 20_002, "{sql}");
        store.commit(&[append("room", 1)]).unwrap();
        assert_eq!(end_of(&mut store, "room").1, 21, "no place is taken twice");
        drop(store);
        assert_eq!(open(directory.path()).load(Load::All).unwrap().damaged, 0, "it was put right");
    }
}

#[test]
fn a_log_whose_channel_is_not_known_stays_where_it_is() {
    let directory = filled();
    let sql = "UPDATE log SET name = CAST(x'61FF' AS TEXT)";
    shell(directory.path()).execute(sql, []).unwrap();
    for _ in 0..2 {
        let mut store = open(directory.path());
        let snapshot = store.load(Load::All).unwrap();
        assert_eq!((snapshot.logs.len(), snapshot.cursors.len(), snapshot.damaged), (0, 0, 1));
        assert_eq!(snapshot.clients.len(), 1);
        // Its messages are not swept away, nor is another log of that name in its way.
        store.commit(&[subscribe("ada", "room"), append("room", 5)]).unwrap();
        store.commit(&[unsubscribe("ada", "room"), Change::DropLog("room".into())]).unwrap();
        store.commit(&[Change::ForgetClient("bob".into())]).unwrap();
        store.commit(&[]).unwrap();
        assert_eq!(kept(directory.path()).len(), 1);
    }
    let count = "SELECT count(*) FROM page WHERE log = 1";
    let count: u64 = shell(directory.path()).query_one(count, [], |row| row.get(0)).unwrap();
    assert_eq!(count, 20);
}

#[test]
fn what_cannot_be_set_aside_is_left_out_all_the_same() {
    let directory = filled();
    shell(directory.path()).execute("UPDATE retained SET payload = x'30'", []).unwrap();
    let mut store = open(directory.path());
    let other = shell(directory.path());
    other
        .execute_batch(
            "CREATE TRIGGER full BEFORE INSERT ON damaged BEGIN SELECT RAISE(ABORT, 'full'); END",
        )
        .unwrap();
    let snapshot = store.load(Load::All).unwrap();
    assert_eq!((snapshot.retained.len(), snapshot.damaged), (0, 1));
    assert_eq!(snapshot.clients.len(), 1);
}

#[test]
fn a_damaged_file_is_refused_with_what_sqlite_found() {
    let directory = filled();
    let path = database_in(directory.path());
    overwrite(&path, PAGE_BYTES, 5 * PAGE_BYTES);

    let error = refusal(directory.path());
    assert_eq!(error.kind, FailureKind::Corrupt);
    let text = error.to_string();
    assert!(text.starts_with("the file is damaged or no SQLite database ("), "{text}");
    assert!(
        text.contains("restore it from a backup (docs/operating.md), or move it and its -wal"),
        "{text}"
    );
    assert!(text.contains(&format!("(while opening {})", path.display())), "{text}");
}

#[test]
fn a_truncated_file_is_refused() {
    let directory = filled();
    let path = database_in(directory.path());
    let bytes = fs::metadata(&path).unwrap().len();
    for bytes_left in [bytes - PAGE_BYTES, bytes / 2 + 100, PAGE_BYTES, 200] {
        OpenOptions::new().write(true).open(&path).unwrap().set_len(bytes_left).unwrap();
        let error = refusal(directory.path());
        assert_eq!(error.kind, FailureKind::Corrupt, "{error}");
    }
}

#[test]
fn files_above_the_limit_are_not_checked() {
    let directory = filled();
    let path = database_in(directory.path());
    // Nothing but the check reads the rows of pages at start.
    let leaf = a_leaf_of(directory.path(), "page");
    overwrite(&path, (leaf - 1) * PAGE_BYTES, PAGE_BYTES);

    let bytes = fs::metadata(&path).unwrap().len();
    let limited = |check_bytes_max| SqliteSettings { check_bytes_max, ..SqliteSettings::default() };
    SqliteStore::open(directory.path(), &limited(bytes)).unwrap_err();
    SqliteStore::open(directory.path(), &limited(bytes - 1)).unwrap();
}

fn overwrite(path: &Path, start: u64, bytes: u64) {
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(start)).unwrap();
    file.write_all(&vec![0x55; bytes as usize]).unwrap();
}

/// Returns the number of a page of the file that holds rows of a table.
fn a_leaf_of(directory: &Path, table: &str) -> u64 {
    let sql = "SELECT min(pageno) FROM dbstat WHERE name = ?1 AND pagetype = 'leaf'";
    shell(directory).query_one(sql, [table], |row| row.get(0)).unwrap()
}

/// Returns the last messages of the sound pages of a log, and of the damaged ones.
fn lasts(
    reader: &mut dyn StoreReader,
    log: LogId,
    from: Sequence,
) -> (Vec<Sequence>, Vec<Sequence>) {
    let (mut sound, mut damaged) = (Vec::new(), Vec::new());
    for entry in reader.read(log, from, usize::MAX).unwrap() {
        match entry {
            LogEntry::Page(page) => sound.push(page.first + u64::from(page.count) - 1),
            LogEntry::Damaged { first, last } => {
                assert!(first <= last && (last < 2 || first == last), "{first} to {last}");
                damaged.push(last);
            }
        }
    }
    (sound, damaged)
}

/// Returns the numbers up to `end` but those.
fn sequences(end: Sequence, but: &[Sequence]) -> Vec<Sequence> {
    (1..=end).filter(|sequence| !but.contains(sequence)).collect()
}

/// Returns what was set aside: table, record, reason and content.
fn kept(directory: &Path) -> Vec<(String, String, String, Option<Vec<u8>>)> {
    let connection = shell(directory);
    let mut statement =
        connection.prepare("SELECT origin, record, reason, content FROM damaged").unwrap();
    let rows =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)));
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

/// Returns the directory of a store with something of everything in it, closed.
fn filled() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path());
    directory
}

fn fill(directory: &Path) {
    let mut store = open(directory);
    let retained = Retained { publisher: "ada".into(), payload: Bytes::from_static(b"1") };
    store.commit(&[subscribe("ada", "room"), Change::Retain("room".into(), retained)]).unwrap();
    store.commit(&[subscribe("bob", "room"), put_client("ada", 1)]).unwrap();
    store.commit(&vec![append("room", 20_000); 20]).unwrap();
    store.commit(&[keep("room", [3], 10, 1), Change::OpenSession("ada".into(), 1)]).unwrap();
    store.commit(&[Change::Acknowledge("ada".into(), "room".into(), vec![(6, 8)])]).unwrap();
    store.close().unwrap();
}
