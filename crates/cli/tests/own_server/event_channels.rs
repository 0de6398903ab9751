//! What happens, as messages on channels of its own.

use rialto_testkit::{Broker, CoremqPeer, Peer, Transport};
use serde_json::{Value, json};

use crate::{http::ask, start, status, until};

const ALL: &str = r#"
[events]
publish = ["connected", "disconnected", "subscribed", "refused", "slow-consumer", "store"]
readers = ["eye"]

[access]
rules = [
    { deny = ["publish"], channels = ["closed"], name = "shut" },
    { allow = ["publish", "subscribe", "history", "control"], channels = ["*"] },
]

[[api.keys]]
name = "mouth"
key = "0123456789abcdef"
"#;

/// Connects the one that may read events, subscribed to some kinds.
fn eye(broker: &Broker, kinds: &[&str]) -> Peer {
    let mut eye = Peer::online(broker, Transport::Tcp, "eye");
    for kind in kinds {
        eye.subscribe(&format!("$events/{kind}"));
    }
    eye
}

/// Takes the next event, which must be of this kind, without what differs each time.
#[track_caller]
fn event(eye: &mut Peer, kind: &str) -> Value {
    let mut push = eye.recv()["push"].take();
    assert_eq!(push["cn"], format!("$events/{kind}"), "{push}");
    let mut event = push["dt"].take();
    assert_eq!(event["event"], kind);
    assert!(event["server"].is_string() && event["at_ms"].is_u64(), "{event}");
    for field in ["event", "server", "at_ms", "listener", "address", "session", "lasted_ms"] {
        event.as_object_mut().unwrap().remove(field);
    }
    event
}

#[test]
fn a_reader_sees_who_comes_subscribes_is_refused_and_goes_and_nothing_of_itself() {
    let broker = start(ALL);
    let mut eye = eye(&broker, &["connected", "disconnected", "subscribed", "refused"]);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    assert_eq!(event(&mut eye, "connected"), json!({"client": "ada", "dialect": "jmqt"}));
    ada.subscribe("room");
    assert_eq!(event(&mut eye, "subscribed"), json!({"client": "ada", "channel": "room"}));
    ada.ask(r#"{"pub":{"cn":"closed","dt":1,"id":"1"}}"#);
    let refused = event(&mut eye, "refused");
    assert_eq!(
        refused,
        json!({"what": "publish-refused", "reason": "rule", "rule": "1 shut", "client": "ada",
               "channel": "closed", "dialect": "jmqt"})
    );
    // Subscribing to one more channel of events is none.
    eye.subscribe("$events/store");
    ada.send(r#"{"disconn":{}}"#);
    let gone = event(&mut eye, "disconnected");
    assert_eq!((&gone["client"], gone["reason"].is_string()), (&"ada".into(), true), "{gone}");
    eye.expect_silence();
}

#[test]
fn nobody_else_reads_what_is_told_and_nobody_tells_it_but_the_server() {
    let broker = start(ALL);
    let mut eye = eye(&broker, &["connected", "refused"]);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    event(&mut eye, "connected");
    let answer = ada.ask(r#"{"sub":{"cn":"$events/connected","pr":0}}"#);
    assert_eq!(status(&answer, "subAck").0, 7, "{answer}");
    assert_eq!(event(&mut eye, "refused")["channel"], "$events/connected");
    for peer in [&mut ada, &mut eye] {
        let answer = peer.ask(r#"{"pub":{"cn":"$events/connected","dt":{},"q":1,"id":"1"}}"#);
        let answer = if answer["push"].is_object() { peer.recv() } else { answer };
        assert_ne!(status(&answer, "pubAck").0, 1, "{answer}");
    }
    let forged = r#"{"channel":"$events/connected","payload":{}}"#;
    let answer = ask(&broker, "POST /v1/publish", Some("0123456789abcdef"), forged);
    assert!(400 <= answer.status, "{}", answer.body);

    let mut mia = CoremqPeer::connect(&broker, Transport::Tcp);
    mia.send("$events/connected", r#"{"forged":1}"#);
    let bob = Peer::online(&broker, Transport::Tcp, "bob");
    let mut seen = Vec::new();
    until("bob is told of", || {
        let event = eye.recv()["push"]["dt"].take();
        seen.push(event.clone());
        (event["client"] == "bob" && event["event"] == "connected").then_some(())
    });
    assert!(seen.iter().all(|event| event["event"].is_string()), "{seen:?}");
    drop(bob);
}

#[test]
fn nothing_is_told_that_was_not_asked_for() {
    let broker = start("[events]\npublish = [\"store\"]\nreaders = [\"*\"]\n");
    let mut eye = eye(&broker, &["connected", "store", "subscribed"]);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe("room");
    eye.expect_silence();
    std::fs::remove_file(broker.data_dir().join("rialto.db")).unwrap();
    ada.ask(r#"{"sub":{"cn":"vault","pr":1}}"#);
    assert_eq!(event(&mut eye, "store"), json!({"state": "failing"}));
}

#[test]
fn more_than_a_thousand_in_a_second_are_counted() {
    let broker = start(ALL);
    let mut eye = eye(&broker, &["refused", "left-out"]);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    const COUNT: u64 = 5000;
    let refused = r#"{"pub":{"cn":"closed","dt":1}}"#;
    for _ in 0..COUNT / 100 {
        ada.send_all(&[refused; 100]);
    }
    let (mut told, mut left_out) = (0, 0);
    until("all are told of or counted", || {
        let event = eye.recv()["push"]["dt"].take();
        told += u64::from(event["event"] == "refused");
        left_out += event["left_out"]["refused"].as_u64().unwrap_or_default();
        (told + left_out == COUNT).then_some(())
    });
    // Who connected was told of in the first second, too.
    assert!(0 < left_out && 990 <= told, "{told} told, {left_out} left out");
}
