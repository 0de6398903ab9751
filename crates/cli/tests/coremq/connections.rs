//! The life of a connection (C-10 to C-16).

use std::collections::BTreeSet;

use rialto_testkit::{CoremqPeer, Transport};
use serde_json::json;

use crate::{connect, start, subscriber, wait_until};

#[test]
fn the_server_speaks_first_and_tells_a_new_random_id() {
    // C-10: a UUID of version 4, and the server's name.
    let broker = start(&["cluster.name=north"]);
    let mut ids = BTreeSet::new();
    for transport in Transport::SOCKETS {
        let listener = if transport.has_tls() { "coremq-tls" } else { "coremq" };
        for _ in 0..50 {
            let address = broker.address_of(listener);
            let mut ada = CoremqPeer::try_connect(&broker, address, transport, "").unwrap();
            let (id, welcome) = ada.recv();
            let text = "OK: Welcome to CoreMQ server";
            assert_eq!(welcome, json!({"response": text, "server": "north"}));
            let dashes: Vec<_> = id.match_indices('-').map(|(at, _)| at).collect();
            assert_eq!((id.len(), dashes), (36, vec![8, 13, 18, 23]), "{id}");
            let is_random = id.as_bytes()[14] == b'4' && b"89ab".contains(&id.as_bytes()[19]);
            assert!(is_random, "{id}");
            ids.insert(id);
        }
    }
    assert_eq!(ids.len(), 100);
}

#[test]
fn what_a_client_says_before_the_welcome_is_answered_after_it() {
    // C-10, C-13
    let broker = start(&[]);
    let mut ada = connect(&broker);
    ada.send_all([
        ("-", r#"{"coremq_subscribe":"a"}"#),
        ("a", "{}"),
        ("-", r#"{"coremq_options":{}}"#),
    ]);
    let id = ada.id().to_owned();
    for response in ["OK: Subscribe successful", "OK: Message sent", "OK: Options set"] {
        ada.expect(&id, json!({"response": response}));
    }
}

#[test]
fn an_answer_goes_to_the_id_whatever_the_queue_of_the_request() {
    // C-11, C-13, C-24: `ask` holds it against the id; what others send at the same time comes
    // behind it.
    let broker = start(&[]);
    let mut ada = subscriber(&broker, "a");
    let mut bob = connect(&broker);
    for queue in ["a", "-", "Grüße", "x"] {
        ada.expect_response(queue, r#"{"coremq_options":{}}"#, "OK: Options set");
        bob.publish("a", "{}");
        ada.expect_message("a");
    }
}

#[test]
fn subscriptions_and_options_end_with_the_connection() {
    // C-15: nothing of it is left, whichever way it ends; the next one begins anew.
    let broker = start(&[]);
    let sessions = broker.stat("sessions");
    for is_reset in [false, true] {
        let mut ada = subscriber(&broker, "a");
        ada.expect_response("-", r#"{"coremq_options":{"echo":true}}"#, "OK: Options set");
        let id = ada.id().to_owned();
        if is_reset {
            ada.reset();
            wait_until("the session ends", || broker.stat("sessions") == sessions);
        } else {
            ada.hang_up();
        }

        let mut bob = connect(&broker);
        bob.publish("a", "{}");
        bob.publish(&id, "{}");
        bob.subscribe("b");
        bob.publish("b", "{}");
        bob.expect_silence();
        bob.hang_up();
    }
    assert_eq!(broker.stat("sessions"), sessions);
}

#[test]
fn a_server_that_stops_ends_connections_in_an_orderly_way() {
    // C-16: with the end of the stream, or a close frame, also behind what was not read yet.
    let mut broker = start(&[]);
    let mut peers = Transport::ALL.map(|transport| {
        let mut peer = CoremqPeer::connect(&broker, transport);
        peer.subscribe("a");
        peer
    });
    connect(&broker).publish("a", r#"{"n":1}"#);
    let (status, _) = broker.terminate();
    assert!(status.success());
    for peer in &mut peers {
        assert_eq!(peer.expect_message("a"), json!({"n": 1}));
        let ending = peer.expect_close();
        assert!(ending.is_goodbye(peer.transport(), 1001), "{}: {ending:?}", peer.transport());
    }
}
