//! Requests: subscribing, unsubscribing, options (C-18 to C-21, C-24).

use rialto_testkit::CoremqPeer;
use serde_json::json;

use crate::{connect, start, subscriber};

const SUBSCRIBED: &str = "OK: Subscribe successful";
const UNSUBSCRIBED: &str = "OK: Unsubscribe successful";
const SET: &str = "OK: Options set";

/// Proves which of some queues reach `peer`, by a message to each.
#[track_caller]
fn check_subscriptions(peer: &mut CoremqPeer, publisher: &mut CoremqPeer, wanted: &[&str]) {
    for queue in ["a", "b", "c"] {
        publisher.publish(queue, "{}");
        if wanted.contains(&queue) {
            peer.expect_message(queue);
        }
        peer.expect_silence();
    }
}

#[test]
fn a_connection_subscribes_to_one_queue_or_several_and_once_more() {
    // C-18, C-19: with a name or a list, also for what it has or has not; each comes once.
    let broker = start(&[]);
    let (mut ada, mut bob) = (connect(&broker), connect(&broker));
    for (request, response, wanted) in [
        (r#"{"coremq_subscribe":"a"}"#, SUBSCRIBED, &["a"] as &[_]),
        (r#"{"coremq_subscribe":["a"]}"#, SUBSCRIBED, &["a"]),
        (r#"{"coremq_subscribe":["b","c","b"]}"#, SUBSCRIBED, &["a", "b", "c"]),
        (r#"{"coremq_subscribe":[]}"#, SUBSCRIBED, &["a", "b", "c"]),
        (r#"{"coremq_unsubscribe":"b"}"#, UNSUBSCRIBED, &["a", "c"]),
        (r#"{"coremq_unsubscribe":"b"}"#, UNSUBSCRIBED, &["a", "c"]),
        (r#"{"coremq_unsubscribe":["a","never","c"]}"#, UNSUBSCRIBED, &[]),
        (r#"{"coremq_subscribe":"\u0062"}"#, SUBSCRIBED, &["b"]),
    ] {
        ada.expect_response("-", request, response);
        check_subscriptions(&mut ada, &mut bob, wanted);
    }
}

#[test]
fn a_connection_has_the_queue_of_its_id_and_keeps_it() {
    // C-14, C-18
    let broker = start(&[]);
    let (mut ada, mut bob) = (connect(&broker), connect(&broker));
    let id = ada.id().to_owned();
    ada.expect_response("-", json!({"coremq_subscribe": [id, "a"]}), SUBSCRIBED);
    for queue in [&id, "a"] {
        bob.publish(queue, "{}");
        ada.expect_message(queue);
        ada.expect_silence();
    }
}

#[test]
fn options_are_taken_whatever_they_are_and_only_those_that_are_named_change() {
    // C-20
    let broker = start(&[]);
    let mut ada = subscriber(&broker, "a");
    for (options, has_echo) in [
        (r#"{"echo":true}"#, true),
        (r#"{}"#, true),
        (r#"{"color":"red","nested":{"echo":false}}"#, true),
        (r#"{"echo":null}"#, false),
        (r#"{"echo":1,"color":null}"#, true),
        (r#"{"echo":false}"#, false),
    ] {
        let request = format!(r#"{{"coremq_options":{options}}}"#);
        ada.expect_response("-", request, SET);
        ada.publish("a", "{}");
        if has_echo {
            ada.expect_message("a");
        }
        ada.expect_silence();
    }
}

#[test]
fn a_value_of_the_wrong_type_is_refused_and_changes_nothing() {
    // C-21
    let broker = start(&[]);
    let (mut ada, mut bob) = (subscriber(&broker, "a"), connect(&broker));
    for request in [
        r#"{"coremq_subscribe":7}"#,
        r#"{"coremq_subscribe":{"b":1}}"#,
        r#"{"coremq_subscribe":["b",7]}"#,
        r#"{"coremq_subscribe":[["b"]]}"#,
        r#"{"coremq_unsubscribe":true}"#,
        r#"{"coremq_unsubscribe":["a",null]}"#,
        r#"{"coremq_options":"echo"}"#,
        r#"{"coremq_options":["echo"]}"#,
        r#"{"coremq_options":7}"#,
        r#"{"coremq_gethistory":7}"#,
        r#"{"coremq_gethistory":[7]}"#,
        r#"{"coremq_replicant":7}"#,
    ] {
        let answer = ada.ask("a", request);
        let text = answer["response"].as_str().unwrap_or_default();
        assert!(text.starts_with("ERROR: "), "{request} was answered {answer}");
    }
    check_subscriptions(&mut ada, &mut bob, &["a"]);
}

#[test]
fn of_several_requests_in_one_object_the_first_is_served_and_nothing_is_distributed() {
    // C-24
    let broker = start(&[]);
    let (mut ada, mut witness) = (connect(&broker), subscriber(&broker, "a"));
    let rest = r#""coremq_status":1,"coremq_gethistory":["a"],"text":"hello""#;
    let options = r#""coremq_options":{"echo":true}"#;
    for (request, response) in [
        (
            format!(r#"{{{rest},{options},"coremq_unsubscribe":"a","coremq_subscribe":"a"}}"#),
            SUBSCRIBED,
        ),
        (format!(r#"{{{rest},{options},"coremq_unsubscribe":"a"}}"#), UNSUBSCRIBED),
        (format!(r#"{{{rest},{options}}}"#), SET),
    ] {
        ada.expect_response("a", request, response);
    }
    assert_eq!(ada.ask("a", format!("{{{rest}}}")), json!({"history": {}}));
    assert!(ada.ask("a", r#"{"text":"hello","coremq_status":0}"#)["connections"].is_number());
    witness.expect_silence();
}
