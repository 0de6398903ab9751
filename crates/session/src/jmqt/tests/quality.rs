//! Quality of service 1: stored, acknowledged, pushed until it is acknowledged.

use expect_test::expect;
use rialto_broker::Settings;

use super::world::{check, check_with};

#[test]
fn a_message_is_acknowledged_and_pushed_once_it_is_stored() {
    // J-73, J-57. J-65 and J-66: the push has q and an id that is not the publisher's.
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        joe online
        joe > {"sub":{"cn":"log"}}
        bob online
        store waits
        bob > {"pub":{"cn":"log","dt":1,"q":1,"id":"x"}}␀{"hb":{}}
        +1s
        store works
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"log"}}
            0s joe < {"connAck":{"st":1,"ts":15}}
            0s joe < {"subAck":{"st":1,"cn":"log"}}
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s bob < {"hbAck":{}}
            1s ada < {"push":{"cn":"log","dt":1,"cl":"bob","id":"1-1","q":1}}
            1s joe < {"push":{"cn":"log","dt":1,"cl":"bob","id":"1-1","q":1}}
            1s bob < {"pubAck":{"st":1,"id":"x"}}
        "#]],
    );
}

#[test]
fn a_message_that_cannot_be_stored_is_refused_and_reaches_nobody() {
    // J-74
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        joe online
        joe > {"sub":{"cn":"log"}}
        bob online
        store fails
        bob > {"pub":{"cn":"log","dt":1,"q":1,"id":"1"}}
        bob > {"pub":{"cn":"log","dt":2,"q":1,"rt":1,"id":"2"}}
        bob > {"pub":{"cn":"log","dt":3}}
        store works
        ada drops
        ada online
        joe > {"sub":{"cn":"log"}}
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"log"}}
            0s joe < {"connAck":{"st":1,"ts":15}}
            0s joe < {"subAck":{"st":1,"cn":"log"}}
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s bob < {"pubAck":{"st":5,"id":"1","mg":"the server cannot store the message now; try again later"}}
            0s bob < {"pubAck":{"st":5,"id":"2","mg":"the server cannot store the message now; try again later"}}
            0s ada < {"push":{"cn":"log","dt":3,"cl":"bob"}}
            0s joe < {"push":{"cn":"log","dt":3,"cl":"bob"}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s joe < {"subAck":{"st":1,"cn":"log"}}
        "#]],
    );
}

#[test]
fn a_full_log_refuses_what_it_has_no_room_for() {
    // J-74
    let mut settings = Settings::default();
    settings.log.messages_max = 1;
    check_with(
        settings,
        r#"
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        bob online
        bob > {"pub":{"cn":"log","dt":1,"q":1,"id":"1"}}
        bob > {"pub":{"cn":"log","dt":2,"q":1,"id":"2"}}
        ada > {"pushAck":{"id":"1-1"}}
        +100ms
        bob > {"pub":{"cn":"log","dt":3,"q":1,"id":"3"}}
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"log"}}
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"log","dt":1,"cl":"bob","id":"1-1","q":1}}
            0s bob < {"pubAck":{"st":1,"id":"1"}}
            0s bob < {"pubAck":{"st":5,"id":"2","mg":"the channel's log is full; its persistent subscribers must catch up first"}}
            0.1s ada < {"push":{"cn":"log","dt":3,"cl":"bob","id":"1-2","q":1}}
            0.1s bob < {"pubAck":{"st":1,"id":"3"}}
        "#]],
    );
}

#[test]
fn without_persistent_subscribers_nothing_waits_for_the_store() {
    // J-75: those with a session get it with q and an id. J-76: without any it is acknowledged.
    check(
        r#"
        store waits
        bob online
        bob > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
        ada online
        ada > {"sub":{"cn":"room"}}
        bob > {"pub":{"cn":"room","dt":2,"q":1,"id":"2"}}
        bob > {"pub":{"cn":"room","dt":3,"q":1,"id":"2"}}
        "#,
        expect![[r#"
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s bob < {"pubAck":{"st":1,"id":"1"}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s bob < {"pubAck":{"st":1,"id":"2"}}
            0s ada < {"push":{"cn":"room","dt":2,"cl":"bob","id":"l2","q":1}}
            0s bob < {"pubAck":{"st":1,"id":"2"}}
            0s ada < {"push":{"cn":"room","dt":3,"cl":"bob","id":"l3","q":1}}
        "#]],
    );
}

#[test]
fn what_a_session_has_not_acknowledged_goes_with_it() {
    // J-103: unless a persistent subscription asks for it. J-72: QoS 0 is for those who are there.
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"room"}}
        joe online
        joe > {"sub":{"cn":"room","pr":1}}
        joe drops
        bob online
        bob > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
        bob > {"pub":{"cn":"room","dt":2}}
        ada drops
        ada online
        ada > {"sub":{"cn":"room"}}
        joe online
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s joe < {"connAck":{"st":1,"ts":15}}
            0s joe < {"subAck":{"st":1,"cn":"room"}}
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"room","dt":1,"cl":"bob","id":"1-1","q":1}}
            0s bob < {"pubAck":{"st":1,"id":"1"}}
            0s ada < {"push":{"cn":"room","dt":2,"cl":"bob"}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s joe < {"connAck":{"st":1,"ts":15}}
            0s joe < {"push":{"cn":"room","dt":1,"cl":"bob","id":"1-1","q":1}}
        "#]],
    );
}

