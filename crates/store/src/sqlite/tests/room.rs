//! Running out of room, and what removes rows that are gone.

use std::{fs, path::Path};

use rialto_domain::{Change, Load};

use super::{
    append, database_in, end_of, history_of, keep, mount::Mount, open, pages_of, put_client, seen,
    shell, subscribe, trim,
};
use crate::{FailureKind, SqliteSettings, SqliteStore, Store, StoreError};

const PAGE_BYTES: usize = 15_000;

#[test]
fn a_full_disk_fails_commits_until_there_is_room() {
    let Some(disk) = Mount::try_new(4) else { return }; // The next test does without.
    let ballast = disk.path().join("ballast");
    fs::write(&ballast, vec![0; 2 << 20]).unwrap();
    let directory = disk.path().join("store");
    let mut store = open(&directory);

    let committed = fill(&mut store);
    fs::remove_file(ballast).unwrap();
    store.commit(&[append("room", PAGE_BYTES)]).unwrap();

    check_content(store, &directory, committed + 1);
}

#[test]
fn a_write_ahead_log_that_fills_the_disk_is_emptied_in_time() {
    let Some(disk) = Mount::try_new(2) else { return };
    let mut store = open(disk.path());
    for seen in 0..1000 {
        store.commit(&[put_client("ada", seen)]).unwrap();
    }
}

#[test]
fn a_full_store_fails_commits_until_something_is_trimmed() {
    let directory = tempfile::tempdir().unwrap();
    let bytes_max = 1 << 20;
    let mut store = open_limited(directory.path(), bytes_max);

    let committed = fill(&mut store);
    store.commit(&[trim("room", committed)]).unwrap();
    for _ in 0..committed / 2 {
        store.commit(&[append("room", PAGE_BYTES)]).unwrap();
    }
    store.close().unwrap();
    assert!(fs::metadata(database_in(directory.path())).unwrap().len() <= bytes_max);

    check_content(store, directory.path(), committed + committed / 2);
}

#[test]
fn a_client_can_be_forgotten_in_a_full_store() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open_limited(directory.path(), 1 << 20);
    fill(&mut store);

    store.commit(&[Change::ForgetClient("ada".into()), Change::DropLog("room".into())]).unwrap();
    store.commit(&[append("room", PAGE_BYTES)]).unwrap();
    assert_eq!(end_of(&mut store, "room").1, 1);
}

#[test]
fn a_limit_below_the_size_of_the_file_stops_its_growth_only() {
    let directory = tempfile::tempdir().unwrap();
    fill(&mut open_limited(directory.path(), 1 << 20));

    let mut store = open_limited(directory.path(), 1);
    let last = end_of(&mut store, "room").1;
    store.commit(&[append("room", PAGE_BYTES)]).unwrap_err();
    store.commit(&[trim("room", last)]).unwrap();
    store.commit(&[append("room", PAGE_BYTES)]).unwrap();
}

#[test]
fn histories_count_towards_the_limit_until_they_are_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let bytes_max = 1 << 20;
    let mut store = open_limited(directory.path(), bytes_max);
    let refused = (1..1000)
        .find(|&last| store.commit(&[keep("room", [last], PAGE_BYTES, u32::MAX)]).is_err())
        .expect("the store is full at last");
    assert!(10 < refused, "there was room for {refused} messages");
    check_full(&store.commit(&[append("room", 2 * PAGE_BYTES)]).unwrap_err());
    assert!(history_of(&mut store, "room").into_iter().eq(1..refused));

    store.commit(&[Change::DropHistory("room".into())]).unwrap();
    for _ in 0..refused / 2 {
        store.commit(&[append("room", PAGE_BYTES)]).unwrap();
    }
    store.close().unwrap();
    assert!(fs::metadata(database_in(directory.path())).unwrap().len() <= bytes_max);
}

