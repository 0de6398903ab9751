//! Acknowledging pushes: `pushAck`.

use expect_test::expect;

use super::world::check;

#[test]
fn what_is_acknowledged_does_not_come_again() {
    // J-68: with st 1, or without; by value (J-20). J-77: the others come, under their ids.
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        bob online
        bob > {"pub":{"cn":"log","dt":1,"q":1,"id":"1"}}
        bob > {"pub":{"cn":"log","dt":2,"q":1,"id":"2"}}
        bob > {"pub":{"cn":"log","dt":3,"q":1,"id":"3"}}
        bob > {"pub":{"cn":"log","dt":4,"q":1,"id":"4"}}
        ada > {"pushAck":{"id":"1-1","st":1}}
        ada > {"pushAck":{"id":"1-3"}}
        ada > {"pushAck":{"id":"1-4","st":"1"}}
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
            0s ada < {"push":{"cn":"log","dt":3,"cl":"bob","id":"1-3","q":1}}
            0s bob < {"pubAck":{"st":1,"id":"3"}}
            0s ada < {"push":{"cn":"log","dt":4,"cl":"bob","id":"1-4","q":1}}
            0s bob < {"pubAck":{"st":1,"id":"4"}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"log","dt":2,"cl":"bob","id":"1-2","q":1}}
        "#]],
    );
}

#[test]
fn a_push_that_is_refused_stays_unacknowledged() {
    // J-69: whatever other status it is refused with.
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        bob online
        bob > {"pub":{"cn":"log","dt":1,"q":1,"id":"1"}}
        ada > {"pushAck":{"id":"1-1","st":0}}
        ada > {"pushAck":{"id":"1-1","st":5}}
        ada > {"pushAck":{"id":"1-1","st":"no"}}
        ada drops
        ada online
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"log"}}
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"log","dt":1,"cl":"bob","id":"1-1","q":1}}
            0s bob < {"pubAck":{"st":1,"id":"1"}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"log","dt":1,"cl":"bob","id":"1-1","q":1}}
        "#]],
    );
}

#[test]
fn an_acknowledgement_of_nothing_is_ignored() {
    // J-70: without an id, with one that was never given, given to another, or acknowledged before.
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        eve online
        bob online
        bob > {"pub":{"cn":"log","dt":1,"q":1,"id":"1"}}
        eve > {"pushAck":{"id":"1-1"}}
        ada > {"pushAck":{}}
        ada > {"pushAck":{"id":"1-2"}}
        ada > {"pushAck":{"id":"2-1"}}
        ada > {"pushAck":{"id":"01-1"}}
        ada > {"pushAck":{"id":"18446744073709551616-1"}}
        ada > {"pushAck":{"id":"l9"}}
        ada > {"pushAck":{"id":""}}
        ada drops
        ada online
        ada > {"pushAck":{"id":"1-1"}}␀{"pushAck":{"id":"1-1"}}
        ada drops
        ada online
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"log"}}
            0s eve < {"connAck":{"st":1,"ts":15}}
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"log","dt":1,"cl":"bob","id":"1-1","q":1}}
            0s bob < {"pubAck":{"st":1,"id":"1"}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"log","dt":1,"cl":"bob","id":"1-1","q":1}}
            0s ada < {"connAck":{"st":1,"ts":15}}
        "#]],
    );
}
