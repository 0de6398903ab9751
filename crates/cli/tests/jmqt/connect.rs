//! Connecting: `conn`, `connAck` (J-31 to J-40).

use std::time::Instant;

use rialto_testkit::{Dialogue, PATIENCE, Peer, Transport};

use crate::{RIALTO, check, check_with, start};

#[test]
fn an_accepted_conn_is_told_the_seconds_of_silence_it_may_keep() {
    // J-32: an integer, at least 3.
    for (setting, ts) in [("3s", 3), ("90s", 90), ("2m", 120)] {
        let broker = start(&[&format!("session.heartbeat_timeout={setting}")]);
        for transport in Transport::ALL {
            let mut ada = Peer::connect(&broker, transport);
            let token = ada.ask(r#"{"auth":{"dt":{"client_name":"ada"}}}"#)["authAck"]["at"].take();
            ada.send(format!(r#"{{"conn":{{"at":{token},"cl":"ada"}}}}"#));
            ada.expect(format!(r#"{{"connAck":{{"st":1,"ts":{ts}}}}}"#));
        }
    }
}

#[test]
fn a_timeout_that_makes_the_original_clients_flood_cannot_be_set() {
    // J-32
    let output = std::process::Command::new(RIALTO)
        .args(["config", "check", "--set", "session.heartbeat_timeout=2s"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("session.heartbeat_timeout") && error.contains("3s"), "{error}");
}

#[test]
fn a_refused_conn_opens_nothing_and_may_be_tried_again() {
    // J-33, J-34, J-35: no ts, no session, the connection stays.
    check(
        r#"
        ada > {"conn":{"at":"nonsense","cl":"ada"}}
        ada < {"connAck":{"st":6}}
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":7,"cn":"room"}}
        ada > {"conn":{"cl":"ada"}}
        ada < {"connAck":{"st":10}}
        ada > {"conn":{"at":"nonsense"}}
        ada < {"connAck":{"st":10}}
        ada > {"conn":{"at":null,"cl":"ada"}}
        ada < {"connAck":{"st":10}}
        ada > {"conn":{"at":"nonsense","cl":["ada"]}}
        ada < {"connAck":{"st":10}}
        ada > {"conn":{"at":"","cl":""}}
        ada < {"connAck":{"st":10}}
        ada > {"auth":{"dt":{"client_name":"ada"}}}
        ada < {"authAck":{"st":1,"at":"<token>","cl":"ada"}}
        ada > {"conn":{"at":"<token>","cl":"eve"}}
        ada < {"connAck":{"st":6}}
        ada > {"conn":{"at":"<token>","cl":"Ada"}}
        ada < {"connAck":{"st":6}}
        ada > {"conn":{"at":"<token>","cl":"ada"}}
        ada < {"connAck":{"st":1,"ts":15}}
        ada silent
        "#,
    );
}

#[test]
fn a_token_of_another_server_is_not_valid_here() {
    // J-35
    let (here, elsewhere) = (start(&[]), start(&[]));
    let mut there = Peer::connect(&elsewhere, Transport::Tcp);
    let token = there.ask(r#"{"auth":{"dt":{"client_name":"ada"}}}"#)["authAck"]["at"].take();
    let mut ada = Peer::connect(&here, Transport::Tcp);
    ada.send(format!(r#"{{"conn":{{"at":{token},"cl":"ada"}}}}"#));
    ada.expect(r#"{"connAck":{"st":6}}"#);
}

#[test]
fn a_token_expires() {
    // J-35: the session it opened goes on.
    let broker = start(&["access.token_lifetime=1s"]);
    let mut ada = Peer::connect(&broker, Transport::Tcp);
    let token = ada.ask(r#"{"auth":{"dt":{"client_name":"ada"}}}"#)["authAck"]["at"].take();
    let conn = format!(r#"{{"conn":{{"at":{token},"cl":"ada"}}}}"#);
    let deadline = Instant::now() + PATIENCE;
    let mut was_valid = false;
    loop {
        let st = ada.ask(&conn)["connAck"]["st"].as_u64().unwrap();
        if st == 6 {
            break;
        }
        was_valid = st == 1;
        assert!(Instant::now() < deadline, "the token is still valid");
    }
    assert!(was_valid, "the token was never valid");
    ada.expect_silence();
    let mut late = Peer::connect(&broker, Transport::Tcp);
    late.send(&conn);
    late.expect(r#"{"connAck":{"st":6}}"#);
}

#[test]
fn the_newer_connection_takes_the_session_over() {
    // J-37: whatever the transport of either; the old one is closed first.
    let mut broker = start(&[]);
    for old in Transport::ALL {
        for new in Transport::ALL {
            Dialogue::new(&mut broker, old).play(&format!(
                r#"
                ada online
                ada > {{"sub":{{"cn":"room"}}}}
                ada < {{"subAck":{{"st":1,"cn":"room"}}}}
                ada' online over {new}
                ada closed 1008 or 7
                ada' > {{"pub":{{"cn":"$mySubscriptions","id":"1"}}}}
                ada' < {{"pubAck":{{"st":1,"id":"1","dt":{{"channels":[],"subscriptions":"*"}}}}}}
                ada' leaves
                "#
            ));
        }
    }
    assert_eq!(broker.stat("sessions_taken_over"), 16);
}

#[test]
fn a_second_conn_of_the_same_client_changes_nothing() {
    // J-38: subscriptions stay, nothing is pushed again.
    check(
        r#"
        ada > {"auth":{"dt":{"client_name":"ada"}}}
        ada < {"authAck":{"st":1,"at":"<token>","cl":"ada"}}
        ada > {"conn":{"at":"<token>","cl":"ada"}}
        ada < {"connAck":{"st":1,"ts":15}}
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        ada > {"sub":{"cn":"log","pr":1}}
        ada < {"subAck":{"st":1,"cn":"log"}}
        bob online
        bob > {"pub":{"cn":"log","dt":1,"q":1,"rt":1,"id":"1"}}
        bob < {"pubAck":{"st":1,"id":"1"}}
        ada < {"push":{"cn":"log","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
        ada > {"conn":{"at":"<token>","cl":"ada"}}
        ada < {"connAck":{"st":1,"ts":15}}
        ada silent
        bob > {"pub":{"cn":"room","dt":2}}
        ada < {"push":{"cn":"room","dt":2,"cl":"bob"}}
        ada silent
        "#,
    );
}

#[test]
fn a_connection_has_one_client() {
    // J-39: the session goes on, whether the other client's token is good or not.
    check(
        r##"
        eve > {"auth":{"dt":{"client_name":"eve"}}}
        eve < {"authAck":{"st":1,"at":"<eve>","cl":"eve"}}
        ada online
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        ada > {"conn":{"at":"<eve>","cl":"eve"}}
        ada < {"connAck":{"st":7}}
        ada > {"conn":{"at":"nonsense","cl":"eve"}}
        ada < {"connAck":{"st":7}}
        bob online
        bob > {"pub":{"cn":"room","dt":1}}
        ada < {"push":{"cn":"room","dt":1,"cl":"bob"}}
        bob > {"pub":{"cn":"#eve","dt":1,"id":"1"}}
        bob < {"pubAck":{"st":8,"id":"1"}}
        ada silent
        "##,
    );
}

#[test]
fn a_session_lives_when_its_own_client_asks_with_a_wrong_token() {
    // J-33, J-35
    check_with(
        &[r#"access.tokens=[{client="ada",token="secret"}]"#],
        r#"
        ada > {"conn":{"at":"secret","cl":"ada"}}
        ada < {"connAck":{"st":1,"ts":15}}
        ada > {"conn":{"at":"wrong","cl":"ada"}}
        ada < {"connAck":{"st":6}}
        ada silent
        ada' > {"conn":{"at":"wrong","cl":"ada"}}
        ada' < {"connAck":{"st":6}}
        ada silent
        "#,
    );
}

#[test]
fn before_the_session_nothing_has_an_effect() {
    // J-40, J-42: requests are refused in their acks, all else is not answered.
    check(
        r##"
        bob online
        bob > {"sub":{"cn":"room"}}
        bob < {"subAck":{"st":1,"cn":"room"}}
        ada > {"hb":{}}
        ada > {"pub":{"cn":"room","dt":1}}
        ada > {"pub":{"cn":"room","dt":1,"q":1}}
        ada > {"pushAck":{"id":"1"}}
        ada > {"disconn":{}}
        ada > {"sub":{"cn":"room","pr":1}}
        ada < {"subAck":{"st":7,"cn":"room"}}
        ada > {"unsub":{"cn":"room"}}
        ada < {"unsubAck":{"st":7,"cn":"room"}}
        ada > {"pub":{"cn":"room","dt":1,"rt":1,"id":"a"}}
        ada < {"pubAck":{"st":7,"id":"a"}}
        ada > {"pub":{"cn":"room","dt":1,"q":1,"rt":1,"id":"b"}}
        ada < {"pubAck":{"st":7,"id":"b"}}
        ada > {"pub":{"cn":"#bob","dt":1,"q":1,"id":"c"}}
        ada < {"pubAck":{"st":7,"id":"c"}}
        ada > {"pub":{"cn":"$whoami","id":"d"}}
        ada < {"pubAck":{"st":7,"id":"d"}}
        bob silent
        bob > {"sub":{"cn":"room"}}
        bob < {"subAck":{"st":1,"cn":"room"}}
        bob silent
        ada > {"auth":{"dt":{"client_name":"ada"}}}
        ada < {"authAck":{"st":1,"at":"<token>","cl":"ada"}}
        ada > {"conn":{"at":"<token>","cl":"ada"}}
        ada < {"connAck":{"st":1,"ts":15}}
        bob > {"pub":{"cn":"room","dt":2}}
        ada silent
        "##,
    );
}