#[test]
fn what_was_missed_or_not_acknowledged_comes_in_order_under_the_same_ids() {
    // J-77, J-82: behind the connAck and the retained message. J-83: which has neither id nor q.
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        bob online
        bob > {"pub":{"cn":"log","dt":1,"q":1,"id":"1"}}
        bob > {"pub":{"cn":"log","dt":2,"q":1,"id":"2"}}
        ada > {"pushAck":{"id":"1-1"}}
        ada drops
        bob > {"pub":{"cn":"log","dt":3,"q":1,"rt":1,"id":"3"}}
        bob > {"pub":{"cn":"log","dt":"gone"}}
        bob > {"pub":{"cn":"log","dt":4,"q":1,"id":"4"}}
        ada online
        ada drops
        ada online
        ada > {"pushAck":{"id":"1-2"}}␀{"pushAck":{"id":"1-3"}}␀{"pushAck":{"id":"1-4"}}
        ada drops
        ada online
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"log"}}
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"log","dt":1,"cl":"bob","id":"1-1","q":1}}
            0s bob < {"pubAck":{"st":1,"id":"1"}}
            0s ada < {"push":{"cn":"log","dt":2,"cl":"bob","id":"1-2","q":1}}
            0s bob < {"pubAck":{"st":1,"id":"2"}}
            0s bob < {"pubAck":{"st":1,"id":"3"}}
            0s bob < {"pubAck":{"st":1,"id":"4"}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"log","dt":3,"cl":"bob","rt":1}}
            0s ada < {"push":{"cn":"log","dt":2,"cl":"bob","id":"1-2","q":1}}
            0s ada < {"push":{"cn":"log","dt":3,"cl":"bob","id":"1-3","q":1}}
            0s ada < {"push":{"cn":"log","dt":4,"cl":"bob","id":"1-4","q":1}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"log","dt":3,"cl":"bob","rt":1}}
            0s ada < {"push":{"cn":"log","dt":2,"cl":"bob","id":"1-2","q":1}}
            0s ada < {"push":{"cn":"log","dt":3,"cl":"bob","id":"1-3","q":1}}
            0s ada < {"push":{"cn":"log","dt":4,"cl":"bob","id":"1-4","q":1}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"log","dt":3,"cl":"bob","rt":1}}
        "#]],
    );
}

#[test]
fn a_publisher_that_asks_again_is_answered_again() {
    // J-63: and the subscribers may get it twice.
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        bob online
        bob > {"pub":{"cn":"log","dt":1,"q":1,"id":"1"}}
        bob > {"pub":{"cn":"log","dt":1,"q":1,"id":"1"}}
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"log"}}
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"log","dt":1,"cl":"bob","id":"1-1","q":1}}
            0s bob < {"pubAck":{"st":1,"id":"1"}}
            0s ada < {"push":{"cn":"log","dt":1,"cl":"bob","id":"1-2","q":1}}
            0s bob < {"pubAck":{"st":1,"id":"1"}}
        "#]],
    );
}

#[test]
fn only_so_many_stored_messages_are_under_way_at_a_time() {
    // J-78: the next ones follow the acknowledgements, once half of the window is free.
    check_with(
        Settings { unacknowledged_max: 2, ..Settings::default() },
        r#"
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        bob online
        bob > {"pub":{"cn":"log","dt":1,"q":1,"id":"1"}}
        bob > {"pub":{"cn":"log","dt":2,"q":1,"id":"2"}}
        bob > {"pub":{"cn":"log","dt":3,"q":1,"id":"3"}}
        bob > {"pub":{"cn":"log","dt":4,"q":1,"id":"4"}}
        +1s
        ada > {"pushAck":{"id":"1-1"}}
        +1s
        ada > {"pushAck":{"id":"1-2"}}
        +1s
        ada > {"pushAck":{"id":"1-3"}}␀{"pushAck":{"id":"1-4"}}
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"log"}}
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"log","dt":1,"cl":"bob","id":"1-1","q":1}}
            0s bob < {"pubAck":{"st":1,"id":"1"}}
            0s ada < {"push":{"cn":"log","dt":2,"cl":"bob","id":"1-2","q":1}}
            0s bob < {"pubAck":{"st":1,"id":"2"}}
            0s bob < {"pubAck":{"st":1,"id":"3"}}
            0s bob < {"pubAck":{"st":1,"id":"4"}}
            1s ada < {"push":{"cn":"log","dt":3,"cl":"bob","id":"1-3","q":1}}
            2s ada < {"push":{"cn":"log","dt":4,"cl":"bob","id":"1-4","q":1}}
        "#]],
    );
}

#[test]
fn messages_of_both_qualities_keep_their_order_each() {
    // J-67: between the two there is none, since one waits for the store.
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        bob online
        store waits
        bob > {"pub":{"cn":"log","dt":1,"q":1,"id":"1"}}␀{"pub":{"cn":"log","dt":"a"}}
        bob > {"pub":{"cn":"log","dt":2,"q":1,"id":"2"}}␀{"pub":{"cn":"log","dt":"b"}}
        store works
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"log"}}
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"log","dt":"a","cl":"bob"}}
            0s ada < {"push":{"cn":"log","dt":"b","cl":"bob"}}
            0s ada < {"push":{"cn":"log","dt":1,"cl":"bob","id":"1-1","q":1}}
            0s bob < {"pubAck":{"st":1,"id":"1"}}
            0s ada < {"push":{"cn":"log","dt":2,"cl":"bob","id":"1-2","q":1}}
            0s bob < {"pubAck":{"st":1,"id":"2"}}
        "#]],
    );
}

#[test]
fn a_publish_that_needs_an_id_and_has_none_is_refused() {
    // J-59: and distributed to nobody.
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"room"}}
        bob online
        bob > {"pub":{"cn":"room","dt":1,"q":1}}
        bob > {"pub":{"cn":"room","dt":1,"q":true,"id":null}}
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s bob < {"pubAck":{"st":10,"mg":"the packet is malformed"}}
            0s bob < {"pubAck":{"st":10,"mg":"the packet is malformed"}}
        "#]],
    );
}
