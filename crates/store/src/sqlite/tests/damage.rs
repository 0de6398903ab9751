//! Files and rows that are not what was written.

use std::{
    fs::{self, OpenOptions},
    io::{Seek, SeekFrom, Write},
    path::Path,
};

use bytes::Bytes;
use rialto_broker::{Change, Retained};
use tempfile::TempDir;

use super::{append, database_in, end_of, keep, open, refusal, shell, subscribe};
use crate::{FailureKind, SqliteSettings, SqliteStore, Store};

/// How large SQLite's pages are.
const PAGE_BYTES: u64 = 4096;

#[test]
fn a_page_that_does_not_match_its_checksum_is_not_returned() {
    let directory = filled();
    let mut store = open(directory.path());
    let log = end_of(&mut store, "room").0;
    let mut reader = store.reader().unwrap();

    shell(directory.path())
        .execute("UPDATE page SET payloads = x'1E310A' WHERE last = 3", [])
        .unwrap();

    assert_eq!(reader.read(log, 1, 0).unwrap()[0].first, 1, "pages before it can be read");
    for from in [1, 3] {
        let error = reader.read(log, from, usize::MAX).unwrap_err();
        assert_eq!(error.kind, FailureKind::Corrupt);
        let text = error.to_string();
        assert!(text.starts_with("the checksum of the page that ends with message 3 "), "{text}");
        assert!(text.ends_with(&format!("{})", database_in(directory.path()).display())), "{text}");
    }
    assert_eq!(reader.read(log, 4, 0).unwrap()[0].first, 4, "pages behind it can be read");
}

#[test]
fn a_retained_message_that_does_not_match_its_checksum_is_not_loaded() {
    check_load("UPDATE retained SET payload = x'30'", "the checksum of the retained message of");
}

#[test]
fn a_message_of_a_history_that_does_not_match_its_checksum_is_not_loaded() {
    check_load(
        "UPDATE history SET payload = x'30'",
        "the checksum of message 18446744073709551615:3 in the history of channel \"room\" does",
    );
}

#[test]
fn a_cursor_that_cannot_be_understood_is_not_loaded() {
    check_load(
        "INSERT INTO acknowledged (cursor, first, last) SELECT id, 7, -1 FROM cursor",
        "the file is damaged",
    );
    check_load("UPDATE cursor SET floor = -1", "the file is damaged");
}

#[test]
fn a_session_that_cannot_be_understood_is_not_loaded() {
    check_load("UPDATE session SET number = -1", "the file is damaged");
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
    assert!(text.contains("restore it from a backup, or move it and its -wal"), "{text}");
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
    let leaf: u64 = shell(directory.path())
        .query_one(
            "SELECT max(pageno) FROM dbstat WHERE name = 'page' AND pagetype = 'leaf'",
            [],
            |row| row.get(0),
        )
        .unwrap();
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

/// Changes a sound store by `sql` and checks that it is not loaded, and why.
#[track_caller]
fn check_load(sql: &str, text: &str) {
    let directory = filled();
    shell(directory.path()).execute(sql, []).unwrap();
    let error = open(directory.path()).load().unwrap_err();
    assert_eq!(error.kind, FailureKind::Corrupt);
    assert!(error.to_string().starts_with(text), "{error}");
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
    store.commit(&vec![append("room", 20_000); 20]).unwrap();
    store.commit(&[keep("room", [3], 10, 1), Change::OpenSession("ada".into(), 1)]).unwrap();
    store.close().unwrap();
}
