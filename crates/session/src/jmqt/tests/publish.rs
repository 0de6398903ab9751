//! Publishing: `pub`, `pubAck`, and whom a message reaches.

use expect_test::expect;
use rialto_broker::Settings;

use super::world::{check, check_with};

#[test]
fn a_message_reaches_all_subscribers_but_its_publisher() {
    // J-55, J-56, J-64. J-58: QoS 0 is not acknowledged, with or without an id.
    check(
        r#"
        ada online
        bob online
        eve online
        ada > {"sub":{"cn":"room"}}
        bob > {"sub":{"cn":"room"}}
        bob > {"pub":{"cn":"room","dt":1}}
        bob > {"pub":{"cn":"room","dt":2,"q":0,"id":"2"}}
        eve > {"pub":{"cn":"room","dt":3}}
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s eve < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s bob < {"subAck":{"st":1,"cn":"room"}}
            0s ada < {"push":{"cn":"room","dt":1,"cl":"bob"}}
            0s ada < {"push":{"cn":"room","dt":2,"cl":"bob"}}
            0s ada < {"push":{"cn":"room","dt":3,"cl":"eve"}}
            0s bob < {"push":{"cn":"room","dt":3,"cl":"eve"}}
        "#]],
    );
}

#[test]
fn with_echo_the_publisher_gets_its_own_messages_too() {
    // J-56
    check_with(
        Settings { echo: true, ..Settings::default() },
        r#"
        ada online
        ada > {"sub":{"cn":"room"}}
        ada > {"sub":{"cn":"log","pr":1}}
        ada > {"pub":{"cn":"room","dt":1}}
        ada > {"pub":{"cn":"log","dt":2,"q":1,"id":"2"}}
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s ada < {"subAck":{"st":1,"cn":"log"}}
            0s ada < {"push":{"cn":"room","dt":1,"cl":"ada"}}
            0s ada < {"push":{"cn":"log","dt":2,"cl":"ada","id":"1-1","q":1}}
            0s ada < {"pubAck":{"st":1,"id":"2"}}
        "#]],
    );
}

#[test]
fn data_arrive_as_they_were_sent() {
    // J-24: any JSON value; numbers as written, keys in their order, also twice.
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"room"}}
        bob online
        bob > {"pub":{"cn":"room","dt":{"b":1,"a":[1.0,-0,1e2,123456789012345678901234567890]}}}
        bob > {"pub":{"cn":"room","dt":{"a":1,"a":2,"":{}}}}
        bob > {"pub":{"cn":"room","dt":"\u0000 \ud83d\ude86 🚆 \/"}}
        bob > {"pub":{"cn":"room","dt":null}}
        bob > {"pub":{"cn":"room","dt":false}}
        bob > {"pub":{"cn":"room","dt":[ ]}}
        bob > { "pub" : { "id" : 7 , "dt" : "" , "x" : {} , "cn" : "ro\u006fm" } }
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"room","dt":{"b":1,"a":[1.0,-0,1e2,123456789012345678901234567890]},"cl":"bob"}}
            0s ada < {"push":{"cn":"room","dt":{"a":1,"a":2,"":{}},"cl":"bob"}}
            0s ada < {"push":{"cn":"room","dt":"\u0000 \ud83d\ude86 🚆 \/","cl":"bob"}}
            0s ada < {"push":{"cn":"room","dt":null,"cl":"bob"}}
            0s ada < {"push":{"cn":"room","dt":false,"cl":"bob"}}
            0s ada < {"push":{"cn":"room","dt":[ ],"cl":"bob"}}
            0s ada < {"push":{"cn":"room","dt":"","cl":"bob"}}
        "#]],
    );
}

