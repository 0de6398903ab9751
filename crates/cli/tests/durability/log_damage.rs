//! A write-ahead log that is not what a broker left when it was killed.

use std::{fs, path::Path};

use rialto_testkit::Broker;

use super::{launch, online, publish_numbers, status, subscribe_for_later};
use crate::common::{Command, Ended, publish_stored};

const MESSAGES: u64 = 1000;

#[test]
fn one_flipped_bit_in_the_log_of_a_killed_broker_is_refused_until_it_is_repaired() {
    let mut broker = killed_with_messages();
    let data_dir = broker.data_dir();
    let log = data_dir.join("rialto.db-wal");
    let mut bytes = fs::read(&log).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&log, &bytes).unwrap();

    let refused = rialto(&["serve", "--listen", "127.0.0.1:0", "--data-dir"], &data_dir);
    assert_eq!(refused.status.code(), Some(5), "{}", refused.said);
    for phrase in ["rialto.db-wal is damaged", "rialto store repair", "docs/operating.md"] {
        assert!(refused.said.contains(phrase), "{phrase:?} is not in {}", refused.said);
    }
    assert_eq!(fs::read(&log).unwrap(), bytes, "it is left as it is");
    let checked = rialto(&["store", "check", "--data-dir"], &data_dir);
    assert_eq!(checked.status.code(), Some(5), "{}", checked.said);

    let repaired = rialto(&["store", "repair", "--data-dir"], &data_dir);
    assert_eq!(repaired.status.code(), Some(0), "{}", repaired.said);
    assert!(repaired.said.contains("was cut after frame"), "{}", repaired.said);
    let aside = set_aside_in(&data_dir);
    assert_eq!(fs::read(aside.join("rialto.db-wal")).unwrap(), bytes);

    broker.restart();
    let mut ada = online(&broker, "ada");
    let kept = MESSAGES / 10;
    super::expect_numbers(&mut ada, "room", 0..kept);
}

#[test]
fn a_log_that_is_as_it_was_left_is_taken() {
    let mut broker = killed_with_messages();
    let checked = rialto(&["store", "check", "--data-dir"], &broker.data_dir());
    assert_eq!(checked.status.code(), Some(0), "{}", checked.said);
    assert!(checked.said.contains(&format!("{MESSAGES} messages in logs")), "{}", checked.said);
    broker.restart();
    super::expect_numbers(&mut online(&broker, "ada"), "room", 0..100);
}

/// Returns a broker that was killed when it had acknowledged messages for ada.
fn killed_with_messages() -> Broker {
    let mut broker = launch().start();
    subscribe_for_later(&broker, "ada", "room");
    let mut bob = online(&broker, "bob");
    for part in 0..20 {
        let count = MESSAGES / 20;
        publish_numbers(&mut bob, "room", part * count..(part + 1) * count);
    }
    let retained = publish_stored("room", 1, "r").replacen("\"q\"", "\"rt\":1,\"q\"", 1);
    assert_eq!(status(&bob.ask(retained.replace("room", "notice"))), 1);
    broker.kill();
    broker
}

fn rialto(arguments: &[&str], data_dir: &Path) -> Ended {
    let data_dir = data_dir.to_str().unwrap();
    Command::start(arguments.iter().chain([&data_dir])).end()
}

fn set_aside_in(data_dir: &Path) -> std::path::PathBuf {
    let mut entries = fs::read_dir(data_dir).unwrap().map(|entry| entry.unwrap().path());
    entries.find(|path| path.to_string_lossy().contains("set-aside-")).unwrap()
}
