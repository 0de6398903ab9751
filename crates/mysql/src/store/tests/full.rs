//! A disk without room.

use rialto_store::Cause;
use rialto_testkit::Disk;

use super::*;

#[test]
fn what_finds_no_room_is_stored_once_there_is_some() {
    let Some(disk) = Disk::try_new(192) else { return };
    let server = Mariadb::start_on(&disk);
    let mut store = open(&settings(&server, "rialto"));
    let (log, _) = appended(store.commit(&[append("room", 1)]).unwrap()[0]);
    disk.fill();
    // Short ones: MariaDB 10.11 ends itself where a value that does not go into a row finds no room.
    let (number, error) = (2..3000)
        .find_map(|number| {
            let commit = named(number, &[long("room", 4000)]);
            store.commit_all(&[commit]).err().map(|error| (number, error))
        })
        .expect("there is no room for so many");
    assert!(matches!(*error.cause, Cause::Full), "{error}");
    assert_eq!(error.kind, FailureKind::Transient);
    disk.make_room();
    let again = named(number, &[long("room", 4000)]);
    assert_eq!(appended(store.commit_all(&[again]).expect("there is room")[0]), (log, number));
    let all: Vec<_> = (1..=number).map(Ok).collect();
    assert_eq!(entries(&store, log), all, "nothing that was acknowledged is missing");
}
