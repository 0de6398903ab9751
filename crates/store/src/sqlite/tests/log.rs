//! Write-ahead logs that lost something, and those that only look so.

use std::{
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
};

use rialto_domain::Change;
use tempfile::TempDir;

use super::{append, end_of, open, refusal, shell, subscribe, written_before_the_mark};
use crate::{
    Cause, Durability, FailureKind, SqliteSettings, SqliteStore, Store,
    sqlite::{
        mark::Mark,
        verdict::{LogDamage, find_damage},
    },
};

const FRAME_BYTES: usize = 24 + 4096;
const COMMITS: u64 = 20;

#[test]
fn a_flipped_bit_anywhere_in_a_log_is_found() {
    let directory = killed(Durability::Fsync);
    let sound = fs::read(log(&directory)).unwrap();
    let committed = committed(&directory);
    assert_eq!(damage(&directory), None);

    let header_and_first_frame = 0..32 + 24;
    let all_over = (0..committed as usize)
        .flat_map(|frame| [7, 20, 2000].map(|place| 32 + frame * FRAME_BYTES + place));
    for place in header_and_first_frame.chain(all_over) {
        let mut bytes = sound.clone();
        bytes[place] ^= 0x10;
        fs::write(log(&directory), &bytes).unwrap();
        let damage = damage(&directory).unwrap_or_else(|| panic!("not found: byte {place}"));
        assert_eq!(damage.frames_committed, committed);
        assert!(damage.frames_left < committed, "{damage:?}");
    }
}

