//! `kill -9` right behind an acknowledgement.

use serde_json::json;

use super::{expect_numbers, launch, online, publish_numbers, subscribe_for_later, until};
use crate::common::{Dice, publish_stored, shell};

#[test]
fn an_acknowledged_message_survives_a_kill_right_behind_its_acknowledgement() {
    // J-73, J-77: stored before the pubAck, and pushed again in order and under the same id.
    let mut broker = launch().start();
    subscribe_for_later(&broker, "ada", "room");
    let mut dice = Dice::new(1);
    let mut published = 0;
    let mut ids: Vec<String> = Vec::new();
    for _ in 0..20 {
        let next = published + dice.within(1..40);
        let mut bob = online(&broker, "bob");
        publish_numbers(&mut bob, "room", published..next);
        broker.kill();
        published = next;

        broker.restart();
        let mut ada = online(&broker, "ada");
        let ids_now = expect_numbers(&mut ada, "room", 0..published);
        assert_eq!(ids_now[..ids.len()], ids, "each under the id it had the first time");
        ada.expect_silence();
        ids = ids_now;
    }
}

#[test]
fn a_persistent_subscription_survives_a_kill_right_behind_its_acknowledgement() {
    // J-87, J-88.
    let mut broker = launch().start();
    for round in 0..10 {
        let mut ada = online(&broker, "ada");
        ada.subscribe_for_good(&format!("room {round}"));
        broker.kill();
        broker.restart();
    }
    let mut bob = online(&broker, "bob");
    for round in 0..10 {
        publish_numbers(&mut bob, &format!("room {round}"), round..round + 1);
    }
    let mut ada = online(&broker, "ada");
    for _ in 0..10 {
        let push = ada.recv()["push"].take();
        assert_eq!(push["cn"], format!("room {}", push["dt"]), "{push}");
    }
    ada.expect_silence();
}

#[test]
fn an_unsubscribe_survives_a_kill_right_behind_its_acknowledgement() {
    // J-53.
    let mut broker = launch().start();
    let mut ada = online(&broker, "ada");
    ada.subscribe_for_good("room");
    ada.subscribe_for_good("other");
    let mut bob = online(&broker, "bob");
    publish_numbers(&mut bob, "room", 0..1);
    expect_numbers(&mut ada, "room", 0..1);
    ada.send(r#"{"unsub":{"cn":"room"}}"#);
    ada.expect(r#"{"unsubAck":{"st":1,"cn":"room"}}"#);
    broker.kill();

    broker.restart();
    let mut bob = online(&broker, "bob");
    publish_numbers(&mut bob, "room", 1..2);
    publish_numbers(&mut bob, "other", 2..3);
    let mut ada = online(&broker, "ada");
    expect_numbers(&mut ada, "other", 2..3);
    ada.expect_silence();
}

#[test]
fn the_last_retained_message_survives_a_kill_right_behind_its_acknowledgement() {
    // J-80, J-85.
    let mut broker = launch().start();
    for round in 1..=10 {
        let mut bob = online(&broker, "bob");
        for number in [round, 10 * round] {
            let packet = publish_stored("lamp", number, number).replace("\"q\"", "\"rt\":1,\"q\"");
            bob.send(packet);
        }
        bob.expect(json!({"pubAck": {"st": 1, "id": round.to_string()}}));
        bob.expect(json!({"pubAck": {"st": 1, "id": (10 * round).to_string()}}));
        broker.kill();

        broker.restart();
        let mut ada = online(&broker, "ada");
        ada.subscribe("lamp");
        ada.expect(json!({"push": {"cn": "lamp", "dt": 10 * round, "cl": "bob", "rt": 1}}));
        ada.expect_silence();
    }
}

#[test]
fn the_last_retained_message_survives_a_graceful_restart_whatever_its_qos() {
    // J-80: QoS 0 promises nothing over a crash, but a stop has time to write it down.
    let mut broker = launch().start();
    let mut bob = online(&broker, "bob");
    bob.send(r#"{"pub":{"cn":"lamp","dt":"on","rt":1,"q":1,"id":"1"}}"#);
    bob.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
    bob.send(r#"{"pub":{"cn":"lamp","dt":"off","rt":1}}"#);
    bob.expect_silence();
    assert!(broker.terminate().0.success());

    broker.restart();
    let mut ada = online(&broker, "ada");
    ada.subscribe("lamp");
    ada.expect(r#"{"push":{"cn":"lamp","dt":"off","cl":"bob","rt":1}}"#);
    ada.expect_silence();
}

#[test]
fn a_direct_message_to_an_offline_client_survives_a_kill() {
    // J-91: status 8 says that it is stored.
    let mut broker = launch().start();
    online(&broker, "ada").leave();
    let mut bob = online(&broker, "bob");
    for number in 0..5 {
        bob.send(publish_stored("#ada", number, number));
        bob.expect(json!({"pubAck": {"st": 8, "id": number.to_string(), "mg": "*"}}));
    }
    broker.kill();

    broker.restart();
    let mut ada = online(&broker, "ada");
    expect_numbers(&mut ada, "#ada", 0..5);
    ada.expect_silence();
}

#[test]
fn a_client_stays_known_over_kills_and_restarts() {
    // J-91, J-92: only who once had a session is sent direct messages while away.
    let mut broker = launch().start();
    online(&broker, "ada").leave();
    let data_dir = broker.data_dir();
    until("the store knows ada", || {
        let sql = "SELECT count(*) FROM client WHERE name = 'ada'";
        let count: u64 = shell(&data_dir).query_one(sql, [], |row| row.get(0)).unwrap();
        (count == 1).then_some(())
    });
    broker.restart();
    assert!(broker.terminate().0.success());
    broker.restart();

    let mut bob = online(&broker, "bob");
    for client in ["ada", "nobody"] {
        bob.send(publish_stored(&format!("#{client}"), 1, client));
        bob.expect(json!({"pubAck": {"st": 8, "id": client, "mg": "*"}}));
    }
    let mut ada = online(&broker, "ada");
    expect_numbers(&mut ada, "#ada", 1..2);
    ada.expect_silence();
    online(&broker, "nobody").expect_silence();
}
