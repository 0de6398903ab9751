//! Retained messages where the store has no room for them: each is kept as promised, or refused.

use std::collections::BTreeSet;

use rialto_testkit::{Broker, Peer};
use serde_json::{Value, json};

use crate::{common::shell, launch, online, until};

/// Messages that are published, and the bytes of each.
const COUNT: usize = 100;
const BYTES: usize = 200_000;

/// Publishes a large retained message to each of some channels.
fn retain_all(bob: &mut Peer, more: &Value) {
    for number in 0..COUNT {
        let mut body = json!({"cn": format!("channel {number}"), "dt": "x".repeat(BYTES), "rt": 1});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        if more.get("id").is_some() {
            body["id"] = json!(number.to_string());
        }
        bob.send(json!({"pub": body}));
    }
}

/// Returns the channels that have a retained message.
fn retained(broker: &Broker) -> BTreeSet<usize> {
    let mut ada = online(broker, "ada");
    let mut found = BTreeSet::new();
    for number in 0..COUNT {
        ada.subscribe(&format!("channel {number}"));
        ada.send(r#"{"hb":{}}"#);
        while let Some(push) = ada.recv().get("push") {
            assert_eq!((&push["rt"], push["dt"].as_str().unwrap().len()), (&1.into(), BYTES));
            found.insert(number);
        }
    }
    ada.leave();
    found
}

/// Counts the retained messages that the store has.
fn stored_count(broker: &Broker) -> u64 {
    let count = "SELECT count(*) FROM retained";
    shell(&broker.data_dir()).query_one(count, [], |row| row.get(0)).unwrap()
}

#[test]
fn of_quality_0_they_are_stored_or_refused_and_nothing_differs_after_a_crash() {
    // J-125: those with an id are told, later too.
    for more in [json!({}), json!({"id": 1})] {
        let mut broker = launch().set("store.bytes_max=8MiB").set("history.messages=0").start();
        let before = broker.memory_bytes();
        let mut bob = online(&broker, "bob");
        retain_all(&mut bob, &more);
        until("each is stored or refused", || {
            let stats = broker.stats();
            let [kept, refused] = ["retained", "retained_refused"].map(|it| stats[it].as_u64());
            let (kept, refused) = (kept.unwrap(), refused.unwrap());
            let is_settled = 0 < refused && kept + refused == COUNT as u64;
            (is_settled && kept == stored_count(&broker)).then_some(())
        });
        let grown = broker.memory_bytes().saturating_sub(before);
        assert!(grown < 64 << 20, "{grown} bytes for those that the store has no room for");
        let kept = retained(&broker);
        broker.restart();
        assert_eq!(retained(&broker), kept);
        assert!(20 < kept.len() && kept.len() < 42, "{} have room", kept.len());
        if more.get("id").is_none() {
            continue;
        }
        let mut told = BTreeSet::new();
        while let Ok(answer) = bob.next() {
            assert_eq!(answer["pubAck"]["st"], 5, "{answer}");
            told.insert(answer["pubAck"]["id"].as_str().unwrap().parse::<usize>().unwrap());
        }
        let untold = (0..COUNT).filter(|number| !told.contains(number)).collect::<BTreeSet<_>>();
        assert_eq!(untold, kept, "every other publisher was told");
    }
}

#[test]
fn of_quality_1_they_are_stored_or_refused() {
    // J-73, J-74
    let mut broker = launch().set("store.bytes_max=8MiB").start();
    let mut bob = online(&broker, "bob");
    retain_all(&mut bob, &json!({"id": 1, "q": 1}));
    let mut kept = BTreeSet::new();
    for _ in 0..COUNT {
        let answer = bob.recv()["pubAck"].take();
        if answer["st"] == 1 {
            kept.insert(answer["id"].as_str().unwrap().parse::<usize>().unwrap());
        }
    }
    assert_eq!(retained(&broker), kept);
    broker.restart();
    assert_eq!(retained(&broker), kept);
    assert!(20 < kept.len() && kept.len() < 42, "{} have room", kept.len());
}

#[test]
fn what_replaces_one_that_is_no_smaller_is_taken_by_a_store_without_room() {
    let mut broker = launch().set("store.bytes_max=8MiB").start();
    let mut bob = online(&broker, "bob");
    retain_all(&mut bob, &json!({"id": 1, "q": 1}));
    for _ in 0..COUNT {
        bob.recv();
    }
    for dt in ["y".repeat(BYTES), "z".to_owned()] {
        let before = broker.stat("retained_refused");
        bob.send(json!({"pub": {"cn": "channel 0", "dt": dt, "rt": 1}}));
        bob.expect_silence();
        assert_eq!(broker.stat("retained_refused"), before);
        let stored = || {
            let channel = "SELECT payload FROM retained WHERE channel = 'channel 0'";
            let shell = shell(&broker.data_dir());
            let payload: Vec<u8> = shell.query_one(channel, [], |row| row.get(0)).unwrap();
            (payload == json!(dt).to_string().as_bytes()).then_some(())
        };
        until("it is stored", stored);
        broker.restart();
        bob = online(&broker, "bob");
    }
}
