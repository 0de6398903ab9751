use rusqlite::Connection;

use super::{APPLICATION_ID, MIGRATIONS, check_owner, migrate, pragma};
use crate::Cause;

const STEPS: &[&str] = &[
    "CREATE TABLE shelf (name TEXT) STRICT; INSERT INTO shelf VALUES ('first')",
    "ALTER TABLE shelf ADD COLUMN length INTEGER NOT NULL DEFAULT 7",
    "INSERT INTO shelf VALUES ('second', 3)",
];

#[test]
fn an_empty_file_becomes_one_of_the_latest_version() {
    let mut connection = Connection::open_in_memory().unwrap();
    check_owner(&connection, MIGRATIONS).unwrap();
    migrate(&mut connection, MIGRATIONS).unwrap();
    assert_eq!(versions(&connection), (APPLICATION_ID, MIGRATIONS.len()));
    check_owner(&connection, MIGRATIONS).unwrap();
}

#[test]
fn an_older_file_is_brought_up_to_date_and_keeps_what_it_holds() {
    for older in 0..=STEPS.len() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &STEPS[..older]).unwrap();
        check_owner(&connection, STEPS).unwrap();
        migrate(&mut connection, STEPS).unwrap();

        assert_eq!(versions(&connection), (APPLICATION_ID, 3));
        let content: String = connection
            .query_one("SELECT group_concat(name || length) FROM shelf", [], |row| row.get(0))
            .unwrap();
        assert_eq!(content, "first7,second3", "from version {older}");
    }
}

#[test]
fn a_step_that_fails_leaves_the_version_before_it() {
    let mut connection = Connection::open_in_memory().unwrap();
    let steps = [STEPS[0], "DELETE FROM shelf; INSERT INTO nowhere VALUES (1)"];
    migrate(&mut connection, &steps).unwrap_err();

    assert_eq!(versions(&connection), (APPLICATION_ID, 1));
    let rows: u32 =
        connection.query_one("SELECT count(*) FROM shelf", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 1);
    migrate(&mut connection, STEPS).unwrap();
}

#[test]
fn a_later_version_is_refused_by_number() {
    let mut connection = Connection::open_in_memory().unwrap();
    migrate(&mut connection, STEPS).unwrap();
    let error = check_owner(&connection, &STEPS[..2]).unwrap_err();
    assert!(matches!(error, Cause::SchemaNewer { found: 3, known: 2 }), "{error}");
}

fn versions(connection: &Connection) -> (i32, usize) {
    let application = pragma(connection, "application_id").unwrap();
    (application, pragma(connection, "user_version").unwrap())
}