#[test]
fn messages_come_in_the_order_they_were_published() {
    // J-67: of one publisher, also within one read.
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"a"}}␀{"sub":{"cn":"b"}}
        bob online
        bob > {"pub":{"cn":"a","dt":1}}
            ␀{"pub":{"cn":"b","dt":2}}
            ␀{"pub":{"cn":"a","dt":3}}
            ␀{"pub":{"cn":"a","dt":4}}
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"a"}}
            0s ada < {"subAck":{"st":1,"cn":"b"}}
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"a","dt":1,"cl":"bob"}}
            0s ada < {"push":{"cn":"b","dt":2,"cl":"bob"}}
            0s ada < {"push":{"cn":"a","dt":3,"cl":"bob"}}
            0s ada < {"push":{"cn":"a","dt":4,"cl":"bob"}}
        "#]],
    );
}

#[test]
fn what_is_refused_is_answered_by_its_id_and_not_distributed() {
    // J-60: malformed. J-61: no channel to publish to. Without an id both are ignored.
    check_with(
        Settings { channel_name_bytes_max: 4, ..Settings::default() },
        r##"
        ada online
        ada > {"sub":{"cn":"room"}}
        bob online
        bob > {"pub":{"cn":"room","id":"1"}}
        bob > {"pub":{"dt":1,"id":"2"}}
        bob > {"pub":{"cn":7,"dt":1,"id":"3"}}
        bob > {"pub":{"cn":"room","dt":1,"q":2,"id":"4"}}
        bob > {"pub":{"cn":"room","dt":1,"rt":2,"q":1,"id":"5"}}
        bob > {"pub":{"cn":"room"}}
        bob > {"pub":{"cn":"room","dt":1,"q":2}}
        bob > {"pub":{"cn":"","dt":1,"id":"6"}}
        bob > {"pub":{"cn":"#","dt":1,"q":1,"id":"7"}}
        bob > {"pub":{"cn":"$","dt":1,"id":"8"}}
        bob > {"pub":{"cn":"rooms","dt":1,"q":1,"id":"9"}}
        bob > {"pub":{"cn":"rooms","dt":1}}
        "##,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s bob < {"pubAck":{"st":10,"id":"1","mg":"the packet is malformed"}}
            0s bob < {"pubAck":{"st":10,"id":"2","mg":"the packet is malformed"}}
            0s bob < {"pubAck":{"st":10,"id":"3","mg":"the packet is malformed"}}
            0s bob < {"pubAck":{"st":10,"id":"4","mg":"the packet is malformed"}}
            0s bob < {"pubAck":{"st":10,"id":"5","mg":"the packet is malformed"}}
            0s bob < {"pubAck":{"st":11,"id":"6","mg":"the channel cannot be used this way"}}
            0s bob < {"pubAck":{"st":11,"id":"7","mg":"the channel cannot be used this way"}}
            0s bob < {"pubAck":{"st":11,"id":"8","mg":"the channel cannot be used this way"}}
            0s bob < {"pubAck":{"st":11,"id":"9","mg":"the channel name is longer than 4 bytes"}}
        "#]],
    );
}

#[test]
fn an_id_is_answered_as_the_string_it_stands_for() {
    // J-22, J-57: a number by its digits as written; what is neither is no id.
    check(
        r#"
        bob online
        bob > {"pub":{"cn":"room","dt":1,"q":1,"id":"a\u0062\""}}
        bob > {"pub":{"cn":"room","dt":1,"q":1,"id":7}}
        bob > {"pub":{"cn":"room","dt":1,"q":1,"id":-1.50e3}}
        bob > {"pub":{"cn":"room","dt":1,"q":1,"id":""}}
        bob > {"pub":{"cn":"room","dt":1,"q":1,"id":{}}}
        "#,
        expect![[r#"
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s bob < {"pubAck":{"st":1,"id":"ab\""}}
            0s bob < {"pubAck":{"st":1,"id":"7"}}
            0s bob < {"pubAck":{"st":1,"id":"-1.50e3"}}
            0s bob < {"pubAck":{"st":1,"id":""}}
            0s bob < {"pubAck":{"st":10,"mg":"the packet is malformed"}}
        "#]],
    );
}
