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

/// As [`eye`], once it was told that it has come itself.
fn settled_eye(broker: &Broker, kinds: &[&str]) -> Peer {
    let mut eye = Peer::online(broker, Transport::Tcp, "eye");
    until("its own begin is told", || {
        let path = "GET /v1/events?kind=connected&client=eye";
        let told = ask(broker, path, Some("0123456789abcdef"), "").json();
        told["events"][0].is_object().then_some(())
    });
    kinds.iter().for_each(|kind| eye.subscribe(&format!("$events/{kind}")));
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
    let mut eye = settled_eye(&broker, &["connected", "disconnected", "subscribed", "refused"]);
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
    let mut eye = settled_eye(&broker, &["connected", "refused"]);
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

/// Has a client not read what it is sent until the broker tells of it.
#[track_caller]
fn slow_consumer(broker: &Broker) -> Value {
    let mut eye = eye(broker, &["slow-consumer"]);
    let mut bob = Peer::online(broker, Transport::Tcp, "bob");
    bob.subscribe("room");
    let mut ada = Peer::online(broker, Transport::Tcp, "ada");
    let message = format!(r#"{{"pub":{{"cn":"room","dt":"{}"}}}}"#, "x".repeat(8 << 10));
    let told = std::thread::scope(|scope| {
        let told = scope.spawn(move || event(&mut eye, "slow-consumer"));
        // More than the socket's buffers hold, however large the system makes them.
        while !told.is_finished() {
            ada.send_all(&[message.as_str(); 64]);
        }
        told.join().unwrap()
    });
    drop(bob);
    told
}

#[test]
fn a_client_that_does_not_read_is_told_of_with_what_is_done_about_it() {
    const SMALL: &str = "\n[limits]\noutbox_bytes_max = \"64KiB\"\npacket_bytes_max = \"64KiB\"\n";
    for (slow_consumer_is, action) in [("drop", "messages-dropped"), ("close", "closed")] {
        let settings = format!(
            "{ALL}{SMALL}[delivery]\nslow_consumer = \"{slow_consumer_is}\"\npublisher_stall_max = \"0s\"\n"
        );
        let broker = start(&settings);
        let told = slow_consumer(&broker);
        assert_eq!((&told["client"], &told["action"]), (&json!("bob"), &json!(action)), "{told}");
        assert!(32 << 10 < told["waiting_bytes"].as_u64().unwrap(), "{told}");
        let key = Some("0123456789abcdef");
        let recent = ask(&broker, "GET /v1/events?kind=slow-consumer&client=bob", key, "").json();
        assert_eq!(recent["events"][0]["action"], action, "{recent}");
    }
}

#[test]
fn one_who_may_not_read_events_any_more_loses_the_subscription_at_a_reload() {
    let broker = start(ALL);
    let mut eye = settled_eye(&broker, &["connected"]);
    let ada = Peer::online(&broker, Transport::Tcp, "ada");
    assert_eq!(event(&mut eye, "connected")["client"], "ada");
    broker.configure(&ALL.replace("readers = [\"eye\"]", "readers = [\"ada\"]"));
    broker.hang_up();
    let mut ada = ada;
    until("the new reader is let in", || {
        let answer = ada.ask(r#"{"sub":{"cn":"$events/connected","pr":0}}"#);
        (status(&answer, "subAck").0 == 1).then_some(())
    });
    let bob = Peer::online(&broker, Transport::Tcp, "bob");
    assert_eq!(event(&mut ada, "connected")["client"], "bob");
    eye.expect_silence();
    let answer = eye.ask(r#"{"sub":{"cn":"$events/connected","pr":0}}"#);
    assert_eq!(status(&answer, "subAck").0, 7, "{answer}");
    drop(bob);
}

#[test]
fn troubles_are_kept_for_whoever_asks_though_no_kind_is_told() {
    let key = Some("0123456789abcdef");
    let broker = start(&ALL.replace("publish = [\"connected\", \"disconnected\", \"subscribed\", \"refused\", \"slow-consumer\", \"store\"]", "publish = []"));
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    for _ in 0..3 {
        ada.ask(r#"{"pub":{"cn":"closed","dt":1,"id":"1"}}"#);
    }
    let recent = until("it is kept", || {
        let recent = ask(&broker, "GET /v1/events?channel=closed", key, "").json();
        (recent["events"][0]["count"] == 3).then_some(recent)
    });
    let event = &recent["events"][0];
    assert_eq!(
        (&event["event"], &event["rule"]),
        (&json!("refused"), &json!("1 shut")),
        "{recent}"
    );
    assert_eq!(ask(&broker, "GET /v1/events?kind=store", key, "").json(), json!({"events": []}));
    assert_eq!(ask(&broker, "GET /v1/events?kind=nonsense", key, "").status, 400);
}
