//! Connections that break at the wrong moment, and a database that is killed or stands still.

use std::{io::Read, os::unix::net::UnixStream, time::Instant};

use rialto_testkit::{Cut, CuttingProxy};

use super::*;

/// How long a call may take in these tests: short, since it is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Reads a message of a server: only when it is ready for the next question it says whether there is a transaction.
fn message(server: &mut UnixStream) -> std::io::Result<(Vec<u8>, Option<bool>)> {
    let mut message = vec![0; 5];
    server.read_exact(&mut message)?;
    let length = u32::from_be_bytes(message[1..].try_into().unwrap()) as usize;
    message.resize(1 + length, 0);
    server.read_exact(&mut message[5..])?;
    let is_in_transaction = (message[0] == b'Z').then(|| message[5] == b'T');
    Ok((message, is_in_transaction))
}

/// Gives a batch to the store until it has it; returns where its page went, and how often it failed.
fn insist(store: &mut PostgresStore, commit: &Commit) -> (Sequence, u32) {
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
    let server = Postgres::start_in_memory(&[]);
    let proxy = CuttingProxy::start(server.socket(), message);
    let url = format!("postgres://rialto@{}/postgres", proxy.address());
    let settings = PostgresSettings { url, patience: PATIENCE, ..settings(&server, "rialto") };
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
    let mut server = Postgres::start_in_memory(&[]);
    let settings = PostgresSettings { patience: PATIENCE, ..settings(&server, "rialto") };
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
