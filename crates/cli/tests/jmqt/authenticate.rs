//! Authentication: `auth`, `authAck` (J-26 to J-30).

use rialto_testkit::{Peer, Transport};
use serde_json::Value;

use crate::{check, check_with, start};

#[test]
fn a_name_gets_a_token_for_itself() {
    // J-26, J-27: exactly one authAck, with a token and the client id, both non-empty strings.
    let broker = start(&[]);
    for transport in Transport::ALL {
        let mut peer = Peer::connect(&broker, transport);
        let answer = peer.ask(r#"{"auth":{"dt":{"client_name":"ada"}}}"#);
        let body = answer["authAck"].as_object().unwrap();
        assert_eq!(body.keys().collect::<Vec<_>>(), ["at", "cl", "st"]);
        assert_eq!((&body["st"], &body["cl"]), (&Value::from(1), &Value::from("ada")));
        assert!(body["at"].as_str().is_some_and(|token| !token.is_empty()), "{answer}");
        // Behind it comes the next answer, not a second authAck.
        peer.log_in("ada");
    }
}

#[test]
fn a_token_opens_a_session_on_this_connection_or_on_another() {
    // J-27, J-31: also after the broker was restarted.
    check(
        r#"
        ada > {"auth":{"dt":{"client_name":"ada"}}}
        ada < {"authAck":{"st":1,"at":"<token>","cl":"ada"}}
        ada > {"conn":{"at":"<token>","cl":"ada"}}
        ada < {"connAck":{"st":1,"ts":15}}
        ada leaves
        ada' > {"conn":{"at":"<token>","cl":"ada"}}
        ada' < {"connAck":{"st":1,"ts":15}}
        ada' silent
        broker killed
        ada > {"conn":{"at":"<token>","cl":"ada"}}
        ada < {"connAck":{"st":1,"ts":15}}
        "#,
    );
}

#[test]
fn data_that_mean_nothing_to_the_server_are_refused_with_a_reason() {
    // J-28, J-29: status 10, a non-empty mg, no token.
    let broker = start(&[]);
    let bodies = [
        r#"{}"#,
        r#"{"dt":null}"#,
        r#"{"dt":"ada"}"#,
        r#"{"dt":7}"#,
        r#"{"dt":["ada"]}"#,
        r#"{"dt":{}}"#,
        r#"{"dt":{"client_name":null}}"#,
        r#"{"dt":{"client_name":7}}"#,
        r#"{"dt":{"client_name":""}}"#,
        r#"{"dt":{"Client_Name":"ada"}}"#,
        r#"{"dt":{"login":{"email":"ada@example.com","password":"secret"}}}"#,
        r#"{"client_name":"ada"}"#,
    ];
    for transport in Transport::ALL {
        let mut peer = Peer::connect(&broker, transport);
        for body in bodies {
            peer.send(format!(r#"{{"auth":{body}}}"#));
            refused(&mut peer, 10);
        }
        peer.log_in("ada");
    }
}

#[test]
fn whoever_may_not_have_a_token_is_told_so() {
    // J-29: in mode "tokens" nobody gets one; a preset client never gets another.
    for settings in
        [&["access.mode=tokens"] as &[&str], &[r#"access.tokens=[{client="ada",token="secret"}]"#]]
    {
        let broker = start(settings);
        let mut peer = Peer::connect(&broker, Transport::Tcp);
        peer.send(r#"{"auth":{"dt":{"client_name":"ada"}}}"#);
        refused(&mut peer, 7);
    }
}

#[test]
fn authenticating_again_opens_no_session_and_changes_none() {
    // J-30: after a refusal, and within a session, also for another name.
    check(
        r#"
        ada > {"auth":{"dt":"ada"}}
        ada < {"authAck":{"st":10,"mg":"*"}}
        ada > {"auth":{"dt":{"client_name":"ada"}}}
        ada < {"authAck":{"st":1,"at":"<first>","cl":"ada"}}
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":7,"cn":"room"}}
        ada > {"conn":{"at":"<first>","cl":"ada"}}
        ada < {"connAck":{"st":1,"ts":15}}
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        ada > {"auth":{"dt":{"client_name":"eve"}}}
        ada < {"authAck":{"st":1,"at":"<second>","cl":"eve"}}
        ada > {"auth":{"dt":"eve"}}
        ada < {"authAck":{"st":10,"mg":"*"}}
        bob online
        bob > {"pub":{"cn":"room","dt":1}}
        ada < {"push":{"cn":"room","dt":1,"cl":"bob"}}
        ada > {"pub":{"cn":"$whoami","id":"1"}}
        ada < {"pubAck":{"st":1,"id":"1","dt":{"client":"ada","connected_s":"*"}}}
        "#,
    );
}

#[test]
fn a_preset_token_needs_no_authentication() {
    // J-36
    check_with(
        &["access.mode=tokens", r#"access.tokens=[{client="pump",token="secret"}]"#],
        r#"
        pump > {"conn":{"at":"Secret","cl":"pump"}}
        pump < {"connAck":{"st":6}}
        pump > {"conn":{"at":"secret","cl":"ada"}}
        pump < {"connAck":{"st":6}}
        pump > {"conn":{"at":"secret","cl":"pump"}}
        pump < {"connAck":{"st":1,"ts":15}}
        pump silent
        "#,
    );
}

/// Takes an `authAck` that must be a refusal, complete with its reason.
#[track_caller]
fn refused(peer: &mut Peer, st: u64) {
    let answer = peer.recv();
    let body = answer["authAck"].as_object().unwrap();
    assert_eq!(body.keys().collect::<Vec<_>>(), ["mg", "st"], "{answer}");
    assert_eq!(body["st"], st, "{answer}");
    assert!(body["mg"].as_str().is_some_and(|reason| !reason.is_empty()), "{answer}");
}
