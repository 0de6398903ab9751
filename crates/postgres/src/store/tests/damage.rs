//! Records that are not what was written.

use super::*;

#[test]
fn damage_does_not_spread() {
    let server = Postgres::start_in_memory(&[]);
    let settings = settings(&server, "rialto");
    let mut store = open(&settings);
    store.commit(&[subscribe("ada", "room"), retain("room"), retain("hall")]).unwrap();
    // Two pages in one row, and then a row each.
    let outcomes = store.commit(&[append("room", 2), append("room", 1)]).unwrap();
    let (log, _) = appended(outcomes[0]);
    store.commit(&[append("room", 1)]).unwrap();
    store.commit(&[append("room", 1)]).unwrap();
    assert_eq!(entries(&store, log), [Ok(1), Ok(3), Ok(4), Ok(5)]);

    server.sql("UPDATE rialto.segment SET body = set_byte(body, 0, 0) WHERE last = 3");
    server.sql("UPDATE rialto.segment SET pages = set_byte(pages, 3, 77) WHERE last = 4");
    server.sql("UPDATE rialto.retained SET payload = '2' WHERE channel = 'hall'");
    assert_eq!(entries(&store, log), [Err(2), Ok(3), Err(4), Ok(5)]);
    let snapshot = store.load(Load::All).unwrap();
    assert_eq!(snapshot.damaged, 1);
    assert_eq!(snapshot.retained.len(), 1);

    let set_aside = |last| Change::SetAside("room".into(), log, last);
    store.commit(&[set_aside(2), set_aside(4)]).unwrap();
    assert_eq!(entries(&store, log), [Ok(3), Ok(5)]);
    assert_eq!(server.sql("SELECT count(*) FROM rialto.segment"), "3\n", "they are kept");
}

#[test]
fn what_nobody_sees_any_more_is_removed() {
    let server = Postgres::start_in_memory(&[]);
    let mut store = open(&settings(&server, "rialto"));
    store.commit(&[subscribe("ada", "room"), subscribe("ada", "hall")]).unwrap();
    for _ in 0..20 {
        store.commit(&[append("room", 1), append("hall", 1)]).unwrap();
    }
    let trim = Change::Trim("room".into(), Trim::through(15));
    let unsubscribe = Change::Unsubscribe("ada".into(), "hall".into());
    store.commit(&[trim, unsubscribe, Change::DropLog("hall".into())]).unwrap();
    let count = || server.sql("SELECT count(*) FROM rialto.segment");
    assert_eq!(count(), "40\n");
    // What the server does in quiet moments.
    for _ in 0..6 {
        store.commit(&[]).unwrap();
    }
    assert_eq!(count(), "5\n");
    assert_eq!(server.sql("SELECT count(*) FROM rialto.gone_log"), "0\n");
}

#[test]
fn what_nobody_sees_any_more_is_removed_beside_other_work() {
    let server = Postgres::start_in_memory(&[]);
    let mut store = open(&settings(&server, "rialto"));
    store.commit(&[subscribe("ada", "room")]).unwrap();
    for _ in 0..20 {
        store.commit(&[append("room", 1)]).unwrap();
    }
    store.commit(&[Change::Trim("room".into(), Trim::through(15))]).unwrap();
    let began = std::time::Instant::now();
    let left = "SELECT count(*) FROM rialto.segment s JOIN rialto.log l ON l.id = s.log WHERE l.name = 'room'";
    while server.sql(left) != "5\n" {
        store.commit(&[append("hall", 1)]).unwrap();
        assert!(began.elapsed() < Duration::from_secs(60), "nothing is removed");
    }
}
