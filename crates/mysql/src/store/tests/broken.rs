//! Connections that break at the wrong moment, and a database that is killed or stands still.

use std::{io::Read, os::unix::net::UnixStream, time::Instant};

use rialto_testkit::{Cut, CuttingProxy};

use super::*;

/// How long a call may take in these tests: short, since it is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Reads a message of a server: one that says that a statement was carried out says whether there is a transaction.
fn message(server: &mut UnixStream) -> std::io::Result<(Vec<u8>, Option<bool>)> {
    let mut message = vec![0; 4];
    server.read_exact(&mut message)?;
    let length = u32::from_le_bytes([message[0], message[1], message[2], 0]) as usize;
    message.resize(4 + length, 0);
    server.read_exact(&mut message[4..])?;
    // A zero, two small numbers, and then the flags.
    let is_in_transaction = match message[4..] {
        [0, _, _, flags, ..] => Some(flags & 1 == 1),
        _ => None,
    };
    Ok((message, is_in_transaction))
}

/// Gives a batch to the store until it has it; returns where its page went, and how often it failed.
fn insist(store: &mut MysqlStore, commit: &Commit) -> (Sequence, u32) {
    let began = Instant::now();
    let mut failures = 0;
    loop {
        match store.commit_all(std::slice::from_ref(commit)) {
            Ok(outcomes) => return (appended(outcomes[0]).1, failures),
            Err(error) => {
                assert_eq!(error.kind, FailureKind::Transient, "{error}");
                assert!(began.elapsed() < Duration::from_secs(60), "{error}");
                failures += 1;
                std::thread::yield_now();
            }
        }
    }
}

#[test]
fn a_commit_whose_answer_is_lost_is_carried_out_once() {
    check_cuts(&Mariadb::start_in_memory(&[]));
}

#[test]
fn a_commit_whose_answer_is_lost_is_carried_out_once_with_a_binary_log() {
    check_cuts(&Mariadb::start_in_memory(&BINARY_LOG));
}

fn check_cuts(server: &Mariadb) {
    let proxy = CuttingProxy::start(server.socket(), message);
    let url = format!("mysql://root@{}/", proxy.address());
    let settings = DatabaseSettings { url, patience: PATIENCE, ..settings(server, "rialto") };
    let mut store = open(&settings);
    let mut number = 0;
    for cut in
        [Cut::BehindCommit, Cut::BeforeCommit, Cut::BehindCommit, Cut::NoAnswer, Cut::Nothing]
    {
        number += 1;
        proxy.cut(cut);
        let (first, failures) = insist(&mut store, &named(number, &[append("room", 1)]));
        assert_eq!(first, number, "after {cut:?}");
        assert_eq!(failures == 0, cut == Cut::Nothing, "after {cut:?}");
    }
    let logs = store.load(Load::Heads).unwrap().logs;
    assert_eq!(logs[0].last, number);
    let all: Vec<_> = (1..=number).map(Ok).collect();
    assert_eq!(entries(&store, logs[0].log), all);
}

#[test]
fn a_database_that_is_killed_or_stands_still_is_waited_for_and_loses_nothing() {
    let mut server = Mariadb::start_in_memory(&BINARY_LOG);
    let settings = DatabaseSettings { patience: PATIENCE, ..settings(&server, "rialto") };
    let mut store = open(&settings);
    let mut reader = store.reader().unwrap();
    let outcomes = store.commit_all(&[named(1, &[append("room", 1)])]).unwrap();
    let (log, _) = appended(outcomes[0]);

    server.kill();
    let error = store.commit_all(&[named(2, &[append("room", 1)])]).expect_err("nobody is there");
    assert_eq!(error.kind, FailureKind::Transient, "{error}");
    server.resume();
    assert_eq!(insist(&mut store, &named(2, &[append("room", 1)])).0, 2);
    assert_eq!(reader.read(log, 1, usize::MAX).expect("the reader is back").len(), 2);

    server.stand_still();
    let began = Instant::now();
    let error = store.commit_all(&[named(3, &[append("room", 1)])]).expect_err("nobody answers");
    assert_eq!(error.kind, FailureKind::Transient, "{error}");
    let error = reader.read(log, 1, usize::MAX).expect_err("nobody answers");
    assert_eq!(error.kind, FailureKind::Transient, "{error}");
    assert!(began.elapsed() < 10 * PATIENCE);
    server.go_on();
    assert_eq!(insist(&mut store, &named(3, &[append("room", 1)])).0, 3);
    assert_eq!(entries(&store, log), [Ok(1), Ok(2), Ok(3)]);
}

#[test]
fn a_lock_that_is_waited_for_in_vain_fails_for_a_reason_that_may_pass() {
    let server = Mariadb::start_in_memory(&[]);
    let mut store = open(&settings(&server, "rialto"));
    store.commit_all(&[named(1, &[append("room", 1)])]).unwrap();
    std::thread::scope(|scope| {
        // Longer than a session waits.
        scope.spawn(|| {
            server.sql("BEGIN; SELECT id FROM rialto.log FOR UPDATE; DO SLEEP(5)");
        });
        let held = "SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User sleep'";
        while server.sql(held) == "0\n" {
            std::thread::yield_now();
        }
        let commit = named(2, &[append("hall", 1), append("room", 1)]);
        let (hall, failures) = insist(&mut store, &commit);
        assert_eq!((hall, failures), (1, 1), "nothing of the first try is left");
    });
    let logs = store.load(Load::Heads).unwrap().logs;
    assert_eq!(logs.iter().map(|log| log.last).collect::<Vec<_>>(), [1, 2]);
}
