use std::fs;

use super::*;

const MARK: Mark =
    Mark { synced: true, committed: Some(Committed { salts: Salts(1, u32::MAX), frames: 7 }) };

#[test]
fn a_mark_is_read_as_it_was_written() {
    let marks = [
        MARK,
        Mark { synced: false, ..MARK },
        Mark { committed: None, ..MARK },
        Mark { committed: Some(Committed { salts: Salts(1, 2), frames: 0 }), ..MARK },
    ];
    for mark in marks {
        assert_eq!(Mark::decode(&mark.encode()), Some(mark));
    }
}

#[test]
fn a_mark_that_is_not_what_was_written_tells_nothing() {
    let bytes = MARK.encode();
    for place in 0..bytes.len() {
        let mut damaged = bytes;
        damaged[place] ^= 4;
        assert_eq!(Mark::decode(&damaged), None, "byte {place}");
    }
}

#[test]
fn a_store_whose_log_was_not_synced_once_is_so_until_the_log_is_emptied() {
    let directory = tempfile::tempdir().unwrap();
    let open = |durability| MarkKeeper::open(directory.path(), durability).unwrap();
    let is_synced = || Mark::read(directory.path()).unwrap().unwrap().synced;

    open(Durability::Fsync);
    assert!(is_synced());
    open(Durability::Os);
    assert!(!is_synced());
    let mut keeper = open(Durability::Fsync);
    assert!(!is_synced(), "the log may have gaps from before");
    fs::write(directory.path().join("log"), "").unwrap();
    keeper.clear(&directory.path().join("log"), Durability::Fsync).unwrap();
    assert!(is_synced());
}
