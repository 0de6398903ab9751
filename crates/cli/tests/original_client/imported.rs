//! What the original server stored, once it is imported.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use rialto_testkit::{Broker, Transport};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::{common::PROGRAM, reader::Reader, start};

/// The tables as that server makes them, and what it had stored: `python` waits for the second and the fourth packet on
/// `room`, and for one of its own; `other` for the fourth; nobody for the others.
const TABLES: &str = r#"
CREATE TABLE "connections" ("id" INTEGER NOT NULL PRIMARY KEY, "client_id" VARCHAR(255) NOT NULL);
CREATE TABLE "subscriptions" ("id" INTEGER NOT NULL PRIMARY KEY, "client_id" VARCHAR(255) NOT NULL,
    "channel" VARCHAR(255) NOT NULL, "is_tmp" INTEGER NOT NULL);
CREATE TABLE "packets" ("id" INTEGER NOT NULL PRIMARY KEY, "packet_id" VARCHAR(255) NOT NULL,
    "sender_id" VARCHAR(255) NOT NULL, "channel" VARCHAR(255) NOT NULL, "data" TEXT NOT NULL, "timestamp" DATETIME NOT NULL);
CREATE TABLE "pubmaps" ("id" INTEGER NOT NULL PRIMARY KEY, "packet_id" VARCHAR(255) NOT NULL,
    "client_id" VARCHAR(255) NOT NULL, "channel" VARCHAR(255) NOT NULL);
CREATE TABLE "retainedpackets" ("id" INTEGER NOT NULL PRIMARY KEY, "sender_id" VARCHAR(255) NOT NULL,
    "channel" VARCHAR(255) NOT NULL, "data" TEXT NOT NULL, "timestamp" DATETIME NOT NULL);
INSERT INTO subscriptions VALUES (1,'python','room',0),(2,'python','#python',0),(3,'other','room',0),
    (4,'python','hall',1),(5,'python','empty',0);
INSERT INTO packets VALUES
    (1,'p1','bob','room','{"d": 1}','2018-12-15 10:33:49.000001'),
    (3,'p3','bob','room','{"d": {"n": 3, "text": "it''s \"so\"\n"}}','2018-12-15 10:33:51'),
    (4,'p2','ada','room','{"d": 2}','2018-12-15 10:33:50.5'),
    (5,'p4','bob','room','{"d": [4]}','2018-12-15 10:33:52'),
    (6,'p5','bob','hall','{"d": 5}','2018-12-15 10:33:53'),
    (7,'p6','bob','#python','{"d": "for you"}','2018-12-15 10:33:54');
INSERT INTO pubmaps VALUES (1,'p2','python','room'),(2,'p4','python','room'),(3,'p4','other','room'),
    (4,'p5','python','hall'),(5,'p6','python','#python'),(6,'p3','other','room'),(7,'gone','python','room');
INSERT INTO retainedpackets VALUES (1,'bob','room','{"d": {"last": true}}','2018-12-15 10:33:49');
"#;

/// Runs an import into the data directory of a broker that has ended, in place of its store.
fn import(broker: &Broker, from: &Path, arguments: &[&str]) -> Output {
    for name in ["rialto.db", "rialto.db-wal", "rialto.db-shm", "rialto.mark"] {
        _ = fs::remove_file(broker.data_dir().join(name));
    }
    let mut command = Command::new(PROGRAM);
    command.args(["store", "import", "--from"]).arg(from).arg("--to").arg(broker.data_dir());
    command.args(arguments).output().unwrap()
}

