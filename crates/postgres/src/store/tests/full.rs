//! A disk without room.

use rialto_store::Cause;
use rialto_testkit::Disk;

use super::*;

#[test]
fn what_finds_no_room_is_stored_once_there_is_some() {
    let Some(disk) = Disk::try_new(128) else { return };
    let server = Postgres::start_on(&disk);
    let mut store = open(&settings(&server, "rialto"));
    let (log, _) = appended(store.commit(&[append("room", 1)]).unwrap()[0]);
    disk.fill();
    let large = [named(1, &[long("room", 2 << 20)])];
    let error = store.commit_all(&large).expect_err("there is no room");
    assert!(matches!(*error.cause, Cause::Full), "{error}");
    assert_eq!(error.kind, FailureKind::Transient);
    disk.make_room();
    assert_eq!(appended(store.commit_all(&large).expect("there is room")[0]), (log, 2));
    assert_eq!(entries(&store, log), [Ok(1), Ok(2)]);
}
