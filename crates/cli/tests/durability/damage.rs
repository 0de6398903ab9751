//! Stored records that are not what was written.

use rialto_testkit::Broker;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{
    acknowledge_all, expect_numbers, launch, online, publish_numbers, subscribe_for_later, until,
};
use crate::common::publish_stored;

#[test]
fn damaged_records_cost_what_they_held_and_nobody_anything_else() {
    let mut broker = launch().start();
    for client in ["ada", "eve"] {
        subscribe_for_later(&broker, client, "room");
    }
    let mut bob = online(&broker, "bob");
    for number in 0..10 {
        publish_numbers(&mut bob, "room", number..number + 1);
    }
    for channel in ["lamp", "sign"] {
        bob.send(publish_stored(channel, 1, channel).replace("\"q\"", "\"rt\":1,\"q\""));
        bob.expect(json!({"pubAck": {"st": 1, "id": channel}}));
    }
    assert!(broker.terminate().0.success());
    let database = Connection::open(broker.data_dir().join("rialto.db")).unwrap();
    database.execute("UPDATE page SET payloads = x'1E380A' WHERE last = 4", []).unwrap();
    database.execute("UPDATE retained SET payload = x'30' WHERE channel = 'lamp'", []).unwrap();
    drop(database);

    broker.restart();
    let intact = || (0..3).chain(4..10);
    for client in ["ada", "eve"] {
        let mut subscriber = online(&broker, client);
        let ids = expect_numbers(&mut subscriber, "room", intact());
        // The gap shows in the ids, and nothing stands in its place.
        let sequences: Vec<&str> = ids.iter().map(|id| id.rsplit_once('-').unwrap().1).collect();
        assert_eq!(sequences, ["1", "2", "3", "5", "6", "7", "8", "9", "10"]);
        subscriber.expect_silence();
        acknowledge_all(&mut subscriber, &ids);
    }
    let mut cleo = online(&broker, "cleo");
    cleo.subscribe("lamp");
    cleo.subscribe("sign");
    cleo.expect(json!({"push": {"cn": "sign", "dt": 1, "cl": "bob", "rt": 1}}));
    cleo.expect_silence();

    let stats = broker.stats();
    assert_eq!((&stats["damaged_records"], &stats["dropped_damaged"]), (&json!(2), &json!(1)));
    let told = until("both are told of", || {
        let told = set_aside(&broker);
        (2 <= told.len()).then_some(told)
    });
    assert_eq!(told.len(), 2, "each is told of once: {told:?}");
    let tables: Vec<&Value> = told.iter().map(|line| &line["table"]).collect();
    assert_eq!(tables, ["retained", "page"]);
    assert!(told.iter().all(|line| line["level"] == "ERROR"), "{told:?}");
    assert_eq!(told[1]["reason"], "its checksum does not match");

    // They are kept, and neither told of again nor in the way.
    assert!(broker.terminate().0.success());
    let database = Connection::open(broker.data_dir().join("rialto.db")).unwrap();
    let count = "SELECT count(*) FROM damaged WHERE content IS NOT NULL";
    assert_eq!(database.query_one(count, [], |row| row.get::<_, u64>(0)).unwrap(), 2);
    drop(database);
    broker.restart();
    let mut bob = online(&broker, "bob");
    publish_numbers(&mut bob, "room", 10..11);
    expect_numbers(&mut online(&broker, "ada"), "room", 10..11);
    assert_eq!((set_aside(&broker).len(), broker.stat("damaged_records")), (2, 0));
}

#[test]
fn a_subscriber_whose_place_is_damaged_gets_messages_again_rather_than_not_at_all() {
    let mut broker = launch().start();
    let mut ada = online(&broker, "ada");
    ada.subscribe_for_good("room");
    publish_numbers(&mut online(&broker, "bob"), "room", 0..5);
    let ids = expect_numbers(&mut ada, "room", 0..5);
    acknowledge_all(&mut ada, &ids[..2]);
    assert!(broker.terminate().0.success());
    let database = Connection::open(broker.data_dir().join("rialto.db")).unwrap();
    database.execute("UPDATE cursor SET floor = 1099511627776", []).unwrap();
    drop(database);

    broker.restart();
    assert_eq!(set_aside(&broker).len(), 1);
    let again = expect_numbers(&mut online(&broker, "ada"), "room", 0..5);
    assert_eq!(again, ids);
}

/// Returns the lines about records that were set aside.
fn set_aside(broker: &Broker) -> Vec<Value> {
    let lines = broker.log_lines().into_iter();
    lines
        .filter_map(|line| serde_json::from_str::<Value>(&line).ok())
        .filter(|line| {
            line["message"].as_str().is_some_and(|text| text.contains("record is damaged"))
        })
        .collect()
}