#[test]
fn a_damaged_log_is_refused_and_left_alone() {
    let directory = killed(Durability::Fsync);
    flip(&log(&directory), 32 + 2 * FRAME_BYTES + 100);
    let before = fs::read(log(&directory)).unwrap();
    for _ in 0..2 {
        let error = refusal(directory.path());
        assert_eq!(error.kind, FailureKind::Corrupt);
        assert!(matches!(*error.cause, Cause::LogDamaged { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("run `rialto store repair`"), "{text}");
        assert!(text.contains(&log(&directory).display().to_string()), "{text}");
        assert_eq!(fs::read(log(&directory)).unwrap(), before);
    }
}

#[test]
fn a_log_that_another_program_moved_into_the_database_is_no_damage() {
    let directory = killed(Durability::Fsync);
    // The last one to close it, as SQLite sees it.
    shell(directory.path()).execute_batch("SELECT count(*) FROM page").unwrap();
    assert!(!log(&directory).exists());
    assert_eq!(damage(&directory), None);
    assert_eq!(end_of(&mut open(directory.path()), "room").1, COMMITS);
}

#[test]
fn a_log_that_is_cut_short_emptied_or_gone_is_found() {
    let directory = killed(Durability::Fsync);
    written_before_the_mark(directory.path());
    let bytes = fs::metadata(log(&directory)).unwrap().len();
    for left in [bytes - 1, bytes / 2, 32, 10, 0] {
        OpenOptions::new().write(true).open(log(&directory)).unwrap().set_len(left).unwrap();
        assert!(damage(&directory).is_some(), "{left} bytes are left");
    }
    fs::remove_file(log(&directory)).unwrap();
    assert!(damage(&directory).is_some());
}

#[test]
fn without_a_mark_damage_is_found_by_what_was_built_upon_it() {
    let directory = killed(Durability::Fsync);
    fs::remove_file(directory.path().join("rialto.mark")).unwrap();
    assert_eq!(damage(&directory), None);
    let committed = committed_by_log(&directory);
    flip(&log(&directory), 32 + 2 * FRAME_BYTES + 100);
    let damage = damage(&directory).unwrap();
    assert!(committed / 2 < damage.frames_committed, "{damage:?}");
    refuse_unless_told_that_it_was_not_synced(&directory);
}

/// What was not synced for each commit may have gaps anywhere after a loss of power.
fn refuse_unless_told_that_it_was_not_synced(directory: &TempDir) {
    refusal(directory.path());
    assert_eq!(find_damage(directory.path(), Durability::Os).unwrap(), None);
}

#[test]
fn a_last_transaction_that_was_torn_is_no_damage() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = store_with_commits(&directory, Durability::Fsync);
    let synced = fs::read(log(&directory)).unwrap();
    let mark = fs::read(directory.path().join("rialto.mark")).unwrap();
    store.commit(&vec![append("room", 10_000); 4]).unwrap();
    drop(store);
    let whole = fs::read(log(&directory)).unwrap();
    fs::write(directory.path().join("rialto.mark"), mark).unwrap();

    // Any of its sectors may be missing, and with them any of those behind may be there.
    let first = synced.len() / 512;
    for missing in first..whole.len() / 512 {
        let mut torn = whole.clone();
        let from = (missing * 512).max(synced.len());
        torn[from..(missing + 1) * 512].fill(0);
        fs::write(log(&directory), &torn).unwrap();
        assert_eq!(damage(&directory), None, "sector {missing}");
    }
    let mut store = open(directory.path());
    assert_eq!(end_of(&mut store, "room").1, COMMITS);
}

#[test]
fn a_log_without_a_sync_for_each_commit_is_taken_as_it_is() {
    let directory = killed(Durability::Os);
    let half = committed_by_log(&directory) as usize / 2;
    flip(&log(&directory), 32 + half * FRAME_BYTES + 100);
    assert_eq!(damage(&directory), None);
    let left = end_of(&mut open(directory.path()), "room").1;
    assert!(left < COMMITS);
}

#[test]
fn a_log_that_was_begun_anew_or_emptied_is_no_damage() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = store_with_commits(&directory, Durability::Fsync);
    let of_the_log_before = fs::read(directory.path().join("rialto.mark")).unwrap();
    store.connection.query_one("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(())).unwrap();
    store.commit(&[append("room", 10)]).unwrap();
    drop(store);
    assert_eq!(damage(&directory), None);
    fs::write(directory.path().join("rialto.mark"), of_the_log_before).unwrap();
    assert_eq!(damage(&directory), None, "the mark may be behind");

    let mut store = open(directory.path());
    assert_eq!(end_of(&mut store, "room").1, COMMITS + 1);
    store.commit(&[append("room", 10)]).unwrap();
    store.close().unwrap();
    assert_eq!(fs::metadata(log(&directory)).unwrap().len(), 0);
    assert_eq!(damage(&directory), None);
}

#[test]
fn what_a_failed_transaction_left_in_the_log_is_no_damage() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = store_with_commits(&directory, Durability::Fsync);
    // Too large for the cache, so that frames are written before it is known that it fails.
    store.connection.pragma_update(None, "cache_size", 10).unwrap();
    let too_long = Change::Append(rialto_domain::Page {
        count: 0, // Refused, at the end.
        ..match append("room", 1) {
            Change::Append(page) => page,
            _ => unreachable!("it appends"),
        }
    });
    let mut batch = vec![append("room", 20_000); 30];
    batch.push(too_long);
    let before = fs::metadata(log(&directory)).unwrap().len();
    store.commit(&batch).unwrap_err();
    assert!(before < fs::metadata(log(&directory)).unwrap().len(), "frames are left");
    for _ in 0..3 {
        store.commit(&[append("room", 10)]).unwrap();
    }
    drop(store);
    fs::remove_file(directory.path().join("rialto.mark")).unwrap();
    assert_eq!(damage(&directory), None);
    assert_eq!(end_of(&mut open(directory.path()), "room").1, COMMITS + 3);
}

/// Returns the directory of a store whose process ended without closing it.
fn killed(durability: Durability) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    drop(store_with_commits(&directory, durability));
    directory
}

fn store_with_commits(directory: &TempDir, durability: Durability) -> SqliteStore {
    let settings = SqliteSettings { durability, ..SqliteSettings::default() };
    let mut store = SqliteStore::open(directory.path(), &settings).unwrap();
    store.commit(&[subscribe("ada", "room")]).unwrap();
    for _ in 0..COMMITS {
        store.commit(&[append("room", 1000)]).unwrap();
    }
    store
}

fn damage(directory: &TempDir) -> Option<LogDamage> {
    find_damage(directory.path(), Durability::Fsync).unwrap()
}

/// Returns how many frames were committed by the mark.
fn committed(directory: &TempDir) -> u32 {
    Mark::read(directory.path()).unwrap().unwrap().committed.unwrap().frames
}

fn committed_by_log(directory: &TempDir) -> u32 {
    crate::sqlite::wal::read(&log(directory), 4096).unwrap().committed
}

fn log(directory: &TempDir) -> PathBuf {
    directory.path().join("rialto.db-wal")
}

fn flip(path: &Path, place: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[place] ^= 1;
    fs::write(path, bytes).unwrap();
}
