use std::fs;

use rusqlite::Connection;
use tempfile::TempDir;

use super::*;

/// Returns a database whose log has as many transactions, and how many frames the log had after
/// each of them.
fn with_transactions(count: usize) -> (TempDir, Vec<u32>) {
    let directory = tempfile::tempdir().unwrap();
    let database = Connection::open(directory.path().join("it.db")).unwrap();
    database.pragma_update(None, "journal_mode", "wal").unwrap();
    database.execute_batch("CREATE TABLE it (text TEXT)").unwrap();
    let frames = (0..count)
        .map(|_| {
            database.execute("INSERT INTO it VALUES (hex(randomblob(3000)))", []).unwrap();
            read(&directory.path().join("it.db-wal"), 4096).unwrap().committed
        })
        .collect();
    fs::copy(directory.path().join("it.db-wal"), directory.path().join("log")).unwrap();
    (directory, frames)
}

#[test]
fn a_log_is_read_up_to_its_last_commit() {
    let (directory, frames) = with_transactions(5);
    let content = read(&directory.path().join("log"), 4096).unwrap();
    assert!(frames.is_sorted() && frames[0] < frames[4], "{frames:?}");
    assert_eq!((content.committed, content.built_upon), (frames[4], None));
    assert_eq!(content.room, frames[4]);
    assert!(content.salts.is_some() && content.salts == content.first_frame_salts);
}

#[test]
fn what_is_no_log_holds_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    assert_eq!(read(&path, 4096).unwrap(), Content::default(), "missing");
    for text in ["", "short", &"no log at all, and longer than a header".repeat(3)] {
        fs::write(&path, text).unwrap();
        assert_eq!(read(&path, 4096).unwrap(), Content::default(), "{text}");
    }
}

#[test]
fn transactions_behind_a_break_tell_that_what_they_were_built_upon_was_committed() {
    let (directory, frames) = with_transactions(6);
    let path = directory.path().join("log");
    let sound = fs::read(&path).unwrap();
    let frame_bytes = 24 + 4096;
    for broken in 1..=frames[5] {
        let mut bytes = sound.clone();
        bytes[HEADER_BYTES + (broken as usize - 1) * frame_bytes + 1000] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let content = read(&path, 4096).unwrap();
        let before = frames.iter().copied().filter(|end| *end < broken).max();
        assert!(content.committed <= before.unwrap_or(frames[0] - 1), "frame {broken}");
        // If a transaction's last frame verifies, another one must be built upon it; if not, then upon
        // the one that follows.
        let transaction = frames.iter().position(|end| broken <= *end).unwrap();
        let needed = if frames[transaction] == broken { 2 } else { 1 };
        let expected = (transaction + needed < frames.len()).then(|| frames[frames.len() - 2]);
        assert_eq!(content.built_upon, expected, "frame {broken}");
    }
}

#[test]
fn a_log_with_a_damaged_header_is_read_by_its_frames() {
    let (directory, frames) = with_transactions(4);
    let path = directory.path().join("log");
    let sound = fs::read(&path).unwrap();
    for place in 0..HEADER_BYTES {
        let mut bytes = sound.clone();
        bytes[place] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let content = read(&path, 4096).unwrap();
        // The lowest bit of the first number only says how checksums are made.
        assert_eq!((content.salts, content.committed), (None, 0), "byte {place}");
        assert_eq!(content.built_upon, Some(frames[2]), "byte {place}");
    }
}
