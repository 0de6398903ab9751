//! Connecting: `conn`, `connAck`, and what may come before.

use std::time::Duration;

use expect_test::expect;
use rialto_broker::Settings;

use super::world::{check, check_with, world};

#[test]
fn an_accepted_conn_is_told_how_long_it_may_be_silent() {
    // J-32, and J-36: the token was preset.
    check_with(
        Settings { heartbeat_timeout: Duration::from_secs(90), ..Settings::default() },
        r#"
        ada > {"conn":{"cl":"ada","at":"key of ada"}}
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":90}}
        "#]],
    );
}

#[test]
fn a_refused_conn_opens_no_session_and_may_be_tried_again() {
    // J-33. J-35: unknown, or of another client. J-34: missing, or no string; the empty id is the
    // server's own.
    check(
        r#"
        ada > {"conn":{"cl":"ada","at":"guess"}}
        ada > {"conn":{"cl":"ada","at":"key of eve"}}
        ada > {"conn":{"cl":"Ada","at":"key of ada"}}
        ada > {"conn":{}}
        ada > {"conn":{"cl":"ada"}}
        ada > {"conn":{"at":"key of ada"}}
        ada > {"conn":{"cl":"ada","at":6}}
        ada > {"conn":{"cl":["ada"],"at":"key of ada"}}
        ada > {"conn":{"cl":"","at":"key of "}}
        ada > {"hb":{}}
        ada > {"sub":{"cn":"room"}}
        ada > {"conn":{"cl":"ada","at":"key of ada"}}
        ada > {"hb":{}}
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":6,"mg":"the token is not valid for this client id, or has expired"}}
            0s ada < {"connAck":{"st":6,"mg":"the token is not valid for this client id, or has expired"}}
            0s ada < {"connAck":{"st":6,"mg":"the token is not valid for this client id, or has expired"}}
            0s ada < {"connAck":{"st":10,"mg":"the packet is malformed"}}
            0s ada < {"connAck":{"st":10,"mg":"the packet is malformed"}}
            0s ada < {"connAck":{"st":10,"mg":"the packet is malformed"}}
            0s ada < {"connAck":{"st":10,"mg":"the packet is malformed"}}
            0s ada < {"connAck":{"st":10,"mg":"the packet is malformed"}}
            0s ada < {"connAck":{"st":10,"mg":"the packet is malformed"}}
            0s ada < {"subAck":{"st":7,"cn":"room","mg":"open a session with conn first"}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"hbAck":{}}
        "#]],
    );
}

#[test]
fn a_token_opens_no_session_once_it_has_expired() {
    // J-35: the session it opened before goes on.
    check(
        r#"
        ada > {"auth":{"dt":{"client_name":"ada"}}}
        +12s
        ada > {"conn":{"cl":"ada","at":"ada until 60"}}
        +12s
        ada > {"hb":{}}
        +12s
        ada > {"hb":{}}
        +12s
        ada > {"hb":{}}
        +12s
        ada > {"hb":{}}
        ada' > {"conn":{"cl":"ada","at":"ada until 60"}}
        ada > {"hb":{}}
        "#,
        expect![[r#"
            0s ada < {"authAck":{"st":1,"at":"ada until 60","cl":"ada"}}
            12s ada < {"connAck":{"st":1,"ts":15}}
            24s ada < {"hbAck":{}}
            36s ada < {"hbAck":{}}
            48s ada < {"hbAck":{}}
            60s ada < {"hbAck":{}}
            60s ada' < {"connAck":{"st":6,"mg":"the token is not valid for this client id, or has expired"}}
            60s ada < {"hbAck":{}}
        "#]],
    );
}

#[test]
fn a_newer_connection_takes_the_session_over() {
    // J-37: the old connection is closed first. J-103: its subscriptions go, the persistent stay.
    // J-42: the old one's later packets have no effect.
    check(
        r#"
        bob online
        ada online
        ada > {"sub":{"cn":"temp"}}
        ada > {"sub":{"cn":"log","pr":1}}
        ada' online
        ada > {"hb":{}}
        bob > {"pub":{"cn":"temp","dt":1}}
        bob > {"pub":{"cn":"log","dt":2}}
        "#,
        expect![[r#"
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"temp"}}
            0s ada < {"subAck":{"st":1,"cn":"log"}}
            0s ada x taken over by a newer connection of the same client
            0s ada' < {"connAck":{"st":1,"ts":15}}
            0s ada' < {"push":{"cn":"log","dt":2,"cl":"bob"}}
        "#]],
    );
}

#[test]
fn a_second_conn_for_the_same_client_changes_nothing() {
    // J-38: nothing is pushed again, and nothing is lost.
    check(
        r#"
        bob online
        bob > {"pub":{"cn":"log","dt":"old","rt":1}}
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        ada > {"sub":{"cn":"room"}}
        bob > {"pub":{"cn":"log","dt":1,"q":1,"id":"1"}}
        ada online
        bob > {"pub":{"cn":"log","dt":2}}
        bob > {"pub":{"cn":"room","dt":3}}
        "#,
        expect![[r#"
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"log"}}
            0s ada < {"push":{"cn":"log","dt":"old","cl":"bob","rt":1}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s ada < {"push":{"cn":"log","dt":1,"cl":"bob","id":"1-1","q":1}}
            0s bob < {"pubAck":{"st":1,"id":"1"}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"log","dt":2,"cl":"bob"}}
            0s ada < {"push":{"cn":"room","dt":3,"cl":"bob"}}
        "#]],
    );
}

#[test]
fn a_refused_second_conn_leaves_the_session_as_it_is() {
    // J-39: another client id. J-33, J-34, J-35: a bad token, or none.
    check(
        r##"
        ada online
        ada > {"sub":{"cn":"room"}}
        ada > {"conn":{"cl":"eve","at":"key of eve"}}
        ada > {"conn":{"cl":"eve","at":"guess"}}
        ada > {"conn":{"cl":"ada","at":"guess"}}
        ada > {"conn":{"cl":"ada"}}
        bob online
        bob > {"pub":{"cn":"room","dt":1}}
        bob > {"pub":{"cn":"#eve","dt":1,"id":"1"}}
        "##,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s ada < {"connAck":{"st":7,"mg":"not allowed"}}
            0s ada < {"connAck":{"st":7,"mg":"not allowed"}}
            0s ada < {"connAck":{"st":6,"mg":"the token is not valid for this client id, or has expired"}}
            0s ada < {"connAck":{"st":10,"mg":"the packet is malformed"}}
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"room","dt":1,"cl":"bob"}}
            0s bob < {"pubAck":{"st":8,"id":"1","mg":"the client is offline"}}
        "#]],
    );
}

