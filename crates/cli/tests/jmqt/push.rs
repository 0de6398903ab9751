//! Pushes: `push`, `pushAck` (J-64 to J-70).

use std::collections::HashSet;

use rialto_testkit::{Peer, Transport};
use serde_json::json;

use crate::{check, start};

#[test]
fn a_push_says_what_was_published_where_by_whom_and_how() {
    // J-64, J-65: q and id only with quality 1.
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        bob online
        bob > {"pub":{"cn":"room","dt":{"n":1},"id":"1"}}
        ada < {"push":{"cn":"room","dt":{"n":1},"cl":"bob"}}
        bob > {"pub":{"cn":"room","dt":{"n":2},"q":0}}
        ada < {"push":{"cn":"room","dt":{"n":2},"cl":"bob"}}
        bob > {"pub":{"cn":"room","dt":{"n":3},"q":1,"id":"3"}}
        bob < {"pubAck":{"st":1,"id":"3"}}
        ada < {"push":{"cn":"room","dt":{"n":3},"cl":"bob","q":1,"id":"<m3>"}}
        "#,
    );
}

#[test]
fn every_unacknowledged_message_has_an_id_of_its_own() {
    // J-66: made by the server, a non-empty string, over all channels and all kinds of
    // subscription, and over a restart.
    let mut broker = start(&[]);
    let mut ids = HashSet::new();
    for round in 0..2 {
        let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
        // What was stored before the restart, and not acknowledged: under the ids it had.
        gather_ids(&mut ada, 15 * round, &mut ids);
        let mut bob = Peer::online(&broker, Transport::WebSocket, "bob");
        let logs = [format!("log 1, {round}"), format!("log 2, {round}")];
        ada.subscribe("live 1");
        ada.subscribe("live 2");
        ada.subscribe_for_good(&logs[0]);
        ada.subscribe_for_good(&logs[1]);
        for _ in 0..5 {
            for channel in ["live 1", &logs[0], "#ada", "live 2", &logs[1]] {
                bob.send(json!({"pub": {"cn": channel, "dt": 1, "q": 1, "id": "the same"}}));
                bob.expect(r#"{"pubAck":{"st":1,"id":"the same"}}"#);
            }
        }
        gather_ids(&mut ada, 25, &mut ids);
        ada.expect_silence();
        broker.restart();
    }
    assert_eq!(ids.len(), 50);
}

/// Takes that many pushes, all with different ids.
#[track_caller]
fn gather_ids(peer: &mut Peer, count: usize, ids: &mut HashSet<String>) {
    let mut present = HashSet::new();
    for _ in 0..count {
        let push = peer.recv();
        let id = push["push"]["id"].as_str().unwrap();
        assert!(!id.is_empty() && id != "the same", "{push}");
        assert!(present.insert(id.to_owned()), "{push} has the id of another");
    }
    ids.extend(present);
}

#[test]
fn the_messages_of_a_publisher_come_in_the_order_sent() {
    // J-67: to a channel with one QoS, each publisher's own order, whatever else is under way.
    const COUNT: u64 = 300;
    let broker = start(&[]);
    for transport in Transport::ALL {
        for (q, persistence) in [(0, 0), (1, 0), (1, 1)] {
            let mut ada = Peer::online(&broker, transport, "ada");
            ada.send(format!(r#"{{"sub":{{"cn":"room","pr":{persistence}}}}}"#));
            ada.expect(r#"{"subAck":{"st":1,"cn":"room"}}"#);
            let names = ["bob", "eve"];
            let mut publishers = names.map(|name| Peer::online(&broker, transport, name));
            for n in 0..COUNT {
                for publisher in &mut publishers {
                    publisher.send(json!({"pub": {"cn": "room", "dt": n, "q": q, "id": "1"}}));
                    publisher.send(json!({"pub": {"cn": "hall", "dt": n, "q": 0}}));
                }
            }
            let mut next = [0; 2];
            for _ in 0..2 * COUNT {
                let push = ada.recv()["push"].take();
                let from = names.iter().position(|name| push["cl"] == *name).unwrap();
                assert_eq!(push["dt"], next[from], "{transport}, q {q}: {push}");
                next[from] += 1;
                if q == 1 {
                    ada.send(json!({"pushAck": {"id": push["id"]}}));
                }
            }
            ada.send(r#"{"unsub":{"cn":"room"}}"#);
            ada.expect(r#"{"unsubAck":{"st":1,"cn":"room"}}"#);
            ada.leave();
        }
    }
}

#[test]
fn an_acknowledged_message_does_not_come_again() {
    // J-68: with st 1 or without st, even to a client that is back at once.
    check(
        r#"
        bob online
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        ada < {"subAck":{"st":1,"cn":"log"}}
        bob > {"pub":{"cn":"log","dt":1,"q":1,"id":"1"}}
        bob < {"pubAck":{"st":1,"id":"1"}}
        bob > {"pub":{"cn":"log","dt":2,"q":1,"id":"2"}}
        bob < {"pubAck":{"st":1,"id":"2"}}
        bob > {"pub":{"cn":"log","dt":3,"q":1,"id":"3"}}
        bob < {"pubAck":{"st":1,"id":"3"}}
        ada < {"push":{"cn":"log","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
        ada < {"push":{"cn":"log","dt":2,"cl":"bob","q":1,"id":"<m2>"}}
        ada < {"push":{"cn":"log","dt":3,"cl":"bob","q":1,"id":"<m3>"}}
        ada > {"pushAck":{"id":"<m1>"}}
        ada > {"pushAck":{"st":1,"id":"<m3>"}}
        ada leaves
        ada online
        ada < {"push":{"cn":"log","dt":2,"cl":"bob","q":1,"id":"<m2>"}}
        ada silent
        ada > {"pushAck":{"id":"<m2>"}}
        ada drops
        ada online
        ada silent
        "#,
    );
}

#[test]
fn a_push_ack_that_says_no_leaves_the_message_unacknowledged() {
    // J-69
    check(
        r#"
        bob online
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        ada < {"subAck":{"st":1,"cn":"log"}}
        bob > {"pub":{"cn":"log","dt":1,"q":1,"id":"1"}}
        bob < {"pubAck":{"st":1,"id":"1"}}
        ada < {"push":{"cn":"log","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
        ada > {"pushAck":{"st":0,"id":"<m1>"}}
        ada > {"pushAck":{"st":5,"id":"<m1>"}}
        ada > {"pushAck":{"st":10,"id":"<m1>"}}
        ada silent
        ada leaves
        ada online
        ada < {"push":{"cn":"log","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
        ada silent
        "#,
    );
}

#[test]
fn a_push_ack_for_nothing_is_ignored() {
    // J-70: without an id, with one that was never given, with another client's, twice.
    check(
        r#"
        bob online
        eve online
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        ada < {"subAck":{"st":1,"cn":"log"}}
        bob > {"pub":{"cn":"log","dt":1,"q":1,"id":"1"}}
        bob < {"pubAck":{"st":1,"id":"1"}}
        ada < {"push":{"cn":"log","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
        eve > {"pushAck":{"id":"<m1>"}}
        eve silent
        ada > {"pushAck":{}}
        ada > {"pushAck":{"id":null}}
        ada > {"pushAck":{"id":"1"}}
        ada > {"pushAck":{"id":""}}
        ada > {"pushAck":{"id":"0-0"}}
        ada > {"pushAck":{"id":"1-2"}}
        ada > {"pushAck":{"id":"18446744073709551615-18446744073709551615"}}
        ada > {"pushAck":{"id":"1-18446744073709551616"}}
        ada > {"pushAck":{"id":"l99"}}
        ada > {"pushAck":{"id":"ünï"}}
        ada silent
        ada leaves
        ada online
        ada < {"push":{"cn":"log","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
        bob > {"pub":{"cn":"log","dt":2,"q":1,"id":"2"}}
        bob < {"pubAck":{"st":1,"id":"2"}}
        ada < {"push":{"cn":"log","dt":2,"cl":"bob","q":1,"id":"<m2>"}}
        ada > {"pushAck":{"id":"<m1>"}}
        ada > {"pushAck":{"id":"<m1>"}}
        ada silent
        ada leaves
        ada online
        ada < {"push":{"cn":"log","dt":2,"cl":"bob","q":1,"id":"<m2>"}}
        ada silent
        "#,
    );
}
