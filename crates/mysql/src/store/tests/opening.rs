//! Databases that are refused, and servers that find another one there.

use std::{thread, time::Instant};

use super::*;
use crate::check_connection;

/// Long enough that a busy machine renews it in time.
const LEASE: Duration = Duration::from_secs(3);

fn refusal(settings: &DatabaseSettings) -> StoreError {
    MysqlStore::open(settings).expect_err("the store is refused")
}

#[test]
fn a_second_server_is_refused_while_the_first_one_lives() {
    let server = Mariadb::start_in_memory(&[]);
    let settings = DatabaseSettings { lease: LEASE, ..settings(&server, "rialto") };
    let mut first = open(&settings);
    thread::scope(|scope| {
        let second = scope.spawn(|| {
            let error = refusal(&settings);
            assert!(error.to_string().contains("in use by another Rialto (test)"), "{error}");
            assert_eq!(error.kind, FailureKind::Permanent);
        });
        while !second.is_finished() {
            first.commit(&[append("room", 1)]).expect("the first one goes on");
        }
    });

    // One that gives no sign of life loses the right, and cannot write any more should it come back.
    let mut second = open(&settings);
    second.commit(&[append("hall", 1)]).expect("the second one writes");
    let error = first.commit(&[append("hall", 1)]).expect_err("the first one may not");
    assert!(error.to_string().contains("taken the database over"), "{error}");
    assert_eq!(error.kind, FailureKind::Permanent);
    drop(first);
    let (_, next) = appended(second.commit(&[append("hall", 1)]).unwrap()[0]);
    assert_eq!(next, 2, "nothing of the first one came between");

    // One that ends gives the right back at once.
    second.close().expect("it closes");
    let began = Instant::now();
    drop(open(&DatabaseSettings { lease: Duration::from_secs(3600), ..settings }));
    assert!(began.elapsed() < Duration::from_secs(60));
}

#[test]
fn what_a_server_has_under_way_is_over_before_another_writes() {
    // Each takes the right from the one before, which is in the middle of its commits: no number is given twice or left
    // out, and nothing of it comes behind what the next one wrote.
    let server = Mariadb::start_in_memory(&[]);
    let settings =
        DatabaseSettings { lease: Duration::from_millis(1), ..settings(&server, "rialto") };
    let mut log = LogId(0);
    let mut written: Vec<Sequence> = Vec::new();
    thread::scope(|scope| {
        let mut writers = Vec::new();
        for _ in 0..6 {
            // Waits for a lease to be over, which the one before may renew meanwhile.
            let mut store = loop {
                if let Ok(store) = MysqlStore::open(&settings) {
                    break store;
                }
            };
            let outcomes = store.commit(&[append("room", 1)]).expect("it may write");
            let (there, first) = appended(outcomes[0]);
            (log, _) = (there, written.push(first));
            writers.push(scope.spawn(move || {
                let mut written = Vec::new();
                let error = loop {
                    match store.commit(&[append("room", 1), append("hall", 1)]) {
                        Ok(outcomes) => written.push(appended(outcomes[0]).1),
                        Err(error) if error.kind == FailureKind::Transient => {}
                        Err(error) => break error,
                    }
                };
                assert!(error.to_string().contains("taken the database over"), "{error}");
                written
            }));
        }
        drop(open(&DatabaseSettings { lease: LEASE, ..settings.clone() }));
        for writer in writers {
            written.extend(writer.join().expect("it lost the right in order"));
        }
    });
    written.sort_unstable();
    assert!(written.windows(2).all(|two| two[0] < two[1]), "no number is given twice");
    let store = open(&DatabaseSettings { lease: LEASE, ..settings });
    let there = store.reader().unwrap().read(log, 1, usize::MAX).unwrap();
    let there: Vec<_> = there.into_iter().map(|entry| first_of(&entry)).collect();
    // What was committed while its writer lost the right is there too, although it was not told.
    assert!(written.iter().all(|first| there.contains(first)), "nothing acknowledged is missing");
    assert_eq!(there, (1..=there.len() as u64).collect::<Vec<_>>(), "no number is left out");
}

fn first_of(entry: &LogEntry) -> Sequence {
    match entry {
        LogEntry::Page(page) => page.first,
        LogEntry::Damaged { first, .. } => panic!("the page from {first} on is damaged"),
    }
}

