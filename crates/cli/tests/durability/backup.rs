//! Copies of a running broker, and brokers made of copies.

use std::{fs, path::Path, thread};

use super::{expect_numbers, launch, online, publish_numbers, subscribe_for_later};
use crate::common::{Command, Ended};

/// How large the write-ahead log may be: what is in it when it is moved into the database, and as
/// much as a commit may add.
const LOG_BYTES_MAX: u64 = 16 << 20;

#[test]
fn a_backup_of_a_running_broker_becomes_a_broker_with_all_that_was_acknowledged_before() {
    let broker = launch().start();
    subscribe_for_later(&broker, "ada", "room");
    let mut bob = online(&broker, "bob");
    publish_numbers(&mut bob, "room", 0..500);
    let files = tempfile::tempdir().unwrap();
    let copy = files.path().join("copy.db");

    // While it goes on publishing.
    let publishing = thread::spawn(move || {
        for part in 0..20 {
            publish_numbers(&mut bob, "room", 500 + 50 * part..550 + 50 * part);
        }
    });
    let backed_up = back_up(&broker.data_dir(), &copy);
    assert_eq!(backed_up.status.code(), Some(0), "{}", backed_up.said);
    publishing.join().unwrap();
    let checked = Command::start(["store", "check", copy.to_str().unwrap()]).end();
    assert_eq!(checked.status.code(), Some(0), "{}", checked.said);
    let again = back_up(&broker.data_dir(), &copy);
    assert_eq!(again.status.code(), Some(1), "a file is not replaced: {}", again.said);
    // As docs/operating.md says.
    let data_dir = files.path().join("data");
    fs::create_dir(&data_dir).unwrap();
    fs::copy(&copy, data_dir.join("rialto.db")).unwrap();
    let restored = launch().set(&format!("server.data_dir={}", data_dir.display())).start();
    let mut ada = online(&restored, "ada");
    expect_numbers(&mut ada, "room", 0..500);
}

#[test]
fn the_log_of_a_broker_does_not_grow_for_ever_after_a_backup() {
    let broker = launch().start();
    subscribe_for_later(&broker, "ada", "room");
    let mut bob = online(&broker, "bob");
    let files = tempfile::tempdir().unwrap();
    let log_bytes = || fs::metadata(broker.data_dir().join("rialto.db-wal")).unwrap().len();
    for part in 0..2 {
        let payload = format!("{:?}", "x".repeat(200_000));
        for number in 0..60 {
            bob.send(crate::common::publish_stored("room", &payload, number));
            bob.expect(serde_json::json!({"pubAck": {"st": 1, "id": number.to_string()}}));
        }
        let copy = files.path().join(format!("copy-{part}.db"));
        assert_eq!(back_up(&broker.data_dir(), &copy).status.code(), Some(0));
        assert!(log_bytes() < LOG_BYTES_MAX, "{} bytes", log_bytes());
    }
}

#[test]
fn a_copy_that_is_damaged_is_told_by_its_check() {
    let broker = launch().start();
    subscribe_for_later(&broker, "ada", "room");
    publish_numbers(&mut online(&broker, "bob"), "room", 0..2000);
    let files = tempfile::tempdir().unwrap();
    let copy = files.path().join("copy.db");
    assert_eq!(back_up(&broker.data_dir(), &copy).status.code(), Some(0));
    let mut bytes = fs::read(&copy).unwrap();
    let place = bytes.windows(6).position(|text| text == b"\n\x1E1234").unwrap_or_else(|| {
        bytes.windows(4).position(|text| text == b"\x1E99\n").expect("messages are in the copy")
    });
    bytes[place + 3] ^= 1;
    fs::write(&copy, bytes).unwrap();
    let checked = Command::start(["store", "check", copy.to_str().unwrap()]).end();
    assert_eq!(checked.status.code(), Some(5), "{}", checked.said);
    assert!(checked.printed[0].contains("the checksum of the page"), "{:?}", checked.printed);
}

fn back_up(data_dir: &Path, copy: &Path) -> Ended {
    let arguments = ["backup", copy.to_str().unwrap(), "--data-dir", data_dir.to_str().unwrap()];
    Command::start(arguments).end()
}
