//! Directories and files that cannot be had, and what the operator is told.

use rialto_domain::Load;
use std::{
    env, fs,
    path::{Component, Path, PathBuf},
    process::Command,
};

use rusqlite::Connection;

use super::{append, database_in, mount::Mount, open, refusal, shell};
use crate::{Cause, FailureKind, SqliteSettings, SqliteStore, Store};

/// Tells a test that it is the second process, and in which directory the first one's store is.
const FIRST_STORE: &str = "RIALTO_TEST_FIRST_STORE";

#[test]
fn missing_directories_are_made_and_closed_to_others() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("missing/too");
    open(&directory);
    #[cfg(unix)]
    for (path, mode) in [(directory.clone(), 0o700), (database_in(&directory), 0o600)] {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, mode);
    }
}

#[test]
fn a_second_store_in_one_process_is_refused_until_the_first_is_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let first = open(directory.path());
    check_in_use(directory.path(), std::process::id());
    drop(first);
    open(directory.path());
}

#[test]
fn a_second_process_is_told_who_has_the_directory() {
    if let Some(directory) = env::var_os(FIRST_STORE) {
        let parent = std::os::unix::process::parent_id();
        return check_in_use(Path::new(&directory), parent);
    }
    let directory = tempfile::tempdir().unwrap();
    let _first = open(directory.path());
    let this = "sqlite::tests::opening::a_second_process_is_told_who_has_the_directory";
    let second = Command::new(env::current_exe().unwrap())
        .args(["--exact", this])
        .env(FIRST_STORE, directory.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&second.stdout);
    // Without a test of that name nothing would be run, and nothing fail.
    assert!(second.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn a_file_of_a_later_release_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    open(directory.path()).close().unwrap();
    shell(directory.path()).pragma_update(None, "user_version", 99).unwrap();
    check_untouched(directory.path(), "the file has schema version 99, this release knows");
}

#[test]
fn another_programs_database_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let other = Connection::open(database_in(directory.path())).unwrap();
    other.execute_batch("CREATE TABLE recipe (name TEXT)").unwrap();
    check_untouched(directory.path(), "the file is an SQLite database, but not one of Rialto's");

    other.execute_batch("DROP TABLE recipe; PRAGMA application_id = 42").unwrap();
    check_untouched(directory.path(), "the file is an SQLite database, but not one of Rialto's");
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let long = "no database\n".repeat(1000);
    // Two bytes at least: SQLite takes a file of one byte for an empty one.
    for content in ["??", "no database at all", &long] {
        let directory = tempfile::tempdir().unwrap();
        fs::write(database_in(directory.path()), content).unwrap();
        check_untouched(directory.path(), "the file is damaged or no SQLite database (file is not");
    }
}

#[test]
fn an_empty_file_becomes_a_store() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(database_in(directory.path()), "").unwrap();
    open(directory.path()).commit(&[append("room", 1)]).unwrap();
}

#[test]
fn a_path_that_is_no_directory_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "").unwrap();
    for directory in [file.clone(), file.join("below")] {
        let error = refusal(&directory);
        assert_eq!(error.kind, FailureKind::Permanent);
        let text = error.to_string();
        assert!(text.contains("choose a path that is a directory"), "{text}");
        assert!(text.contains(&format!("{})", directory.display())), "{text}");
    }
}

#[test]
fn a_directory_in_the_databases_place_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(database_in(directory.path())).unwrap();
    let text = refusal(directory.path()).to_string();
    assert!(text.contains("move that directory away (while opening"), "{text}");
}

#[test]
fn a_read_only_file_system_is_refused() {
    let Some(disk) = Mount::try_new(2) else { return };
    open(disk.path()).close().unwrap();
    disk.make_read_only();
    let error = refusal(disk.path());
    assert_eq!(error.kind, FailureKind::Permanent);
    let text = error.to_string();
    assert!(text.contains("mount it writable, or choose another directory"), "{text}");
}

#[test]
fn a_relative_directory_is_named_in_full() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(database_in(directory.path()), "no database").unwrap();
    let to_root: PathBuf =
        env::current_dir().unwrap().components().skip(1).map(|_| Component::ParentDir).collect();
    let relative = to_root.join(directory.path().strip_prefix("/").unwrap());

    let error = refusal(&relative);
    assert!(error.path.as_ref().is_some_and(|path| path.is_absolute()), "{error}");
}

#[test]
fn durability_os_is_as_good_within_a_living_system() {
    let directory = tempfile::tempdir().unwrap();
    let durability = crate::Durability::Os;
    let settings = SqliteSettings { durability, ..SqliteSettings::default() };
    let mut store = SqliteStore::open(directory.path(), &settings).unwrap();
    assert_eq!(synchronous(&store), 1);
    store.commit(&[append("room", 1)]).unwrap();
    let snapshot = store.load(Load::All).unwrap();
    drop(store);
    assert_eq!(open(directory.path()).load(Load::All).unwrap(), snapshot);
}

#[test]
fn every_commit_is_synced_unless_told_otherwise() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(synchronous(&open(directory.path())), 2);
}

/// Returns SQLite's number for how it syncs: 1 when it moves the write-ahead log, 2 each commit.
fn synchronous(store: &SqliteStore) -> u32 {
    store.connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap()
}

fn check_in_use(directory: &Path, by: u32) {
    let error = refusal(directory);
    assert!(matches!(*error.cause, Cause::InUse { process } if process == Some(by)), "{error}");
}

/// Checks that opening fails with such a text and changes no byte of the database.
#[track_caller]
fn check_untouched(directory: &Path, text: &str) {
    let before = fs::read(database_in(directory)).unwrap();
    let error = refusal(directory);
    assert!(error.to_string().starts_with(text), "{error}");
    assert_eq!(error.path.as_deref(), Some(&*database_in(directory)));
    assert_eq!(fs::read(database_in(directory)).unwrap(), before);
}
