//! Heartbeats, and what silence leads to.

use std::time::Duration;

use expect_test::expect;
use rialto_broker::Settings;

use super::world::{check, check_with, world};

#[test]
fn each_heartbeat_of_a_session_is_answered_once() {
    // J-41. J-15: its body may be null; J-19: and may hold what nobody defined.
    check(
        r#"
        ada online
        ada > {"hb":{}}
        ada > {"hb":null}
        ada > {"hb":{"ts":1}}␀{"hb":{}}
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"hbAck":{}}
            0s ada < {"hbAck":{}}
            0s ada < {"hbAck":{}}
            0s ada < {"hbAck":{}}
        "#]],
    );
}

#[test]
fn a_session_ends_between_one_and_two_times_its_timeout_after_the_last_packet() {
    // J-44: 15 s were told.
    check(
        r#"
        ada online
        +10s
        ada > {"hb":{}}
        +30s
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            10s ada < {"hbAck":{}}
            29s ada x heartbeat timeout
        "#]],
    );
}

#[test]
fn a_websocket_that_is_silent_for_half_the_time_is_pinged_once_for_each_silence() {
    // J-130: not before it has a session. J-45: bob never has one.
    let script = r#"
        bob > {"hb":{}}
        ada online
        +8s
        ada > {"hb":{}}
        +12s
        "#;
    let mut world = world(Settings::default(), Duration::ZERO, true);
    world.play(script);
    expect![[r#"
        0s ada < {"connAck":{"st":1,"ts":15}}
        7.5s ada < (ping)
        8s ada < {"hbAck":{}}
        15s bob x heartbeat timeout
        15.5s ada < (ping)
    "#]]
    .assert_eq(world.transcript());
}

#[test]
fn any_packet_is_a_sign_of_life() {
    // J-43: also one that is ignored.
    check(
        r#"
        ada online
        +14s
        ada > {"pub":{"cn":"room","dt":1}}
        +14s
        ada > {"pushAck":{"id":"l1"}}
        +14s
        ada > ?
        +14s
        ada > {"sub":{"cn":"room"}}
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            56s ada < {"subAck":{"st":1,"cn":"room"}}
        "#]],
    );
}

#[test]
fn an_idle_connection_without_session_ends_like_a_silent_session() {
    // J-45: counted from its opening.
    check(
        r#"
        ada > ?
        +30s
        "#,
        expect![[r#"
            15s ada x heartbeat timeout
        "#]],
    );
}

#[test]
fn a_connection_has_only_so_long_to_open_a_session() {
    check_with(
        Settings { authenticate_timeout: Duration::from_secs(5), ..Settings::default() },
        r#"
        ada > {"hb":{}}
        +2s
        ada > {"conn":{"cl":"ada","at":"guess"}}
        bob > {"hb":{}}
        +2s
        ada > {"hb":{}}
        bob online
        +20s
        "#,
        expect![[r#"
            2s ada < {"connAck":{"st":6,"mg":"the token is not valid for this client id, or has expired"}}
            4s bob < {"connAck":{"st":1,"ts":15}}
            5s ada x no session was opened in time
            23s bob x heartbeat timeout
        "#]],
    );
}