/// Checks what the original client gets of it, which acknowledges one push after the other.
fn check_delivery(broker: &Broker) {
    let mut python = Reader::connect(broker, broker.address(), Transport::Tcp);
    python.send(r#"{"auth": {"dt": {"client_name": "python"}}}"#);
    let token = python.next()["authAck"]["at"].take();
    python.send(format!(r#"{{"conn": {{"at": {token}, "cl": "python"}}}}"#));
    assert_eq!(python.next()["connAck"]["st"], 1);
    let retained = json!({"cn": "room", "dt": {"last": true}, "cl": "bob", "rt": 1});
    assert_eq!(python.next()["push"], retained);
    let mut pushes: Vec<Value> = Vec::new();
    for _ in 0..3 {
        let push = python.next();
        python.acknowledge(&push);
        pushes.push(push["push"].clone());
    }
    assert!(!python.has_lost);
    let of = |channel: &str| {
        let own = pushes.iter().filter(|push| push["cn"] == channel);
        own.map(|push| (push["cl"].clone(), push["dt"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(of("room"), [(json!("ada"), json!(2)), (json!("bob"), json!([4]))]);
    assert_eq!(of("#python"), [(json!("bob"), json!("for you"))]);
    python.send(r#"{"pub": {"cn": "$mySubscriptions", "dt": {}, "id": "9"}}"#);
    let mut channels = python.next()["pubAck"]["dt"]["channels"].as_array().unwrap().clone();
    channels.sort_by_key(Value::to_string);
    assert_eq!(channels, ["empty", "room"].map(Value::from));
}

#[test]
fn what_the_original_server_stored_reaches_its_clients() {
    // J-63, J-73, J-77.
    let mut broker = start();
    broker.terminate();
    let original = broker.data_dir().join("jmqt.db");
    Connection::open(&original).unwrap().execute_batch(TABLES).unwrap();
    let before = fs::read(&original).unwrap();

    let imported = import(&broker, &original, &["--format", "json"]);
    let said = String::from_utf8(imported.stderr).unwrap();
    assert!(imported.status.success(), "{said}");
    assert!(said.contains("left out: 2 packets") && said.contains("1 temporary"), "{said}");
    let parts: Vec<Value> = String::from_utf8(imported.stdout)
        .unwrap()
        .lines()
        .map(|line| line.parse().unwrap())
        .collect();
    let of = |part: &str| parts.iter().find(|line| line["part"] == part).unwrap();
    assert_eq!((&of("pages")["messages"], &of("subscriptions")["records"]), (&4.into(), &4.into()));
    assert_eq!(fs::read(&original).unwrap(), before, "the file is as it was");

    broker.restart();
    check_delivery(&broker);
    broker.terminate();
    let again = Command::new(PROGRAM)
        .args(["store", "import", "--from"])
        .arg(&original)
        .arg("--to")
        .arg(broker.data_dir())
        .output()
        .unwrap();
    let said = String::from_utf8(again.stderr).unwrap();
    assert_eq!(again.status.code(), Some(1), "{said}");
    assert!(said.contains("holds a store already"), "{said}");
}

#[test]
fn a_dump_of_the_original_servers_tables_is_imported_alike() {
    // As MySQL writes them: names in other quotes, texts with other escapes.
    let texts = TABLES.replace('\\', r"\\").replace("it''s", r"it\'s");
    let dump: String = texts
        .lines()
        .map(|line| match line.contains("CREATE TABLE") || line.starts_with("    \"") {
            true => line.replace('"', "`"),
            false => line.to_owned(),
        })
        .map(|line| line + "\n")
        .collect();
    let mut broker = start();
    broker.terminate();
    let file = broker.data_dir().join("jmqt.sql");
    fs::write(&file, format!("-- MySQL dump\nDROP TABLE IF EXISTS `packets`;\n{dump}")).unwrap();
    let imported = import(&broker, &file, &[]);
    let said = String::from_utf8(imported.stderr).unwrap();
    assert!(imported.status.success(), "{said}");
    broker.restart();
    check_delivery(&broker);

    fs::write(&file, "SELECT 1;\n").unwrap();
    broker.terminate();
    let refused = import(&broker, &file, &[]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("it is no database of the original JMQT server"), "{said}");
}
