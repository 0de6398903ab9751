//! Open files: a broker that could serve nobody does not start.

use std::process::{Command, Output, Stdio};

use rialto_testkit::{Launch, Peer, Transport};

use crate::common::PROGRAM;

/// Makes a script that runs the binary with so many open files.
fn limited(files: &tempfile::TempDir, limit: u32) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let path = files.path().join("rialto");
    std::fs::write(&path, format!("#!/bin/sh\nulimit -n {limit}\nexec {PROGRAM} \"$@\"\n"))
        .unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn a_broker_with_too_few_open_files_does_not_start_and_says_what_it_needs() {
    let files = tempfile::tempdir().unwrap();
    let Output { status, stderr, .. } = Command::new(limited(&files, 32))
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(files.path().join("data"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8(stderr).unwrap();
    assert!(!status.success(), "{said}");
    for word in ["32 open files", "it needs at least ", "ulimit -n"] {
        assert!(said.contains(word), "{said}");
    }
    assert!(!said.contains("ready"), "{said}");
    assert!(!files.path().join("data").exists(), "nothing was made");
}

#[test]
fn where_files_are_few_whoever_is_one_too_many_is_told_so() {
    let files = tempfile::tempdir().unwrap();
    let launch = Launch::of(limited(&files, 128)).set("store.durability=os");
    let broker = launch.set("log.level=debug").start();
    let entry = broker.wait_for_log("notice", |entry| {
        entry["message"].as_str().unwrap_or_default().contains("ulimit -n")
    });
    assert_eq!(entry["level"], "DEBUG", "{entry}");
    let possible = usize::try_from(entry["connections"].as_u64().unwrap()).unwrap();
    let mut open: Vec<Peer> = (0..possible)
        .map(|number| Peer::online(&broker, Transport::Tcp, &format!("client {number}")))
        .collect();
    for _ in 0..40 {
        Peer::connect(&broker, Transport::Tcp).expect_last_word(1013, 5);
    }
    for peer in &mut open {
        peer.expect_silence();
    }
}

#[test]
fn fewer_connections_than_somebody_has_asked_for_are_a_warning() {
    let files = tempfile::tempdir().unwrap();
    let launch = Launch::of(limited(&files, 128)).set("store.durability=os");
    let broker = launch.set("limits.connections_max=5000").start();
    let entry = broker.wait_for_log("notice", |entry| {
        entry["message"].as_str().unwrap_or_default().contains("ulimit -n")
    });
    assert_eq!((&entry["level"], &entry["wanted"]), (&"WARN".into(), &5000.into()), "{entry}");
}
