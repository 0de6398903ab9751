//! Copies, checks and repairs.

use std::{
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use rialto_domain::{Change, Load, Retained};
use tempfile::TempDir;

use super::{
    append, database_in, end_of, keep, mount::Mount, open, refusal, shell, subscribe, upgrade,
    written_before_the_mark,
};
use crate::{Cause, Report, Store, backup, check, repair};

#[test]
fn a_copy_of_a_store_in_use_is_of_one_moment_and_becomes_a_store() {
    let (files, mut store) = in_use();
    let before = store.load(Load::All).unwrap();
    let copy = files.path().join("copy.db");
    let report = backup(&store_in(&files), &copy).unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!((report.messages, report.retained, report.history), (6, 1, 2));
    assert_eq!(report.subscriptions, 1);

    store.commit(&[append("room", 10)]).unwrap();
    assert_eq!(end_of(&mut store, "room").1, 7);
    check_is_closed_to_others(&copy);
    let restored = files.path().join("restored");
    fs::create_dir(&restored).unwrap();
    fs::copy(&copy, database_in(&restored)).unwrap();
    let mut restored = open(&restored);
    assert_eq!(restored.load(Load::All).unwrap(), before);
    restored.commit(&[append("room", 10)]).unwrap();
}

#[test]
fn a_store_that_nobody_uses_is_copied_with_what_its_log_holds() {
    let (files, store) = in_use();
    drop(store);
    let copy = files.path().join("copy.db");
    assert_eq!(backup(&store_in(&files), &copy).unwrap().messages, 6);

    flip(&store_in(&files).join("rialto.db-wal"), 32 + 3 * 4120 + 500);
    let error = backup(&store_in(&files), &files.path().join("another.db")).unwrap_err();
    assert!(matches!(*error.cause, Cause::LogDamaged { .. }), "{error}");
}

#[test]
fn a_copy_replaces_no_file_and_leaves_none_where_it_fails() {
    let (files, _store) = in_use();
    let target = files.path().join("copy.db");
    fs::write(&target, "precious").unwrap();
    let error = backup(&store_in(&files), &target).unwrap_err();
    assert!(error.to_string().contains("copy.db is there already"), "{error}");
    assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
    assert_eq!(fs::read_dir(files.path()).unwrap().count(), 2, "no other file is left");

    let Some(disk) = Mount::try_new(1) else { return };
    fs::write(disk.path().join("ballast"), vec![0; 1_000_000]).unwrap();
    let error = backup(&store_in(&files), &disk.path().join("copy.db")).unwrap_err();
    assert!(matches!(*error.cause, Cause::NoRoomForCopy { .. }), "{error}");
    assert_eq!(fs::read_dir(disk.path()).unwrap().count(), 1);
}

#[test]
fn a_copy_tells_what_is_damaged_in_the_store() {
    let (files, _store) = in_use();
    shell(&store_in(&files)).execute("UPDATE page SET crc = 1 WHERE last = 2", []).unwrap();
    let copy = files.path().join("copy.db");
    let findings = backup(&store_in(&files), &copy).unwrap().findings;
    assert!(
        findings[0].contains("the checksum of the page that ends with message 2"),
        "{findings:?}"
    );
    assert_eq!(check(&copy).unwrap().findings, findings);
}

#[test]
fn a_check_changes_nothing() {
    let (files, store) = in_use();
    drop(store);
    let read = |name: &str| fs::read(store_in(&files).join(name)).unwrap();
    let before = [read("rialto.db"), read("rialto.db-wal"), read("rialto.mark")];
    assert!(!before[1].is_empty());
    let report = check(&store_in(&files)).unwrap();
    assert!(report.is_sound() && report.messages == 6, "{report:?}");
    assert_eq!([read("rialto.db"), read("rialto.db-wal"), read("rialto.mark")], before);
}

#[test]
fn a_check_finds_each_kind_of_damage() {
    for (sql, finding) in [
        (
            "UPDATE page SET payloads = x'1E320A', bytes = 3 WHERE last = 3",
            "the checksum of the page",
        ),
        ("UPDATE page SET count = 2 WHERE last = 3", "is not a sequence of 2 JSON texts"),
        ("UPDATE page SET at_ms = -1 WHERE last = 3", "it cannot be understood"),
        ("DELETE FROM page WHERE last BETWEEN 2 AND 4", "messages 2 to 4 of the log of \"room\""),
        ("DELETE FROM page WHERE last = 6", "messages 6 to 6 of the log of \"room\""),
        ("UPDATE log SET last = 9", "messages 7 to 9 of the log of \"room\""),
        ("UPDATE retained SET payload = x'30'", "the checksum of the retained message"),
        (
            "UPDATE history SET payload = x'30' WHERE at_ms = 1",
            "in the history of channel \"room\"",
        ),
        ("UPDATE cursor SET floor = -1", "a subscription cannot be understood"),
    ] {
        let report = check_after(|directory| {
            shell(directory).execute(sql, []).unwrap();
        });
        assert!(report.findings.iter().any(|it| it.contains(finding)), "{sql}: {report:?}");
    }
}

#[test]
fn a_check_finds_bodies_that_are_no_json_though_their_checksum_matches() {
    let report = check_after(|directory| {
        let nonsense = b"\x1E{\"a\n";
        let values = (crc32fast::hash(nonsense), &nonsense[..], nonsense.len());
        shell(directory)
            .execute("UPDATE page SET crc = ?1, payloads = ?2, bytes = ?3 WHERE last = 3", values)
            .unwrap();
    });
    assert!(report.findings[0].contains("is not a sequence of 1 JSON texts"), "{report:?}");
}

#[test]
fn records_that_were_set_aside_are_counted() {
    let (files, mut store) = in_use();
    shell(&store_in(&files)).execute("UPDATE retained SET crc = 1", []).unwrap();
    store.load(Load::All).unwrap();
    drop(store);
    let report = check(&store_in(&files)).unwrap();
    assert_eq!((report.set_aside, report.retained), (1, 0));
    assert!(report.is_sound(), "{report:?}");
}

#[test]
fn a_check_finds_what_sqlite_finds() {
    let report = check_after(|directory| {
        let path = database_in(directory);
        let mut bytes = fs::read(&path).unwrap();
        let root: usize = shell(directory)
            .query_one("SELECT rootpage FROM sqlite_schema WHERE name = 'page_place'", [], |row| {
                row.get(0)
            })
            .unwrap();
        bytes[(root - 1) * 4096..][8..200].fill(0xAA);
        fs::write(path, bytes).unwrap();
    });
    assert!(report.findings[0].starts_with("SQLite says: "), "{report:?}");
}

#[test]
fn a_store_in_use_is_not_checked_and_a_missing_one_not_made() {
    let (files, _store) = in_use();
    let error = check(&store_in(&files)).unwrap_err();
    assert!(matches!(*error.cause, Cause::InUse { .. }), "{error}");
    for path in [files.path().join("none"), files.path().to_path_buf()] {
        check(&path).unwrap_err();
        repair(&path, &files.path().join("aside")).unwrap_err();
        backup(&path, &files.path().join("copy")).unwrap_err();
    }
    assert_eq!(fs::read_dir(files.path()).unwrap().count(), 1);
}

#[test]
fn a_copy_that_an_earlier_release_made_is_checked_too() {
    let files = tempfile::tempdir().unwrap();
    drop(upgrade::filled_version_1(files.path()));
    let report = check(&database_in(files.path())).unwrap();
    assert!(report.is_sound() && report.messages == 2, "{report:?}");
}

#[test]
fn a_repair_keeps_what_was_committed_before_the_damage_and_sets_the_rest_aside() {
    let (files, mut store) = in_use();
    store.close().unwrap();
    for _ in 0..10 {
        store.commit(&[append("room", 100)]).unwrap();
    }
    drop(store);
    let directory = store_in(&files);
    let log = directory.join("rialto.db-wal");
    let middle = fs::metadata(&log).unwrap().len() as usize / 2;
    flip(&log, middle);
    let damaged = fs::read(&log).unwrap();
    refusal(&directory);

    let aside = directory.join("set-aside");
    let repaired = repair(&directory, &aside).unwrap();
    let given_up = repaired.given_up.unwrap();
    assert!(given_up.frames_kept < given_up.frames_committed, "{given_up:?}");
    assert!(repaired.report.is_sound(), "{:?}", repaired.report);
    assert_eq!(fs::read(aside.join("rialto.db-wal")).unwrap(), damaged);
    assert!(aside.join("rialto.db").exists() && aside.join("rialto.mark").exists());

    let last = end_of(&mut open(&directory), "room").1;
    assert!((6..16).contains(&last), "{last}");
    assert_eq!(repaired.report.messages, last);
}

#[test]
fn a_repair_goes_on_without_a_log_that_is_gone() {
    let (files, store) = in_use();
    drop(store);
    let directory = store_in(&files);
    fs::remove_file(directory.join("rialto.db-wal")).unwrap();
    written_before_the_mark(&directory);
    refusal(&directory);
    let repaired = repair(&directory, &directory.join("set-aside")).unwrap();
    assert_eq!(repaired.given_up.unwrap().frames_kept, 0);
    open(&directory);
}

#[test]
fn a_repair_leaves_a_sound_store_as_it_is() {
    let (files, store) = in_use();
    drop(store);
    let directory = store_in(&files);
    let before = fs::read(directory.join("rialto.db-wal")).unwrap();
    let repaired = repair(&directory, &directory.join("set-aside")).unwrap();
    assert!(repaired.given_up.is_none() && repaired.report.is_sound());
    assert_eq!(fs::read(directory.join("rialto.db-wal")).unwrap(), before);
    assert!(!directory.join("set-aside").exists());
}

/// Returns a store that holds something of everything, and where its directory is.
fn in_use() -> (TempDir, crate::SqliteStore) {
    let files = tempfile::tempdir().unwrap();
    let mut store = open(&store_in(&files));
    let retained = Retained { publisher: "ada".into(), payload: Bytes::from_static(b"1") };
    store.commit(&[subscribe("ada", "room"), Change::Retain("room".into(), retained)]).unwrap();
    for _ in 0..6 {
        store.commit(&[append("room", 2000)]).unwrap();
    }
    store.commit(&[keep("room", [1, 2], 10, 5)]).unwrap();
    (files, store)
}

/// Returns what a check finds in the store of [`in_use`], closed, after this.
fn check_after(damage: impl FnOnce(&Path)) -> Report {
    let (files, mut store) = in_use();
    store.close().unwrap();
    drop(store);
    damage(&store_in(&files));
    let report = check(&store_in(&files)).unwrap();
    assert!(!report.is_sound());
    report
}

fn store_in(files: &TempDir) -> PathBuf {
    files.path().join("store")
}

fn flip(path: &Path, place: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[place] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn check_is_closed_to_others(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
