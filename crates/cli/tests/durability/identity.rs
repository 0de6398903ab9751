//! A broker whose files are taken away.

use std::fs;

use rialto_testkit::Broker;

use super::{launch, online, publish_numbers, status, subscribe_for_later};
use crate::common::{Command, publish_stored};

#[test]
fn a_removed_lock_file_ends_acknowledgements_and_lets_no_second_broker_in() {
    let broker = launch().start();
    subscribe_for_later(&broker, "ada", "room");
    let mut bob = online(&broker, "bob");
    publish_numbers(&mut bob, "room", 0..3);

    fs::remove_file(broker.data_dir().join("rialto.lock")).unwrap();
    let second = second_broker_on(&broker).end();
    assert!(second.said.contains("in use by another Rialto"), "{}", second.said);

    check_is_said(&broker, "rialto.lock was re");
    let answer = bob.ask(publish_stored("room", 3, 3));
    assert_eq!(status(&answer), 5, "{answer}");
}

#[test]
fn a_deleted_data_directory_ends_acknowledgements_at_once() {
    let broker = launch().start();
    subscribe_for_later(&broker, "ada", "room");
    let mut bob = online(&broker, "bob");
    publish_numbers(&mut bob, "room", 0..3);

    fs::remove_dir_all(broker.data_dir()).unwrap();
    let answer = bob.ask(publish_stored("room", 3, 3));
    assert_eq!(status(&answer), 5, "{answer}");
    check_is_said(&broker, "data was removed while the store was using it");
    // What is not stored goes on.
    bob.send(r#"{"sub":{"cn":"hall"}}"#);
    bob.expect(r#"{"subAck":{"st":1,"cn":"hall"}}"#);
    bob.send(r#"{"pub":{"cn":"hall","dt":1,"id":"4"}}"#);
}

#[test]
fn what_is_wrong_with_the_files_is_said_though_nobody_publishes() {
    let broker = launch().start();
    let database = broker.data_dir().join("rialto.db");
    fs::rename(&database, broker.data_dir().join("moved.db")).unwrap();
    check_is_said(&broker, "rialto.db was removed while the store was using it");
}

fn check_is_said(broker: &Broker, text: &str) {
    broker.wait_for_log(text, |line| line["level"] == "ERROR" && line.to_string().contains(text));
}

fn second_broker_on(broker: &Broker) -> Command {
    let data_dir = broker.data_dir();
    let data_dir = data_dir.to_str().unwrap();
    Command::start(["serve", "--data-dir", data_dir, "--listen", "127.0.0.1:0"])
}