#[test]
fn before_the_session_requests_are_refused_and_the_rest_is_not_answered() {
    // J-40, J-42: and nothing has an effect, as bob can tell. J-31: only a session lets one act.
    check(
        r##"
        bob online
        bob > {"sub":{"cn":"room"}}
        ada > {"hb":{}}
        ada > {"pub":{"cn":"room","dt":1}}
        ada > {"pub":{"cn":"room","dt":1,"q":1}}
        ada > {"pushAck":{"id":"1-1"}}
        ada > {"sub":{"cn":"room","pr":1}}
        ada > {"unsub":{"cn":"room"}}
        ada > {"pub":{"cn":"room","dt":1,"rt":1,"id":"a"}}
        ada > {"pub":{"cn":"room","dt":1,"q":1,"rt":1,"id":"b"}}
        ada > {"pub":{"cn":"#bob","dt":1,"q":1,"id":"c"}}
        ada > {"pub":{"cn":"$whoami","id":"d"}}
        ada > {"disconn":{}}
        bob > {"sub":{"cn":"room"}}
        ada online
        "##,
        expect![[r#"
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s bob < {"subAck":{"st":1,"cn":"room"}}
            0s ada < {"subAck":{"st":7,"cn":"room","mg":"open a session with conn first"}}
            0s ada < {"unsubAck":{"st":7,"cn":"room","mg":"open a session with conn first"}}
            0s ada < {"pubAck":{"st":7,"id":"a","mg":"open a session with conn first"}}
            0s ada < {"pubAck":{"st":7,"id":"b","mg":"open a session with conn first"}}
            0s ada < {"pubAck":{"st":7,"id":"c","mg":"open a session with conn first"}}
            0s ada < {"pubAck":{"st":7,"id":"d","mg":"open a session with conn first"}}
            0s bob < {"subAck":{"st":1,"cn":"room"}}
            0s ada < {"connAck":{"st":1,"ts":15}}
        "#]],
    );
}

#[test]
fn a_question_for_the_time_before_the_session_is_answered_and_counts_as_no_fault() {
    // J-40: health checks ask it, to be answered at all.
    let mut world = world(Settings::default(), Duration::ZERO, false);
    world.play(r#"ada > {"pub":{"cn":"$time","dt":null,"id":"1"}}"#);
    assert_eq!(world.stats().rejected, 0);
    assert_eq!(world.stats().publish_refused, 0);
    world.play(r#"ada > {"pub":{"cn":"$whoami","dt":null,"id":"2"}}"#);
    assert_eq!(world.stats().rejected, 1);
    assert_eq!(world.stats().publish_refused, 1);
}

#[test]
fn before_the_session_a_malformed_request_is_refused_like_any_other() {
    // J-40: what is wrong with it makes no difference yet.
    check(
        r#"
        ada > {"sub":{"cn":7}}
        ada > {"sub":{"cn":"room","pr":2}}
        ada > {"unsub":{}}
        ada > {"pub":{"cn":"room","id":"a"}}
        ada > {"pub":{"cn":"room","dt":1,"q":1}}
        ada > {"pub":{"cn":"room"}}
        ada > {"pushAck":{}}
        ada > {"pub":7}
        "#,
        expect![[r#"
            0s ada < {"subAck":{"st":7,"cn":"","mg":"open a session with conn first"}}
            0s ada < {"subAck":{"st":7,"cn":"room","mg":"open a session with conn first"}}
            0s ada < {"unsubAck":{"st":7,"cn":"","mg":"open a session with conn first"}}
            0s ada < {"pubAck":{"st":7,"id":"a","mg":"open a session with conn first"}}
        "#]],
    );
}
