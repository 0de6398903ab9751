use rusqlite::Connection;
use tempfile::TempDir;

use super::{LeftOut, OriginalWalk};
use crate::{Cause, Part, Record, walk_part};

/// Makes a file of the original server's with these rows.
fn file(rows: &str) -> (TempDir, OriginalWalk) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jmqt.db");
    let tables = "
        CREATE TABLE subscriptions (client_id TEXT, channel TEXT, is_tmp INTEGER);
        CREATE TABLE packets (packet_id TEXT, sender_id TEXT, channel TEXT, data TEXT, timestamp);
        CREATE TABLE pubmaps (packet_id TEXT, client_id TEXT, channel TEXT);
        CREATE TABLE retainedpackets (sender_id TEXT, channel TEXT, data TEXT, timestamp);";
    Connection::open(&path).unwrap().execute_batch(&format!("{tables}{rows}")).unwrap();
    (directory, OriginalWalk::open(&path).expect("it is understood"))
}

fn records(walk: &mut OriginalWalk, part: Part) -> (Vec<Record>, Vec<String>) {
    let (mut records, mut findings) = (Vec::new(), Vec::new());
    walk_part(walk, part, 0, |entry| {
        records.extend(entry.record);
        findings.extend(entry.finding);
        Ok(())
    })
    .unwrap();
    (records, findings)
}

#[test]
fn a_cursor_has_acknowledged_what_nobody_waits_for_in_its_name() {
    let (_directory, mut walk) = file(
        r#"INSERT INTO subscriptions VALUES ('ada','room',0),('bob','room',0),('cy','room',0),('cy','room',1);
           INSERT INTO packets VALUES ('a','','room','1',4),('b','','room','2',3),('c','','room','3',2),
               ('d','','room','4',1),('e','','room','5',5);
           INSERT INTO pubmaps VALUES ('a','ada','room'),('c','ada','room'),('d','bob','room'),('b','bob','room')"#,
    );
    assert_eq!(walk.left_out(), LeftOut { packets: 1, subscriptions: 1 });
    // By their times: d, c, b, a.
    let cursors = records(&mut walk, Part::Cursors).0.into_iter().map(|record| match record {
        Record::Cursor { client, state, .. } => {
            (client.as_str().to_owned(), state.floor, state.acknowledged)
        }
        other => panic!("{other:?} is no cursor"),
    });
    assert_eq!(
        cursors.collect::<Vec<_>>(),
        [
            ("ada".to_owned(), 1, vec![(3, 3)]),
            ("bob".to_owned(), 0, vec![(2, 2), (4, 4)]),
            ("cy".to_owned(), 4, vec![]),
        ]
    );
    let pages = records(&mut walk, Part::Pages).0.into_iter().map(|record| match record {
        Record::Page { page, .. } => (page.first, page.at, page.payloads.as_bytes().clone()),
        other => panic!("{other:?} is no page"),
    });
    let payload = |text: &'static str| bytes::Bytes::from_static(text.as_bytes());
    assert_eq!(
        pages.collect::<Vec<_>>(),
        [
            (1, 1000, payload("\x1E4\n")),
            (2, 2000, payload("\x1E3\n")),
            (3, 3000, payload("\x1E2\n")),
            (4, 4000, payload("\x1E1\n")),
        ]
    );
}

#[test]
fn what_is_no_json_is_told_and_leaves_a_gap() {
    let (_directory, mut walk) = file(
        r#"INSERT INTO subscriptions VALUES ('ada','room',0);
           INSERT INTO packets VALUES ('a','','room','{"d": NaN}',1),('b','','room','{"d": 2}',2);
           INSERT INTO pubmaps VALUES ('a','ada','room'),('b','ada','room');
           INSERT INTO retainedpackets VALUES ('bob','room','nothing',1),('bob','#ada','{"d": 1}',1),
               ('bob','hall','{"d": 1}',1),('bob','hall','{"d": 2}',2)"#,
    );
    let (pages, findings) = records(&mut walk, Part::Pages);
    assert!(matches!(&pages[..], [Record::Page { page, .. }] if page.first == 2), "{pages:?}");
    assert_eq!(findings, ["what the packet \"a\" carries is no JSON"]);
    let (retained, findings) = records(&mut walk, Part::Retained);
    assert!(
        matches!(&retained[..], [Record::Retained(channel, it)] if channel.as_str() == "hall" && it.payload == "2"),
        "{retained:?}"
    );
    assert_eq!(findings, ["the retained message of \"room\" is no JSON"]);
}

#[test]
fn what_is_none_of_that_servers_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("other.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE packets (a)").unwrap();
    let error = OriginalWalk::open(&path).unwrap_err();
    assert!(matches!(*error.cause, Cause::NotOriginal { table: "subscriptions", .. }), "{error}");
}
