//! Files that are taken away while a store uses them, and others that write to them.

use std::{fs, path::Path};

use super::{append, end_of, open, refusal, shell, subscribe};
use crate::{Cause, FailureKind, SqliteStore, Store, StoreError};

const FILES: [&str; 5] =
    ["rialto.db", "rialto.db-wal", "rialto.db-shm", "rialto.mark", "rialto.lock"];

#[test]
fn nothing_is_committed_once_a_file_is_removed_and_all_is_well_once_it_is_back() {
    for name in FILES {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("store");
        let mut store = open(&directory);
        store.commit(&[subscribe("ada", "room"), append("room", 10)]).unwrap();

        let (file, away) = (directory.join(name), parent.path().join("away"));
        fs::rename(&file, &away).unwrap();
        check_lost(&mut store, &file, "removed");
        fs::rename(&away, &file).unwrap();
        store.commit(&[append("room", 10)]).unwrap();
        assert_eq!(end_of(&mut store, "room").1, 2, "what was refused did not happen");
    }
}

#[test]
fn nothing_is_committed_once_a_file_is_replaced() {
    for name in FILES {
        let directory = tempfile::tempdir().unwrap();
        let mut store = open(directory.path());
        store.commit(&[append("room", 10)]).unwrap();
        let (file, copy) = (directory.path().join(name), directory.path().join("copy"));
        fs::copy(&file, &copy).unwrap();
        fs::rename(&copy, &file).unwrap();
        check_lost(&mut store, &file, "replaced");
    }
}

#[test]
fn nothing_is_committed_once_the_directory_is_gone() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("store");
    let mut store = open(&directory);
    store.commit(&[append("room", 10)]).unwrap();

    let away = parent.path().join("away");
    fs::rename(&directory, &away).unwrap();
    check_lost(&mut store, &directory, "removed");
    let mut other = open(&directory);
    check_lost(&mut store, &directory, "replaced");
    other.commit(&[append("room", 10)]).unwrap();
}

#[test]
fn without_its_lock_file_a_store_is_not_opened_twice_either() {
    let directory = tempfile::tempdir().unwrap();
    let _first = open(directory.path());
    fs::remove_file(directory.path().join("rialto.lock")).unwrap();
    let error = refusal(directory.path());
    assert!(matches!(*error.cause, Cause::InUse { process: None }), "{error}");
}

#[test]
fn a_log_that_another_program_moved_is_not_appended_to() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path());
    store.commit(&[append("room", 10), append("hall", 10)]).unwrap();
    let other = shell(directory.path());
    other.execute("UPDATE log SET last = 7 WHERE name = 'room'", []).unwrap();

    let error = store.commit(&[append("room", 10)]).unwrap_err();
    assert!(matches!(*error.cause, Cause::ChangedByAnother), "{error}");
    assert_eq!(error.kind, FailureKind::Corrupt);
    store.commit(&[append("hall", 10)]).unwrap();
}

#[test]
fn two_pages_never_have_one_place() {
    let directory = tempfile::tempdir().unwrap();
    open(directory.path()).commit(&[append("room", 10)]).unwrap();
    let twice = "INSERT INTO page (log, last, count, bytes, at_ms, publisher, crc, payloads)
                 SELECT log, last, 1, 9, 2, 'another', 3, x'1E310A' FROM page";
    let error = shell(directory.path()).execute(twice, []).unwrap_err();
    assert!(error.to_string().contains("the place in the log is taken"), "{error}");
}

/// Checks that a commit is refused, and for want of which file.
#[track_caller]
fn check_lost(store: &mut SqliteStore, file: &Path, how: &str) {
    let error: StoreError = store.commit(&[append("room", 10)]).unwrap_err();
    let text = error.to_string();
    let begin = format!("{} was {how} while the store was using it", file.display());
    assert!(text.starts_with(&begin), "{text}");
    assert_eq!(error.kind, FailureKind::Permanent);
    // An idle store is told as well.
    assert!(store.commit(&[]).is_err());
}
