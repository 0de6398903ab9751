//! Packets take effect in their order, whoever is waited for; nobody else waits.

use std::ops::RangeInclusive;

use rialto_testkit::{Broker, CoremqPeer, Peer, Transport};
use serde_json::{Value, json};

use crate::{
    application::{Answer, Application, Barrier},
    launch, start,
};

const BURST: RangeInclusive<u32> = 1..=50;

#[test]
fn a_burst_arrives_in_order_behind_slow_answers() {
    for transport in Transport::ALL {
        let (application, barrier) = holding("publish");
        let broker = start(&application);
        let mut ada = Peer::online(&broker, transport, "ada");
        let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
        bob.subscribe("room");
        let packets: Vec<String> = BURST.map(publish).collect();
        let packets: Vec<&str> = packets.iter().map(String::as_str).collect();
        ada.send_all(&packets);
        ada.send(r#"{"hb":{}}"#);
        application.wait_for("publish", 1);
        // One at a time: the second is not asked about before the first is decided.
        bob.expect_silence();
        assert_eq!(application.events_of("publish").len(), 1);
        barrier.open();
        for number in BURST {
            bob.expect(json!({"push": {"cn": "room", "dt": number, "cl": "ada"}}));
        }
        ada.expect(r#"{"hbAck":{}}"#);
        let asked = application.events_of("publish");
        let numbers: Vec<&Value> = asked.iter().map(|event| &event["payload"]).collect();
        assert_eq!(numbers, BURST.collect::<Vec<_>>());
    }
}

#[test]
fn frames_cut_in_the_middle_keep_their_order_behind_a_decision() {
    let (application, barrier) = holding("publish");
    let broker = start(&application);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    bob.subscribe("room");
    let bytes: Vec<u8> = BURST.flat_map(|number| (publish(number) + "\0").into_bytes()).collect();
    let (first, rest) = bytes.split_at(publish(1).len() + 10);
    ada.send_raw(first);
    application.wait_for("publish", 1);
    ada.send_raw(rest);
    barrier.open();
    for number in BURST {
        bob.expect(json!({"push": {"cn": "room", "dt": number, "cl": "ada"}}));
    }
}

#[test]
fn pipelined_requests_of_coremq_are_answered_in_order() {
    let (application, barrier) = holding("publish");
    let broker = start(&application);
    let mut ada = CoremqPeer::connect(&broker, Transport::Tcp);
    let mut bob = CoremqPeer::connect(&broker, Transport::Tcp);
    bob.subscribe("room");
    ada.send_all(BURST.map(|number| ("room".to_owned(), json!({"n": number}).to_string())));
    application.wait_for("publish", 1);
    bob.expect_silence();
    barrier.open();
    for number in BURST {
        assert_eq!(bob.expect_message("room"), json!({"n": number}));
    }
}

#[test]
fn a_heartbeat_is_answered_behind_the_decision_before_it() {
    let (application, barrier) = holding("subscribe");
    let broker = start(&application);
    let mut ada = Peer::online(&broker, Transport::WebSocket, "ada");
    ada.send_all(&[r#"{"sub":{"cn":"room"}}"#, r#"{"hb":{}}"#]);
    application.wait_for("subscribe", 1);
    barrier.open();
    ada.expect(r#"{"subAck":{"st":1,"cn":"room"}}"#);
    ada.expect(r#"{"hbAck":{}}"#);
}

#[test]
fn who_leaves_before_the_decision_leaves_nothing_behind() {
    let (application, barrier) = holding("publish");
    let broker = start(&application);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.send(publish(1));
    application.wait_for("publish", 1);
    ada.reset();
    let close = application.wait_for("close", 1).remove(0);
    assert_eq!((&close["client"], &close["code"]), (&json!("ada"), &json!("ended")));
    barrier.open();
    check_serves(&broker);
}

#[test]
fn no_more_requests_are_under_way_than_allowed() {
    let (application, barrier) = holding("publish");
    let broker = launch(&application.url()).set("webhook.concurrency_max=2").start();
    let mut peers: Vec<Peer> = (0..5)
        .map(|number| Peer::online(&broker, Transport::Tcp, &format!("client-{number}")))
        .collect();
    for peer in &mut peers {
        peer.send(publish(1));
        peer.send(r#"{"hb":{}}"#);
    }
    application.wait_for("publish", 2);
    barrier.open();
    for peer in &mut peers {
        peer.expect(r#"{"hbAck":{}}"#);
    }
    assert_eq!(application.events_of("publish").len(), 5);
    assert_eq!(application.at_once_most(), 2);
}

/// Starts an application whose answers to one kind of event wait until the barrier is open.
fn holding(kind: &'static str) -> (Application, Barrier) {
    let barrier = Barrier::default();
    let held = barrier.clone();
    let application = Application::start(move |event| {
        if event["event"] == kind {
            held.pass();
        }
        Answer::Default
    });
    (application, barrier)
}

fn publish(number: u32) -> String {
    json!({"pub": {"cn": "room", "dt": number}}).to_string()
}

#[track_caller]
fn check_serves(broker: &Broker) {
    let mut bob = Peer::online(broker, Transport::Tcp, "bob");
    bob.expect_silence();
    // Whoever asks is the second: bob is online, and nobody else.
    assert_eq!(broker.stat("sessions"), 2);
}
