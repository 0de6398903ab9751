//! TLS, and authentication where the server asks for it.

use std::io::Read as _;

use rialto_testkit::{Broker, CoremqPeer, Transport};
use serde_json::json;

use crate::{check_serves, connect, start};

/// Settings of a server that serves only those who have a token.
const TOKENS: [&str; 2] =
    ["access.mode=tokens", r#"access.tokens=[{client="pump",token="secret"}]"#];

const LOG_IN: &str = r#"{"coremq_options":{"client":"pump","token":"secret"}}"#;

/// Connects and brings the token.
#[track_caller]
fn logged_in(broker: &Broker, transport: Transport) -> CoremqPeer {
    let mut peer = CoremqPeer::connect(broker, transport);
    peer.expect_response("-", LOG_IN, "OK: Options set");
    peer
}

#[test]
fn a_listener_that_requires_tls_serves_nobody_without() {
    // C-10: not even a welcome is said in plain.
    let broker = start(&["limits.authenticate_timeout=300ms"]);
    let address = broker.address_of("coremq-tls");
    let mut ada = CoremqPeer::try_connect(&broker, address, Transport::Tcp, "").unwrap();
    ada.send_raw(b"+4 a {}");
    let mut said = Vec::new();
    _ = ada.socket().read_to_end(&mut said);
    let said = String::from_utf8_lossy(&said);
    assert!(!said.contains("Welcome"), "{said}");
    check_serves(&broker);
}

#[test]
fn a_server_with_tokens_serves_nobody_before_it_has_theirs() {
    // C-21: every request and message is answered with an error, and nothing comes.
    // It tries many tokens, which would be slowed down.
    let broker = start(&[TOKENS[0], TOKENS[1], "access.attempt_delay_max=0s"]);
    let mut member = logged_in(&broker, Transport::Tcp);
    member.expect_response("-", r#"{"coremq_subscribe":"a"}"#, "OK: Subscribe successful");
    for transport in Transport::ALL {
        let mut ada = CoremqPeer::connect(&broker, transport);
        for request in [
            r#"{"coremq_subscribe":"a"}"#,
            r#"{"coremq_unsubscribe":"a"}"#,
            r#"{"coremq_options":{"echo":true}}"#,
            r#"{"coremq_options":{"client":"pump"}}"#,
            r#"{"coremq_options":{"client":"pump","token":"Secret"}}"#,
            r#"{"coremq_options":{"client":"ada","token":"secret"}}"#,
            r#"{"coremq_options":{"token":"secret"}}"#,
            r#"{"coremq_gethistory":["a"]}"#,
            r#"{"coremq_status":1}"#,
            r#"{"coremq_replicant":"north:6747"}"#,
            r#"{"corews_status":1}"#,
            r#"{"n":1}"#,
        ] {
            let answer = ada.ask("a", request);
            let text =
                if transport.is_websocket() { &answer["error"] } else { &answer["response"] };
            let text = text.as_str().unwrap_or_default();
            assert!(transport.is_websocket() || text.starts_with("ERROR: "), "{request}: {answer}");
            assert!(!text.is_empty(), "{transport}, {request}: {answer}");
        }
        member.publish("a", "{}");
        if !transport.is_websocket() {
            let id = ada.id().to_owned();
            // Nobody is there under that id yet.
            member.publish(&id, "{}");
        }
        ada.expect_response("a", LOG_IN, "OK: Options set");
        ada.subscribe("a");
        member.publish("a", r#"{"n":2}"#);
        assert_eq!(ada.expect_message("a"), json!({"n": 2}));
    }
    member.expect_silence();
}

#[test]
fn a_token_and_other_options_may_be_set_together() {
    // C-20, C-26
    let broker = start(&TOKENS);
    let mut ada = connect(&broker);
    let options = json!({"client": "pump", "token": "secret", "echo": true, "color": "red"});
    ada.expect_response("-", json!({"coremq_options": options}), "OK: Options set");
    ada.subscribe("a");
    ada.publish("a", "{}");
    ada.expect_message("a");
    let id = ada.id().to_owned();
    ada.publish(&id, "{}");
    ada.expect_message(&id);
}

#[test]
fn several_connections_may_have_the_same_token() {
    // C-10, C-14: each has its own id.
    let broker = start(&TOKENS);
    let mut ada = logged_in(&broker, Transport::Tcp);
    let mut bob = logged_in(&broker, Transport::Tls);
    let (ada_id, bob_id) = (ada.id().to_owned(), bob.id().to_owned());
    ada.publish(&bob_id, r#"{"n":1}"#);
    assert_eq!(bob.expect_message(&bob_id), json!({"n": 1}));
    bob.publish(&ada_id, r#"{"n":2}"#);
    assert_eq!(ada.expect_message(&ada_id), json!({"n": 2}));
}

#[test]
fn who_brings_no_token_in_time_is_closed_with_a_reason() {
    // C-16: those who did stay.
    let broker = start(&[TOKENS[0], TOKENS[1], "limits.authenticate_timeout=500ms"]);
    let mut member = logged_in(&broker, Transport::Tcp);
    for transport in Transport::ALL {
        let mut ada = CoremqPeer::connect(&broker, transport);
        let word = ada.expect_last_word(1008);
        assert!(transport.is_websocket() || word.contains("in time"), "{word}");
    }
    let status = member.ask("-", r#"{"coremq_status":1}"#);
    assert_eq!(status["connections"], 1);
}
