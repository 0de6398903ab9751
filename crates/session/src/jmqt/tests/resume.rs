//! The time in which a lost client may come back to subscriptions that are not persistent.

use std::time::Duration;

use expect_test::expect;
use rialto_broker::{InboxLimits, Settings};

use super::world::{check, check_resuming};

/// A client is lost, and back within a minute.
const LOST_AND_BACK: &str = r#"
    bob online
    ada online
    ada > {"sub":{"cn":"room"}}
    ada > {"sub":{"cn":"log","pr":1}}
    ada drops
    bob > {"pub":{"cn":"room","dt":1}}
        ␀{"pub":{"cn":"room","dt":2,"q":1,"id":"2"}}
        ␀{"pub":{"cn":"log","dt":3,"q":1,"id":"3"}}
    +10s
    ada online
    bob > {"pub":{"cn":"room","dt":4}}
    ada > {"disconn":{}}
    ada online
    bob > {"pub":{"cn":"room","dt":5}}
    "#;

#[test]
fn without_such_a_time_a_subscription_ends_with_its_connection() {
    // J-103: that is the rule, and the default.
    check(
        LOST_AND_BACK,
        expect![[r#"
        0s bob < {"connAck":{"st":1,"ts":15}}
        0s ada < {"connAck":{"st":1,"ts":15}}
        0s ada < {"subAck":{"st":1,"cn":"room"}}
        0s ada < {"subAck":{"st":1,"cn":"log"}}
        0s bob < {"pubAck":{"st":1,"id":"2"}}
        0s bob < {"pubAck":{"st":1,"id":"3"}}
        10s ada < {"connAck":{"st":1,"ts":15}}
        10s ada < {"push":{"cn":"log","dt":3,"cl":"bob","id":"1-1","q":1}}
        10s ada x the client disconnected
        10s ada < {"connAck":{"st":1,"ts":15}}
        10s ada < {"push":{"cn":"log","dt":3,"cl":"bob","id":"1-1","q":1}}
    "#]],
    );
}

#[test]
fn within_it_a_client_comes_back_to_its_subscriptions_and_what_it_missed() {
    // J-103, J-129: but a goodbye ends them as ever (J-102).
    check_resuming(
        Settings::default(),
        Duration::from_secs(60),
        LOST_AND_BACK,
        expect![[r#"
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s ada < {"subAck":{"st":1,"cn":"log"}}
            0s bob < {"pubAck":{"st":1,"id":"2"}}
            0s bob < {"pubAck":{"st":1,"id":"3"}}
            10s ada < {"connAck":{"st":1,"ts":15,"resumed":1}}
            10s ada < {"push":{"cn":"room","dt":1,"cl":"bob"}}
            10s ada < {"push":{"cn":"room","dt":2,"cl":"bob","id":"l2","q":1}}
            10s ada < {"push":{"cn":"log","dt":3,"cl":"bob","id":"1-1","q":1}}
            10s ada < {"push":{"cn":"room","dt":4,"cl":"bob"}}
            10s ada x the client disconnected
            10s ada < {"connAck":{"st":1,"ts":15}}
            10s ada < {"push":{"cn":"log","dt":3,"cl":"bob","id":"1-1","q":1}}
        "#]],
    );
}

#[test]
fn after_it_a_client_begins_anew() {
    // J-103.
    check_resuming(
        Settings::default(),
        Duration::from_secs(2),
        r#"
        ada online
        ada > {"sub":{"cn":"room"}}
        ada drops
        +2s
        bob online
        ada online
        bob > {"pub":{"cn":"room","dt":1}}
        ada > {"sub":{"cn":"room"}}
        bob > {"pub":{"cn":"room","dt":2}}
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            2s bob < {"connAck":{"st":1,"ts":15}}
            2s ada < {"connAck":{"st":1,"ts":15}}
            2s ada < {"subAck":{"st":1,"cn":"room"}}
            2s ada < {"push":{"cn":"room","dt":2,"cl":"bob"}}
        "#]],
    );
}

#[test]
fn a_takeover_keeps_them_too() {
    // J-103, J-37: the old connection is lost to the client, which goes on with the new one.
    check_resuming(
        Settings::default(),
        Duration::from_secs(60),
        r#"
        ada online
        ada > {"sub":{"cn":"room"}}
        ada' online
        bob online
        bob > {"pub":{"cn":"room","dt":1}}
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s ada x taken over by a newer connection of the same client
            0s ada' < {"connAck":{"st":1,"ts":15,"resumed":1}}
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada' < {"push":{"cn":"room","dt":1,"cl":"bob"}}
        "#]],
    );
}

#[test]
fn a_client_that_falls_silent_is_lost_as_well() {
    // J-103: its connection is ended, its session may go on.
    check_resuming(
        Settings::default(),
        Duration::from_secs(60),
        r#"
        ada online
        ada > {"sub":{"cn":"room"}}
        +20s
        bob online
        bob > {"pub":{"cn":"room","dt":1}}
        ada online
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            19s ada x heartbeat timeout
            20s bob < {"connAck":{"st":1,"ts":15}}
            20s ada < {"connAck":{"st":1,"ts":15,"resumed":1}}
            20s ada < {"push":{"cn":"room","dt":1,"cl":"bob"}}
        "#]],
    );
}

#[test]
fn a_session_of_which_something_was_dropped_is_not_said_to_be_resumed() {
    // J-129: the subscription is there, and what was kept follows.
    let inbox = InboxLimits { bytes_max: 300, drop_oldest: true };
    check_resuming(
        Settings { inbox, ..Settings::default() },
        Duration::from_secs(60),
        r#"
        bob online
        ada online
        ada > {"sub":{"cn":"room"}}
        ada drops
        bob > {"pub":{"cn":"room","dt":"------------------------------------------- 1"}}
            ␀{"pub":{"cn":"room","dt":"------------------------------------------- 2"}}
            ␀{"pub":{"cn":"room","dt":"------------------------------------------- 3"}}
        ada online
        ada drops
        ada online
        bob > {"pub":{"cn":"room","dt":4}}
        "#,
        expect![[r#"
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"room","dt":"------------------------------------------- 2","cl":"bob"}}
            0s ada < {"push":{"cn":"room","dt":"------------------------------------------- 3","cl":"bob"}}
            0s ada < {"connAck":{"st":1,"ts":15,"resumed":1}}
            0s ada < {"push":{"cn":"room","dt":4,"cl":"bob"}}
        "#]],
    );
}
