//! Databases that are refused, and servers that find another one there.

use std::{thread, time::Duration};

use super::*;
use crate::check_connection;

/// Long enough that a busy machine renews it in time.
const LEASE: Duration = Duration::from_secs(3);

#[test]
fn a_second_server_is_refused_while_the_first_one_lives() {
    let server = Postgres::start_in_memory(&[]);
    let settings = PostgresSettings { lease: LEASE, ..settings(&server, "rialto") };
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
    let began = std::time::Instant::now();
    drop(open(&PostgresSettings { lease: Duration::from_secs(3600), ..settings }));
    assert!(began.elapsed() < Duration::from_secs(60));
}

#[test]
fn no_number_is_used_twice_when_the_database_is_another_one() {
    let server = Postgres::start_in_memory(&[]);
    let settings = settings(&server, "rialto");
    let mut store = open(&settings);
    store.commit(&[subscribe("ada", "room"), append("room", 5)]).unwrap();
    drop(store);
    // As if it had been restored on another server.
    server.sql("UPDATE rialto.cluster SET server = 'another'");
    let mut store = open(&settings);
    let outcomes = store.commit(&[append("room", 2), append("new", 2)]).unwrap();
    let (log, first) = appended(outcomes[0]);
    assert_eq!(first, 5 + (1 << 20) + 1);
    assert_eq!(appended(outcomes[1]).1, 1, "a new log begins at its beginning");
    assert_eq!(appended(store.commit(&[append("room", 1)]).unwrap()[0]).1, first + 2);
    assert_eq!(entries(&store, log), [Ok(1), Ok(first), Ok(first + 2)]);
}

#[test]
fn a_database_that_is_not_fit_is_refused() {
    let server = Postgres::start_in_memory(&["fsync=off", "full_page_writes=off"]);
    let unfit = settings(&server, "rialto");
    let error = refusal(&unfit);
    assert!(error.to_string().contains("has fsync = off"), "{error}");
    assert!(check_connection(&unfit).is_err());
    assert_eq!(server.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'rialto'"), "0\n");
}

#[test]
fn tables_of_a_later_release_and_roles_without_rights_are_refused() {
    let server = Postgres::start_in_memory(&["full_page_writes=off"]);
    let settings = settings(&server, "rialto");
    let found = check_connection(&settings).expect("it can be used");
    assert_eq!((found.schema_version, found.is_encrypted), (None, false));
    assert!(found.warnings[0].contains("full_page_writes = off"), "{:?}", found.warnings);

    server.sql("CREATE ROLE poor LOGIN");
    let url = server.url().replace("//rialto@", "//poor@");
    let poor = PostgresSettings { url, ..settings.clone() };
    let error = check_connection(&poor).expect_err("it could not make the tables");
    assert!(error.to_string().contains("GRANT CREATE ON DATABASE"), "{error}");
    let error = refusal(&poor);
    assert!(error.to_string().contains("permission denied"), "{error}");

    server.sql(
        "CREATE SCHEMA owned AUTHORIZATION poor; ALTER ROLE poor SET synchronous_commit = off",
    );
    let owner = PostgresSettings { schema: "owned".to_owned(), ..poor };
    let found = check_connection(&owner).expect("a schema of its own is enough");
    assert!(
        found.warnings.iter().any(|it| it.contains("synchronous_commit")),
        "{:?}",
        found.warnings
    );
    drop(open(&owner));

    drop(open(&settings));
    assert_eq!(check_connection(&settings).unwrap().schema_version, Some(3));
    server.sql("UPDATE rialto.cluster SET schema_version = 99");
    drop(open(&settings));
    server.sql("UPDATE rialto.cluster SET oldest_reader = 98");
    let error = refusal(&settings);
    assert!(error.to_string().contains("schema version 99"), "{error}");
    assert!(error.is_unusable());
}
