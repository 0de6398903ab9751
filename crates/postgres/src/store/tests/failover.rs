//! A standby that is promoted.

use std::{collections::BTreeSet, time::Instant};

use super::*;

/// More logs than a standby can know of that it was not told of: ids are set aside 32 at a time.
const LOST_LOGS: usize = 40;

/// Returns settings that name both servers.
fn settings_of(primary: &Postgres, standby: &Postgres) -> PostgresSettings {
    let both = standby.url().replacen("rialto@", &format!("{},", hosts(primary)), 1);
    let url = both.replacen("://", "://rialto@", 1);
    PostgresSettings { url, ..settings(primary, "rialto") }
}

/// Returns the part of a URL between user and database.
fn hosts(server: &Postgres) -> String {
    let url = server.url();
    let (_, behind) = url.split_once('@').unwrap();
    behind.split_once('/').unwrap().0.to_owned()
}

/// Appends a message, as often as needed; returns where it went.
fn append_in_time(store: &mut PostgresStore, commit: &Commit) -> (LogId, Sequence) {
    let began = Instant::now();
    loop {
        match store.commit_all(std::slice::from_ref(commit)) {
            Ok(outcomes) => return appended(outcomes[0]),
            Err(error) => {
                assert_eq!(error.kind, FailureKind::Transient, "{error}");
                assert!(began.elapsed() < Duration::from_secs(60), "{error}");
                std::thread::yield_now();
            }
        }
    }
}

#[test]
fn a_standby_that_lagged_behind_and_is_promoted_gives_nothing_twice() {
    let mut primary = Postgres::start_in_memory(&[]);
    let mut store = open(&settings(&primary, "rialto"));
    store.commit(&[subscribe("ada", "room")]).unwrap();
    let (log, _) = appended(store.commit(&[append("room", 5)]).unwrap()[0]);
    drop(store);
    let standby = primary.start_standby();
    let settings = settings_of(&primary, &standby);
    let mut store = open(&settings);
    assert_eq!(appended(store.commit(&[append("room", 5)]).unwrap()[0]), (log, 6));
    while standby.sql("SELECT max(last) FROM rialto.log").trim() != "10" {
        std::thread::yield_now();
    }
    let said = crate::check_connection(&settings).unwrap().warnings.join(" ");
    assert!(said.contains("a failover may lose acknowledged messages"), "{said}");

    // It learns nothing of what is acknowledged from now on.
    standby.fall_behind();
    assert_eq!(appended(store.commit(&[append("room", 3)]).unwrap()[0]), (log, 11));
    let lost: Vec<_> = (0..LOST_LOGS).map(|number| append(&format!("lost {number}"), 1)).collect();
    let lost = store.commit(&lost).unwrap();
    let mut ids: BTreeSet<LogId> = lost.into_iter().map(|outcome| appended(outcome).0).collect();
    ids.insert(log);
    assert_eq!(ids.len(), LOST_LOGS + 1);

    primary.kill();
    standby.promote();
    let next = append_in_time(&mut store, &named(1, &[append("room", 1)]));
    assert_eq!(next, (log, 10 + (1 << 20) + 1), "behind all numbers that were given");
    for number in 0..LOST_LOGS {
        let channel = format!("found {number}");
        let (new, first) = appended(store.commit(&[append(&channel, 1)]).unwrap()[0]);
        assert_eq!(first, 1);
        assert!(ids.insert(new), "{new:?} was another log, whose messages clients may know");
    }
    // What had arrived there is there.
    assert_eq!(entries(&store, log), [Ok(1), Ok(6), Ok(next.1)]);
}