#[test]
fn no_number_is_used_twice_when_the_database_may_lack_some() {
    for (settings_of_server, jumps_when_restarted) in [(&[][..], true), (&BINARY_LOG[..], false)] {
        let mut server = Mariadb::start_in_memory(settings_of_server);
        let settings = settings(&server, "rialto");
        let mut store = open(&settings);
        store.commit(&[subscribe("ada", "room"), append("room", 5)]).unwrap();
        drop(store);

        // Starts are told apart by their seconds.
        let is_young = "SELECT variable_value < 2 FROM information_schema.global_status
                        WHERE variable_name = 'UPTIME'";
        while server.sql(is_young) == "1\n" {
            thread::yield_now();
        }
        // Without a binary log readers may have seen what was not synced when the server was killed.
        server.kill();
        server.resume();
        let mut store = open(&settings);
        let (_, first) = appended(store.commit(&[append("room", 2)]).unwrap()[0]);
        let expected = if jumps_when_restarted { 5 + (1 << 20) + 1 } else { 6 };
        assert_eq!(first, expected);
        drop(store);

        // As if it had been restored on another server.
        server.sql("UPDATE rialto.cluster SET server = 'another'");
        let mut store = open(&settings);
        let outcomes = store.commit(&[append("room", 2), append("new", 2)]).unwrap();
        let [(log, there), (new, first)] = [0, 1].map(|index| appended(outcomes[index]));
        assert_eq!(there, expected + 2 + (1 << 20));
        assert_eq!(first, 1, "a new log begins at its beginning");
        assert!(log.0 + (1 << 20) < new.0, "under an id that no lost log had: {new:?}");
        let (_, next) = appended(store.commit(&[append("room", 1)]).unwrap()[0]);
        assert_eq!(next, expected + 4 + (1 << 20));
    }
}

#[test]
fn a_database_that_is_not_fit_is_refused() {
    for (setting, said) in [
        ("innodb-flush-log-at-trx-commit=2", "set innodb_flush_log_at_trx_commit = 1"),
        ("sync-binlog=0", "set sync_binlog = 1"),
        ("binlog-format=STATEMENT", "to ROW or MIXED"),
    ] {
        let server = Mariadb::start_in_memory(&[&BINARY_LOG[..], &[setting]].concat());
        let unfit = settings(&server, "rialto");
        let error = refusal(&unfit);
        assert!(error.to_string().contains(said), "{error}");
        assert!(check_connection(&unfit).is_err());
        let made = "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = 'rialto'";
        assert_eq!(server.sql(made), "0\n");
    }
}

#[test]
fn what_should_be_otherwise_is_told() {
    let server = Mariadb::start_in_memory(&["innodb-doublewrite=0", "max-allowed-packet=1M"]);
    let found = check_connection(&settings(&server, "rialto")).expect("it can be used");
    assert!(found.server.starts_with("MariaDB 1"), "{}", found.server);
    assert_eq!((found.schema_version, found.is_encrypted), (None, false));
    let warnings = found.warnings.join("\n");
    for said in ["innodb_doublewrite = OFF", "has no binary log", "max_allowed_packet = 1048576"] {
        assert!(warnings.contains(said), "{warnings}");
    }
    server.sql("SET GLOBAL read_only = 1");
    let error = check_connection(&settings(&server, "rialto")).expect_err("it takes no writes");
    assert!(error.to_string().contains("read-only"), "{error}");
    assert_eq!(error.kind, FailureKind::Transient);
}

#[test]
fn tables_of_a_later_release_and_users_without_rights_are_refused() {
    let server = Mariadb::start_in_memory(&[]);
    server.sql("CREATE USER poor@localhost");
    let url = server.url().replace("//root@", "//poor@");
    let poor = DatabaseSettings { url, ..settings(&server, "rialto") };
    let error = check_connection(&poor).expect_err("it could not make the tables");
    assert!(error.to_string().contains("GRANT ALL ON the database TO it"), "{error}");
    let error = refusal(&poor);
    assert!(error.to_string().contains("Access denied"), "{error}");
    assert_eq!(error.kind, FailureKind::Permanent);

    server.sql("CREATE DATABASE owned; GRANT ALL ON owned.* TO poor@localhost");
    let owner = DatabaseSettings { schema: "owned".to_owned(), ..poor };
    check_connection(&owner).expect("a database of its own is enough");
    drop(open(&owner));

    let settings = settings(&server, "rialto");
    drop(open(&settings));
    assert_eq!(check_connection(&settings).unwrap().schema_version, Some(2));
    server.sql("UPDATE rialto.cluster SET schema_version = 99");
    drop(open(&settings));
    server.sql("UPDATE rialto.cluster SET oldest_reader = 98");
    let error = refusal(&settings);
    assert!(error.to_string().contains("schema version 99"), "{error}");
    assert!(error.is_unusable());
}