#[test]
fn a_history_goes_on_in_a_full_store_while_it_does_not_grow() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open_limited(directory.path(), 1 << 20);
    store.commit(&[keep("other", 1..=3, PAGE_BYTES, 3)]).unwrap();
    fill(&mut store);

    for last in 4..20 {
        store.commit(&[keep("other", [last], PAGE_BYTES, 3)]).unwrap();
        assert!(history_of(&mut store, "other").into_iter().eq(last - 2..=last));
    }
    check_full(&store.commit(&[keep("other", 20..30, PAGE_BYTES, 9)]).unwrap_err());
    assert_eq!(history_of(&mut store, "other"), [17, 18, 19]);
}

#[test]
fn rows_of_a_dropped_log_are_removed_a_few_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path());
    store.commit(&[subscribe("ada", "room")]).unwrap();
    let page = append("room", 10);
    store.commit(&vec![page; 2000]).unwrap();
    store.commit(&[Change::ForgetClient("ada".into()), Change::DropLog("room".into())]).unwrap();
    assert_eq!(rows(directory.path()), 2000, "dropping removes no rows yet");

    store.commit(&[]).unwrap();
    let left = rows(directory.path());
    assert!((1000..2000).contains(&left), "one commit removes some rows: {left} are left");

    // Those that a restart finds are removed as well.
    drop(store);
    let mut store = open(directory.path());
    assert_eq!(store.load(Load::All).unwrap().logs, []);
    for _ in 0..4 {
        store.commit(&[]).unwrap();
    }
    assert_eq!(rows(directory.path()), 0);
}

#[test]
fn the_file_stops_growing_when_messages_are_trimmed_as_they_come() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path());
    for last in 1..300 {
        store
            .commit(&[
                append("room", PAGE_BYTES),
                append("other", 10),
                trim("room", last),
                trim("other", last),
            ])
            .unwrap();
    }
    assert!(rows(directory.path()) < 10);
    store.close().unwrap();
    let bytes = fs::metadata(database_in(directory.path())).unwrap().len();
    assert!(bytes < 20 * PAGE_BYTES as u64, "the file has {bytes} bytes");
}

/// Appends pages to a log that ada reads until the store refuses one, and returns how many it took.
fn fill(store: &mut SqliteStore) -> u64 {
    store.commit(&[subscribe("ada", "room")]).unwrap();
    let refused = (0..1000).find_map(|committed| {
        // The second change must go with the first.
        let batch = [append("room", PAGE_BYTES), put_client("ada", committed + 1)];
        store.commit(&batch).err().map(|error| (committed, error))
    });
    let (committed, error) = refused.expect("the store is full at last");
    check_full(&error);
    // Larger, since a page alone may find the room that it did not find with the client.
    check_full(&store.commit(&[append("room", 4 * PAGE_BYTES)]).unwrap_err());
    assert_eq!(store.load(Load::All).unwrap().clients, [("ada".into(), seen(committed))]);
    assert_eq!(end_of(store, "room").1, committed);
    assert!(10 < committed, "there was room for {committed} pages");
    committed
}

fn check_full(error: &StoreError) {
    assert_eq!(error.kind, FailureKind::Transient, "{error}");
    assert!(error.to_string().starts_with("no room is left"), "{error}");
}

/// Checks that exactly `count` messages were ever taken, and that the file is sound.
fn check_content(mut store: SqliteStore, directory: &Path, count: u64) {
    let (log, last) = end_of(&mut store, "room");
    assert_eq!(last, count);
    let snapshot = store.load(Load::All).unwrap();
    let pages = pages_of(&store, log);
    drop(store);

    let mut store = open(directory);
    assert_eq!(store.load(Load::All).unwrap(), snapshot);
    assert_eq!(pages_of(&store, log), pages);
}

fn open_limited(directory: &Path, bytes_max: u64) -> SqliteStore {
    let settings = SqliteSettings { bytes_max: Some(bytes_max), ..SqliteSettings::default() };
    SqliteStore::open(directory, &settings).unwrap()
}

fn rows(directory: &Path) -> u64 {
    shell(directory).query_one("SELECT count(*) FROM page", [], |row| row.get(0)).unwrap()
}
