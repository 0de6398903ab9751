//! A broker that cannot start ends quickly and tells the operator what is wrong and what to do.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod common;

use std::{
    fs,
    io::{Seek, SeekFrom, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    time::Duration,
};

use rialto_testkit::{Broker, Launch, Peer, Transport};
use tempfile::TempDir;

use common::{Command, Disk, PROGRAM, publish_stored, shell};

/// The exit code of a broker that may start later, when something around it has changed.
const FAILED: i32 = 1;

/// The exit code of a broker that cannot use what is stored, however often it is started.
const UNUSABLE: i32 = 5;

/// How long a broker may take to find that it cannot start.
const TIME_MAX: Duration = Duration::from_secs(2);

#[test]
fn a_store_of_a_later_release_is_refused_and_left_alone() {
    let (_files, data_dir) = used_data_dir();
    shell(&data_dir).pragma_update(None, "user_version", 99).unwrap();
    let before = fs::read(data_dir.join("rialto.db")).unwrap();
    check_refused(
        UNUSABLE,
        &data_dir,
        &[],
        &[
            "schema version 99",
            "run the release that wrote it, or a later one",
            &path_of(&data_dir, "rialto.db"),
        ],
    );
    assert_eq!(fs::read(data_dir.join("rialto.db")).unwrap(), before);
}

#[test]
fn a_second_broker_on_the_same_directory_is_refused_and_harms_nobody() {
    let mut broker = Broker::start(PROGRAM);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe_for_good("room");
    let owner = format!("in use by another Rialto (process {})", broker.process_id());
    check_refused(
        FAILED,
        &broker.data_dir(),
        &[],
        &[
            &owner,
            "stop that one, or give this one a directory of its own",
            &path_of(&broker.data_dir(), "rialto.lock"),
        ],
    );
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    bob.send(publish_stored("room", 1, 1));
    bob.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
    ada.expect(r#"{"push":{"cn":"room","dt":1,"cl":"bob","q":1,"id":"*"}}"#);

    // One that was killed leaves its lock behind, which locks nothing.
    broker.restart();
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.expect(r#"{"push":{"cn":"room","dt":1,"cl":"bob","q":1,"id":"*"}}"#);
}

#[test]
fn a_read_only_directory_is_refused() {
    let Some(disk) = Disk::try_new(4) else { return };
    let data_dir = disk.path().join("data");
    fill(&data_dir);
    disk.make_read_only();
    check_refused(
        FAILED,
        &data_dir,
        &[],
        &["mount it writable, or choose another directory", &data_dir.display().to_string()],
    );
    check_refused(
        FAILED,
        &disk.path().join("new"),
        &[],
        &[
            "mount it writable, or choose another directory",
            &disk.path().join("new").display().to_string(),
        ],
    );
}

#[test]
fn a_corrupted_database_is_refused() {
    let (_files, data_dir) = used_data_dir();
    let path = data_dir.join("rialto.db");
    let bytes = fs::metadata(&path).unwrap().len();
    let mut file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    for place in (4096..bytes).step_by(4096) {
        file.seek(SeekFrom::Start(place)).unwrap();
        file.write_all(&[0xAA; 64]).unwrap();
    }
    check_refused(
        UNUSABLE,
        &data_dir,
        &[],
        &[
            "the file is damaged or no SQLite database",
            "restore it from a backup (docs/operating.md), or move it and its -wal and -shm files away to start empty",
            &path_of(&data_dir, "rialto.db"),
        ],
    );
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let files = tempfile::tempdir().unwrap();
    let path = files.path().join("rialto.db");
    let text = "Dear diary,\n".repeat(1000);
    fs::write(&path, &text).unwrap();
    check_refused(
        UNUSABLE,
        files.path(),
        &[],
        &[
            "the file is damaged or no SQLite database",
            "move it and its -wal and -shm files away to start empty",
            &path_of(files.path(), "rialto.db"),
        ],
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn the_database_of_another_program_is_refused_and_left_alone() {
    let files = tempfile::tempdir().unwrap();
    shell(files.path()).execute_batch("CREATE TABLE recipe (name TEXT)").unwrap();
    check_refused(
        UNUSABLE,
        files.path(),
        &[],
        &[
            "not one of Rialto's: move it away, or give Rialto a directory of its own",
            &path_of(files.path(), "rialto.db"),
        ],
    );
}

#[test]
fn a_data_directory_that_is_a_file_is_refused() {
    let files = tempfile::tempdir().unwrap();
    let path = files.path().join("file");
    fs::write(&path, "").unwrap();
    check_refused(
        FAILED,
        &path,
        &[],
        &["choose a path that is a directory, or can be made one", &path.display().to_string()],
    );
}

#[test]
fn a_signing_key_that_is_none_is_refused() {
    let (_files, data_dir) = used_data_dir();
    fs::write(data_dir.join("token.key"), "short").unwrap();
    check_refused(
        FAILED,
        &data_dir,
        &[],
        &[
            "signing key",
            "remove the file to have a new one made",
            &path_of(&data_dir, "token.key"),
        ],
    );
}

#[test]
fn a_port_in_use_is_refused_before_the_data_is_touched() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let files = tempfile::tempdir().unwrap();
    let data_dir = files.path().join("data");
    check_refused(
        FAILED,
        &data_dir,
        &["--listen", &address],
        &[&address, "in use", "stop what listens there"],
    );
    assert!(!data_dir.exists());
}

#[test]
fn a_missing_or_broken_certificate_is_refused() {
    let files = tempfile::tempdir().unwrap();
    let data_dir = files.path().join("data");
    let missing = files.path().join("missing.pem").display().to_string();
    let certificate = ["--tls-certificate", &missing, "--tls-key", &missing];
    check_refused(
        FAILED,
        &data_dir,
        &certificate,
        &["tls.certificate", &missing, "No such file", "`rialto cert new` makes one"],
    );

    let empty = files.path().join("empty.pem");
    fs::write(&empty, "nothing").unwrap();
    let empty = empty.display().to_string();
    let certificate = ["--tls-certificate", &empty, "--tls-key", &empty];
    check_refused(FAILED, &data_dir, &certificate, &["tls.", &empty]);
    assert!(!data_dir.exists());
}

/// Returns a data directory with a message and a retained one in it.
fn used_data_dir() -> (TempDir, PathBuf) {
    let files = tempfile::tempdir().unwrap();
    let data_dir = files.path().join("data");
    fill(&data_dir);
    (files, data_dir)
}

fn fill(data_dir: &Path) {
    let setting = format!("server.data_dir={}", data_dir.display());
    let mut broker = Launch::of(PROGRAM).without_certificate().set(&setting).start();
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe_for_good("room");
    ada.leave();
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    let payload = format!("{:?}", "x".repeat(20_000));
    bob.send(publish_stored("room", payload, 1));
    bob.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
    bob.leave();
    assert!(broker.terminate().0.success());
}

/// Checks that a broker on this directory ends in time, with an error that says all this, and with this code.
#[track_caller]
fn check_refused(code: i32, data_dir: &Path, arguments: &[&str], phrases: &[&str]) {
    let data_dir = data_dir.to_str().unwrap();
    let listen: &[&str] =
        if arguments.contains(&"--listen") { &[] } else { &["--listen", "127.0.0.1:0"] };
    let serve = ["serve", "--data-dir", data_dir];
    let ended = Command::start(serve.iter().chain(listen).chain(arguments)).end();
    let error = ended.said.lines().last().unwrap_or_default();
    assert_eq!(ended.status.code(), Some(code), "{}", ended.said);
    assert!(error.starts_with("rialto: "), "{}", ended.said);
    for phrase in phrases {
        assert!(error.contains(phrase), "{phrase:?} is not in: {error}");
    }
    assert!(!ended.said.contains("panicked"), "{}", ended.said);
    assert!(ended.took < TIME_MAX, "it took {:?}", ended.took);
}

fn path_of(directory: &Path, file: &str) -> String {
    directory.join(file).display().to_string()
}
