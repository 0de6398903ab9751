//! Retained messages.

use expect_test::expect;

use super::world::check;

#[test]
fn a_late_subscriber_gets_the_last_retained_message_right_behind_its_answer() {
    // J-79, J-80, J-81, J-83: whatever its QoS was. J-20: rt is read by value.
    check(
        r#"
        bob online
        bob > {"pub":{"cn":"room","dt":1,"rt":1}}
        bob > {"pub":{"cn":"room","dt":2,"rt":"1","q":1,"id":"2"}}
        bob > {"pub":{"cn":"room","dt":3}}
        bob > {"pub":{"cn":"room","dt":4,"rt":0}}
        +5s
        ada online
        ada > {"sub":{"cn":"room"}}␀{"hb":{}}
        "#,
        expect![[r#"
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s bob < {"pubAck":{"st":1,"id":"2"}}
            5s ada < {"connAck":{"st":1,"ts":15}}
            5s ada < {"subAck":{"st":1,"cn":"room"}}
            5s ada < {"push":{"cn":"room","dt":2,"cl":"bob","rt":1}}
            5s ada < {"hbAck":{}}
        "#]],
    );
}

#[test]
fn those_who_are_there_get_it_unmarked() {
    // J-84. J-85: with either QoS.
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"room"}}
        bob online
        bob > {"pub":{"cn":"room","dt":1,"rt":1}}
        bob > {"pub":{"cn":"room","dt":2,"rt":1,"q":1,"id":"2"}}
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"room","dt":1,"cl":"bob"}}
            0s ada < {"push":{"cn":"room","dt":2,"cl":"bob","id":"l1","q":1}}
            0s bob < {"pubAck":{"st":1,"id":"2"}}
        "#]],
    );
}

#[test]
fn a_returning_subscriber_gets_it_behind_the_conn_ack_and_before_what_was_stored() {
    // J-82: of its persistent subscriptions. J-83: it needs no pushAck, and comes each time.
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"a","pr":1}}
        ada > {"sub":{"cn":"b","pr":1}}
        ada > {"sub":{"cn":"c"}}
        ada drops
        bob online
        bob > {"pub":{"cn":"a","dt":1,"q":1,"id":"1"}}
        bob > {"pub":{"cn":"b","dt":2,"rt":1}}
        bob > {"pub":{"cn":"c","dt":3,"rt":1}}
        ada online
        ada drops
        ada online
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"a"}}
            0s ada < {"subAck":{"st":1,"cn":"b"}}
            0s ada < {"subAck":{"st":1,"cn":"c"}}
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s bob < {"pubAck":{"st":1,"id":"1"}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"b","dt":2,"cl":"bob","rt":1}}
            0s ada < {"push":{"cn":"a","dt":1,"cl":"bob","id":"1-1","q":1}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"b","dt":2,"cl":"bob","rt":1}}
            0s ada < {"push":{"cn":"a","dt":1,"cl":"bob","id":"1-1","q":1}}
        "#]],
    );
}

#[test]
fn what_waits_for_the_store_is_not_retained_yet() {
    // J-73: for the retained message too.
    check(
        r#"
        bob online
        bob > {"pub":{"cn":"room","dt":1,"rt":1}}
        store waits
        bob > {"pub":{"cn":"room","dt":2,"rt":1,"q":1,"id":"2"}}
        ada online
        ada > {"sub":{"cn":"room"}}
        store works
        ada > {"sub":{"cn":"room"}}
        "#,
        expect![[r#"
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s ada < {"push":{"cn":"room","dt":1,"cl":"bob","rt":1}}
            0s ada < {"push":{"cn":"room","dt":2,"cl":"bob","id":"l1","q":1}}
            0s bob < {"pubAck":{"st":1,"id":"2"}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s ada < {"push":{"cn":"room","dt":2,"cl":"bob","rt":1}}
        "#]],
    );
}

#[test]
fn direct_and_control_channels_retain_nothing() {
    // J-86: the rest of the publish is carried out.
    check(
        r##"
        ada online
        bob online
        bob > {"pub":{"cn":"#ada","dt":1,"rt":1}}
        bob > {"pub":{"cn":"#ada","dt":2,"rt":1,"q":1,"id":"2"}}
        ada > {"pushAck":{"id":"1-1"}}
        bob > {"pub":{"cn":"$limits","dt":3,"rt":1,"id":"3"}}
        ada drops
        ada online
        "##,
        expect![[r##"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"#ada","dt":1,"cl":"bob"}}
            0s ada < {"push":{"cn":"#ada","dt":2,"cl":"bob","id":"1-1","q":1}}
            0s bob < {"pubAck":{"st":1,"id":"2"}}
            0s bob < {"pubAck":{"st":1,"id":"3","dt":{"channel_name_bytes_max":255,"heartbeat_timeout_s":15,"json_depth_max":128,"packet_bytes_max":1048576,"subscriptions_max":1000,"unacknowledged_max":10000}}}
            0s ada < {"connAck":{"st":1,"ts":15}}
        "##]],
    );
}
