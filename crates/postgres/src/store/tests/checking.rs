//! A look through all that is stored.

use rialto_domain::{HistoryMessage, MessageId};
use rialto_store::{Part, Record, Report, StoreWalk, walk_part};

use super::*;
use crate::check_store;

/// Returns what is found, once a store in a schema of its own was changed by hand.
fn found_after(server: &Postgres, schema: &str, sql: &str) -> Report {
    let settings = settings(server, schema);
    let mut store = open(&settings);
    store.commit(&[subscribe("ada", "room"), subscribe("bob", "hall"), retain("room")]).unwrap();
    // Two pages in a row, and then a row each.
    store.commit(&[append("room", 2), append("room", 1)]).unwrap();
    store.commit(&[append("room", 1)]).unwrap();
    store.commit(&[append("room", 1)]).unwrap();
    store.commit(&[history("room")]).unwrap();
    drop(store);
    let in_schema = |sql: &str| server.sql(&format!("SET search_path = {schema}; {sql}"));
    in_schema(sql);
    let versions = "SELECT count(*), sum(xmin::text::int8) FROM segment";
    let before = in_schema(versions);
    let report = check_store(&settings).expect("it is read to its end");
    assert_eq!(in_schema(versions), before, "nothing is changed");
    report
}

fn history(channel: &str) -> Change {
    let message = HistoryMessage {
        id: MessageId { origin: 7, sequence: 8 },
        logical: 1,
        at: 1,
        publisher: "ada".into(),
        server: None,
        payload: "1".into(),
    };
    Change::KeepHistory { channel: channel.into(), messages: vec![message], count_max: 9 }
}

#[test]
fn what_is_as_it_was_written_is_counted() {
    let server = Postgres::start_in_memory(&[]);
    let error = check_store(&settings(&server, "rialto")).expect_err("there is nothing");
    assert!(error.to_string().contains("the database holds no store"), "{error}");
    let report = found_after(&server, "rialto", "SELECT 1");
    assert!(report.is_sound(), "{report:?}");
    assert_eq!((report.messages, report.subscriptions), (5, 2));
    assert_eq!((report.retained, report.history, report.set_aside), (1, 1, 0));
}

#[test]
fn what_is_not_as_it_was_written_is_found() {
    let server = Postgres::start_in_memory(&[]);
    let cases = [
        (
            "UPDATE segment SET body = set_byte(body, 0, 0) WHERE last = 3",
            vec![
                "a page of the log of \"room\": the page that ends with message 2: its checksum does not match",
                "messages 1 to 2 of the log of \"room\" cannot be read",
            ],
        ),
        (
            "UPDATE segment SET pages = set_byte(pages, 3, 77) WHERE last = 4",
            vec![
                "a page of the log of \"room\": the page that ends with message 4: what describes its pages does \
                 not match its checksum",
                "messages 4 to 4 of the log of \"room\" cannot be read",
            ],
        ),
        (
            "DELETE FROM segment WHERE last = 5",
            vec!["messages 5 to 5 of the log of \"room\" cannot be read"],
        ),
        (
            "UPDATE log SET last = 4 WHERE name = 'room'",
            vec!["the log of \"room\" ends with message 4, and there are messages up to 5"],
        ),
        (
            "UPDATE log SET trimmed = 9 WHERE name = 'hall'",
            vec!["the log of \"hall\" cannot end with 0 and be trimmed to 9"],
        ),
        (
            "UPDATE segment SET log = 999 WHERE last = 5",
            vec![
                "messages 5 to 5 of the log of \"room\" cannot be read",
                "1 rows of messages belong to no log",
            ],
        ),
        (
            "UPDATE retained SET payload = '2'",
            vec!["the checksum of the retained message of channel \"room\" does not match"],
        ),
        (
            "UPDATE retained SET payload = '{', crc = 366298937",
            vec!["the retained message of channel \"room\" is no JSON"],
        ),
        (
            "UPDATE history SET crc = 1",
            vec!["a message in the history of channel \"room\" does not match its checksum"],
        ),
        (
            "UPDATE cursor SET floor = 77 WHERE owner = 'ada'",
            vec!["the subscription of \"ada\" to \"room\" stands where no message is"],
        ),
        (
            "UPDATE cursor SET log = 77 WHERE owner = 'ada'",
            vec!["a subscription of \"ada\" reads a log that is not there"],
        ),
        (
            "UPDATE cursor SET acknowledged = '{[7,9)}' WHERE owner = 'ada'",
            vec!["1 acknowledgements make no sense"],
        ),
        (
            "UPDATE cursor SET owner = '\\xff' WHERE owner = 'ada'",
            vec!["a subscription cannot be understood: its client is no text"],
        ),
    ];
    for (number, (sql, findings)) in cases.into_iter().enumerate() {
        let report = found_after(&server, &format!("store{number}"), sql);
        assert_eq!(report.findings, findings, "{sql}");
    }
}

#[test]
fn what_was_set_aside_and_numbers_that_were_skipped_are_told_apart() {
    let server = Postgres::start_in_memory(&[]);
    let set_aside =
        found_after(&server, "aside", "UPDATE segment SET aside = '{2}' WHERE last = 3");
    assert_eq!(set_aside.set_aside, 1);
    assert_eq!(set_aside.findings, ["messages 1 to 2 of the log of \"room\" cannot be read"]);

    let settings = settings(&server, "rialto");
    let mut store = open(&settings);
    store.commit(&[subscribe("ada", "room"), append("room", 5)]).unwrap();
    drop(store);
    server.sql("UPDATE rialto.cluster SET server = 'another'");
    open(&settings).commit(&[append("room", 2)]).unwrap();
    let report = check_store(&settings).expect("it is read to its end");
    assert!(report.is_sound(), "nothing is missing where numbers were skipped: {report:?}");
    assert_eq!(report.messages, 7);
}

#[test]
fn a_walk_sees_what_was_there_when_it_began() {
    let server = Postgres::start_in_memory(&[]);
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
