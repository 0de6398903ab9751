//! Records that are not what was written.

use rialto_store::walk_part;

use super::*;

/// Makes a store with two pages in a row, and then a row each.
fn filled(settings: &DatabaseSettings) -> (MysqlStore, LogId) {
    let mut store = open(settings);
    store.commit(&[subscribe("ada", "room"), retain("room"), retain("hall")]).unwrap();
    let outcomes = store.commit(&[append("room", 2), append("room", 1)]).unwrap();
    let (log, _) = appended(outcomes[0]);
    store.commit(&[append("room", 1)]).unwrap();
    store.commit(&[append("room", 1)]).unwrap();
    (store, log)
}

#[test]
fn damage_does_not_spread() {
    let server = Mariadb::start_in_memory(&[]);
    let (mut store, log) = filled(&settings(&server, "rialto"));
    assert_eq!(entries(&store, log), [Ok(1), Ok(3), Ok(4), Ok(5)]);

    server.sql("UPDATE rialto.segment SET body = CONCAT('x', SUBSTR(body, 2)) WHERE `last` = 3");
    server.sql("UPDATE rialto.segment SET pages = CONCAT('x', SUBSTR(pages, 2)) WHERE `last` = 4");
    server.sql("UPDATE rialto.retained SET payload = '2' WHERE channel = 'hall'");
    assert_eq!(entries(&store, log), [Err(2), Ok(3), Err(4), Ok(5)]);
    let snapshot = store.load(Load::All).unwrap();
    assert_eq!(snapshot.damaged, 1);
    assert_eq!(snapshot.retained.len(), 1);

    let set_aside = |last| Change::SetAside("room".into(), log, last);
    store.commit(&[set_aside(2), set_aside(4)]).unwrap();
    assert_eq!(entries(&store, log), [Ok(3), Ok(5)]);
    // Once more, and one of a log that is another's, changes nothing.
    let foreign = Change::SetAside("hall".into(), log, 5);
    assert_eq!(store.commit(&[set_aside(2), foreign]).unwrap(), [Outcome::Done, Outcome::Done]);
    assert_eq!(entries(&store, log), [Ok(3), Ok(5)]);
    assert_eq!(server.sql("SELECT COUNT(*) FROM rialto.segment"), "3\n", "they are kept");
}

#[test]
fn what_nobody_sees_any_more_is_removed() {
    let server = Mariadb::start_in_memory(&[]);
    let mut store = open(&settings(&server, "rialto"));
    store.commit(&[subscribe("ada", "room"), subscribe("ada", "hall")]).unwrap();
    for _ in 0..20 {
        store.commit(&[append("room", 1), append("hall", 1)]).unwrap();
    }
    let trim = Change::Trim("room".into(), Trim::through(15));
    let unsubscribe = Change::Unsubscribe("ada".into(), "hall".into());
    store.commit(&[trim, unsubscribe, Change::DropLog("hall".into())]).unwrap();
    let count = || server.sql("SELECT COUNT(*) FROM rialto.segment");
    assert_eq!(count(), "40\n");
    // What the server does in quiet moments.
    for _ in 0..6 {
        store.commit(&[]).unwrap();
    }
    assert_eq!(count(), "5\n");
    assert_eq!(server.sql("SELECT COUNT(*) FROM rialto.gone_log"), "0\n");
}

#[test]
fn what_is_not_as_it_was_written_is_found() {
    let server = Mariadb::start_in_memory(&[]);
    let cases = [
        ("DO 0", vec![]),
        (
            "UPDATE segment SET body = CONCAT('x', SUBSTR(body, 2)) WHERE `last` = 3",
            vec![
                "a page of the log of \"room\": the page that ends with message 2: its checksum does not match",
                "messages 1 to 2 of the log of \"room\" cannot be read",
            ],
        ),
        (
            "UPDATE segment SET log = 999 WHERE `last` = 5",
            vec![
                "messages 5 to 5 of the log of \"room\" cannot be read",
                "1 rows of messages belong to no log",
            ],
        ),
        (
            "UPDATE `cursor` SET acknowledged = CONCAT(UNHEX('0000000000000007'), UNHEX('0000000000000008'))",
            vec!["1 acknowledgements make no sense"],
        ),
        (
            "UPDATE `cursor` SET owner = UNHEX('FF')",
            vec!["a subscription cannot be understood: its client is no text"],
        ),
    ];
    for (number, (sql, findings)) in cases.into_iter().enumerate() {
        let database = format!("store{number}");
        let settings = settings(&server, &database);
        drop(filled(&settings));
        server.sql(&format!("USE {database}; {sql}"));
        let report = crate::check_store(&settings).expect("it is read to its end");
        assert_eq!(report.findings, findings, "{sql}");
    }
    let settings = settings(&server, "store0");
    server.sql("UPDATE store0.segment SET aside = ',2,' WHERE `last` = 3");
    let report = crate::check_store(&settings).expect("it is read to its end");
    assert_eq!(report.set_aside, 1);
    let error = crate::check_store(&super::settings(&server, "none")).expect_err("there is none");
    assert!(error.to_string().contains("the database holds no store"), "{error}");
}

#[test]
fn a_walk_sees_what_was_there_when_it_began() {
    let server = Mariadb::start_in_memory(&[]);
    let settings = settings(&server, "rialto");
    let mut store = open(&settings);
    store.commit(&[subscribe("ada", "room"), append("room", 1)]).unwrap();
    let mut walk = walk(&settings).expect("the walk begins beside the server");
    store.commit(&[append("room", 1), subscribe("bob", "room")]).unwrap();
    let mut messages = 0;
    for part in Part::ALL {
        walk_part(&mut walk as &mut dyn StoreWalk, part, 1000, |entry| {
            match entry.record {
                Some(Record::Page { page, .. }) => messages += page.count,
                Some(Record::Log { last, .. }) => assert_eq!(last, 1),
                Some(Record::Cursor { client, .. }) => assert_eq!(client.as_str(), "ada"),
                _ => {}
            }
            Ok(())
        })
        .unwrap();
    }
    assert_eq!(messages, 1);
}
