//! The WebSocket gateway (C-34 to C-40).

use rialto_testkit::{CoremqPeer, Ending, Transport};
use serde_json::json;

use crate::{SENT, check_serves, connect, start, subscriber};

#[test]
fn a_websocket_on_any_path_is_served_on_the_same_queues() {
    // C-34, C-37, C-39
    let broker = start(&[]);
    let address = broker.address_of("coremq-websocket");
    let mut reader = subscriber(&broker, "a");
    for transport in Transport::WEBSOCKETS {
        for path in ["/ws", "/", "/any/where?x=1", "/%20"] {
            let mut ada = CoremqPeer::try_connect(&broker, address, transport, path).unwrap();
            ada.subscribe("b");
            ada.send("a", json!({"path": path}));
            assert_eq!(reader.expect_message("a"), json!({"path": path}));
            ada.recv();
            connect(&broker).publish("b", json!({"path": path}));
            assert_eq!(ada.expect_message("b"), json!({"path": path}));
        }
    }
}

#[test]
fn nothing_is_said_before_the_client_does() {
    // C-34, C-35: there is no welcome, and a subscription has no answer.
    let broker = start(&[]);
    for transport in Transport::WEBSOCKETS {
        let mut ada = CoremqPeer::connect(&broker, transport);
        ada.expect_silence();
        ada.send("", r#"{"coremq_subscribe":["a","b"]}"#);
        ada.send("", r#"{"coremq_subscribe":"c"}"#);
        ada.expect_silence();
        let mut bob = connect(&broker);
        for queue in ["a", "b", "c", "d"] {
            bob.publish(queue, "{}");
        }
        for queue in ["a", "b", "c"] {
            ada.expect_message(queue);
        }
        ada.expect_silence();
    }
}

#[test]
fn a_subscription_to_no_queue_is_an_error() {
    // C-35
    let broker = start(&[]);
    let mut ada = CoremqPeer::connect(&broker, Transport::WebSocket);
    for nothing in ["[]", r#""""#, "null"] {
        ada.send("", format!(r#"{{"coremq_subscribe":{nothing}}}"#));
        ada.expect("", r#"{"error":"No queues found"}"#);
    }
}

#[test]
fn the_status_names_the_server_and_counts_connections() {
    // C-36
    let broker = start(&["cluster.name=north"]);
    let mut ada = CoremqPeer::connect(&broker, Transport::WebSocket);
    let _bob = connect(&broker);
    for value in ["1", "0", "null"] {
        let answer = ada.ask("", format!(r#"{{"corews_status":{value}}}"#));
        assert_eq!(answer, json!({"connections": 2, "mq_server": "north"}));
    }
}

#[test]
fn a_message_reaches_the_others_and_its_sender_is_told_so() {
    // C-37 to C-39: under the same id each time, which is the sender the others see.
    let broker = start(&[]);
    let mut reader = subscriber(&broker, "a");
    let mut watcher = CoremqPeer::connect(&broker, Transport::WebSocketTls);
    watcher.subscribe("a");
    let mut ada = CoremqPeer::connect(&broker, Transport::WebSocket);
    ada.subscribe("a");
    let mut ids = Vec::new();
    for object in [r#"{"n":1,"text":"größer"}"#, "{}", r#"{"n":[{"queue":"inner"}]}"#] {
        ada.send("a", object);
        let (id, answer) = ada.recv();
        assert_eq!(answer, json!({"response": SENT}));
        let message = json!({
            "coremq_sender": id, "coremq_sent": "*", "coremq_server": "*"
        });
        let expected: serde_json::Value = serde_json::from_str(object).unwrap();
        for peer in [&mut reader, &mut watcher] {
            let mut all = expected.clone();
            all.as_object_mut().unwrap().extend(message.as_object().unwrap().clone());
            peer.expect("a", all);
        }
        ids.push(id);
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "its id changed");
    ada.expect_silence();
}

#[test]
fn requests_with_a_queue_are_served_as_over_tcp() {
    // C-37: the gateway passed them on to the server; the answer has the id as queue.
    let broker = start(&[]);
    connect(&broker).publish("a", r#"{"n":1}"#);
    let mut ada = CoremqPeer::connect(&broker, Transport::WebSocket);
    ada.subscribe("a");
    ada.expect_response("a", r#"{"coremq_options":{"echo":true}}"#, "OK: Options set");
    ada.publish("a", r#"{"n":2}"#);
    assert_eq!(ada.expect_message("a"), json!({"n": 2}));
    let answer = ada.ask("a", r#"{"coremq_gethistory":["a"]}"#);
    assert_eq!(answer["history"]["a"].as_array().unwrap().len(), 2);
    assert!(ada.ask("a", r#"{"coremq_status":1}"#)["master"].is_string());
    ada.expect_response("a", r#"{"coremq_unsubscribe":"a"}"#, "OK: Unsubscribe successful");
    connect(&broker).publish("a", r#"{"n":3}"#);
    ada.expect_silence();
}

#[test]
fn what_is_no_command_is_answered_with_an_error() {
    // C-40
    let broker = start(&[]);
    let mut ada = CoremqPeer::connect(&broker, Transport::WebSocket);
    for text in [
        "{}",
        r#"{"text":"hello"}"#,
        r#"{"queue":""}"#,
        r#"{"queue":7,"n":1}"#,
        r#"{"coremq_status":1}"#,
        r#"{"coremq_gethistory":["a"]}"#,
        "[]",
        r#"["a"]"#,
        "7",
        r#""text""#,
        "null",
    ] {
        ada.send("", text);
        ada.expect("", r#"{"error":"Command not recognized"}"#);
    }
    ada.expect_silence();
}

#[test]
fn a_text_that_is_no_json_closes_that_connection_only() {
    // C-40: behind the answers to what came before.
    let broker = start(&[]);
    let mut witness = CoremqPeer::connect(&broker, Transport::WebSocket);
    witness.subscribe("a");
    for transport in Transport::WEBSOCKETS {
        for text in ["", " ", "{", "hello", r#"{"queue":"a"}}"#, r#"{"queue":"a","n":NaN}"#] {
            let mut ada = CoremqPeer::connect(&broker, transport);
            ada.send_all([("a", r#"{"n":1}"#), ("", text), ("a", r#"{"n":2}"#)]);
            assert_eq!(ada.recv().1, json!({"response": SENT}), "{text:?}");
            let ending = ada.expect_close();
            let is_it = matches!(ending, Ending::Closed { code: 1002, .. });
            assert!(is_it, "{transport}, {text:?}: {ending:?}");
            assert_eq!(witness.expect_message("a"), json!({"n": 1}));
        }
    }
    witness.expect_silence();
    check_serves(&broker);
}

#[test]
fn a_binary_message_closes_that_connection_only() {
    // C-34: packets are texts.
    let broker = start(&[]);
    for transport in Transport::WEBSOCKETS {
        let mut ada = CoremqPeer::connect(&broker, transport);
        ada.send_binary(br#"{"queue":"a","n":1}"#);
        ada.expect_last_word(1003);
    }
    check_serves(&broker);
}

#[test]
fn a_socket_without_an_upgrade_is_not_served() {
    // C-34: neither a TCP client of CoreMQ nor one of JMQT.
    let broker = start(&[]);
    let address = broker.address_of("coremq-websocket");
    for bytes in ["+4 a {}", "{\"auth\":{}}\0"] {
        let mut ada = CoremqPeer::try_connect(&broker, address, Transport::Tcp, "").unwrap();
        ada.send_raw(bytes.as_bytes());
        let ending = ada.expect_close();
        assert!(matches!(ending, Ending::Eof | Ending::Reset), "{ending:?}");
    }
    check_serves(&broker);
}
