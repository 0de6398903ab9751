//! From point to point: the queue of a connection's id (C-14), and direct channels of JMQT.

use rialto_testkit::{CoremqPeer, Peer, Transport};
use serde_json::json;

use crate::{SENT, connect, start};

#[test]
fn a_message_to_an_id_reaches_that_connection_alone() {
    // C-14, C-25: on every way; to itself only with an echo.
    let broker = start(&[]);
    for transport in Transport::SOCKETS {
        let mut ada = CoremqPeer::connect(&broker, transport);
        let (mut bob, mut eve) = (connect(&broker), connect(&broker));
        let (ada_id, bob_id) = (ada.id().to_owned(), bob.id().to_owned());
        eve.subscribe(&bob_id);
        ada.publish(&bob_id, r#"{"n":1}"#);
        assert_eq!(bob.expect_message(&bob_id), json!({"n": 1}));
        bob.publish(&ada_id, r#"{"n":2}"#);
        assert_eq!(ada.expect_message(&ada_id), json!({"n": 2}));

        ada.publish(&ada_id, r#"{"n":3}"#);
        ada.expect_silence();
        ada.expect_response("-", r#"{"coremq_options":{"echo":true}}"#, "OK: Options set");
        ada.publish(&ada_id, r#"{"n":4}"#);
        assert_eq!(ada.expect_message(&ada_id), json!({"n": 4}));
        // C-13: also under the name that JMQT has for it.
        ada.publish(&format!("#{ada_id}"), r#"{"n":5}"#);
        assert_eq!(ada.expect_message(&ada_id), json!({"n": 5}));
        for peer in [&mut ada, &mut bob, &mut eve] {
            peer.expect_silence();
        }
    }
}

#[test]
fn the_sender_of_a_message_can_be_answered() {
    // C-14, C-27: from the gateway as well, whose clients see their id as the queue of an answer
    // (C-38).
    let broker = start(&[]);
    let mut service = connect(&broker);
    service.subscribe("service");
    for transport in Transport::ALL {
        let mut ada = CoremqPeer::connect(&broker, transport);
        ada.send("service", r#"{"question":1}"#);
        let (id, answer) = ada.recv();
        assert_eq!(answer, json!({"response": SENT}));
        let (_, message) = service.recv();
        assert_eq!(message["coremq_sender"], *id, "{transport}");
        service.publish(&id, r#"{"answer":2}"#);
        assert_eq!(ada.expect_message(&id), json!({"answer": 2}), "{transport}");
    }
}

#[test]
fn a_jmqt_client_reaches_a_connection_by_its_direct_channel() {
    // C-14, C-30: with either quality; it is told when there is nobody any more.
    let broker = start(&[]);
    let mut ada = connect(&broker);
    let id = ada.id().to_owned();
    let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
    bob.send(json!({"pub": {"cn": format!("#{id}"), "dt": {"n": 1}}}));
    assert_eq!(ada.expect_message(&id), json!({"n": 1}));
    bob.send(json!({"pub": {"cn": format!("#{id}"), "dt": "hello", "q": 1, "id": "7"}}));
    bob.expect(r#"{"pubAck":{"st":1,"id":"7"}}"#);
    ada.expect(&id, json!({
        "coremq_string": "hello", "coremq_sender": "bob", "coremq_sent": "*", "coremq_server": "*"
    }));
    ada.hang_up();
    bob.send(json!({"pub": {"cn": format!("#{id}"), "dt": 1, "q": 1, "id": "8"}}));
    let answer = bob.recv();
    assert_ne!(answer["pubAck"]["st"], 1, "{answer}");
}

#[test]
fn a_connection_reaches_a_jmqt_client_by_its_direct_channel() {
    // C-25: it is told when that client is not there.
    let broker = start(&[]);
    for transport in Transport::ALL {
        let mut ada = CoremqPeer::connect(&broker, transport);
        let mut bob = Peer::online(&broker, transport, "bob");
        ada.send("#bob", r#"{"n":1}"#);
        let (id, answer) = ada.recv();
        assert_eq!(answer, json!({"response": SENT}));
        bob.expect(json!({"push": {"cn": "#bob", "dt": {"n": 1}, "cl": id}}));
        ada.send("#bob", r#"{"coremq_string":"hello"}"#);
        assert_eq!(ada.recv().1, json!({"response": SENT}));
        bob.expect(json!({"push": {"cn": "#bob", "dt": "hello", "cl": id}}));
        bob.leave();
        ada.send("#bob", r#"{"n":2}"#);
        let (_, answer) = ada.recv();
        let text = if transport.is_websocket() { &answer["error"] } else { &answer["response"] };
        assert!(text.as_str().is_some_and(|text| text.contains("offline")), "{answer}");
    }
}

#[test]
fn a_jmqt_client_cannot_take_the_id_of_a_connection() {
    // C-14: the messages to it are its own.
    let broker = start(&[]);
    let mut ada = connect(&broker);
    let id = ada.id().to_owned();
    let mut eve = Peer::connect(&broker, Transport::Tcp);
    let grant = eve.ask(json!({"auth": {"dt": {"client_name": id}}}));
    let token = grant["authAck"]["at"].as_str().expect("whoever asks is given a token");
    let answer = eve.ask(json!({"conn": {"at": token, "cl": id}}));
    assert_eq!(answer["connAck"]["st"], 7, "{answer}");
    connect(&broker).publish(&id, r#"{"n":1}"#);
    assert_eq!(ada.expect_message(&id), json!({"n": 1}));
}
