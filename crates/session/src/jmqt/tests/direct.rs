//! Direct messages: `#` and a client id.

use expect_test::expect;
use rialto_broker::Settings;

use super::world::{check, check_with};

#[test]
fn a_direct_message_reaches_that_client_alone() {
    // J-89. J-90: nobody had to subscribe.
    check(
        r##"
        ada online
        eve online
        bob online
        bob > {"pub":{"cn":"#ada","dt":1}}
        bob > {"pub":{"cn":"#ada","dt":2,"q":1,"id":"2"}}
        ada > {"pub":{"cn":"#bob","dt":3}}
        "##,
        expect![[r##"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s eve < {"connAck":{"st":1,"ts":15}}
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"#ada","dt":1,"cl":"bob"}}
            0s ada < {"push":{"cn":"#ada","dt":2,"cl":"bob","id":"1-1","q":1}}
            0s bob < {"pubAck":{"st":1,"id":"2"}}
            0s bob < {"push":{"cn":"#bob","dt":3,"cl":"ada"}}
        "##]],
    );
}

#[test]
fn a_qos_1_message_waits_for_a_client_that_is_offline_and_its_sender_is_told() {
    // J-91, J-77: until it is acknowledged. J-92: QoS 0 is dropped.
    check(
        r##"
        ada online
        ada drops
        bob online
        bob > {"pub":{"cn":"#ada","dt":1,"q":1,"id":"1"}}
        bob > {"pub":{"cn":"#ada","dt":2}}
        bob > {"pub":{"cn":"#ada","dt":3,"id":"3"}}
        bob > {"pub":{"cn":"#ada","dt":4,"q":1,"id":"4"}}
        ada online
        ada > {"pushAck":{"id":"1-1"}}
        ada drops
        ada online
        "##,
        expect![[r##"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s bob < {"pubAck":{"st":8,"id":"1","mg":"the client is offline"}}
            0s bob < {"pubAck":{"st":8,"id":"3","mg":"the client is offline"}}
            0s bob < {"pubAck":{"st":8,"id":"4","mg":"the client is offline"}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"#ada","dt":1,"cl":"bob","id":"1-1","q":1}}
            0s ada < {"push":{"cn":"#ada","dt":4,"cl":"bob","id":"1-2","q":1}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"#ada","dt":4,"cl":"bob","id":"1-2","q":1}}
        "##]],
    );
}

#[test]
fn a_message_to_an_offline_client_that_cannot_be_stored_is_refused_as_such() {
    // J-74, J-91
    check(
        r##"
        ada online
        ada drops
        bob online
        store fails
        bob > {"pub":{"cn":"#ada","dt":1,"q":1,"id":"1"}}
        store works
        ada online
        "##,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s bob < {"pubAck":{"st":5,"id":"1","mg":"the server cannot store the message now; try again later"}}
            0s ada < {"connAck":{"st":1,"ts":15}}
        "#]],
    );
}

#[test]
fn a_client_that_never_was_is_offline() {
    // J-92: and gets nothing when it comes.
    check(
        r##"
        bob online
        bob > {"pub":{"cn":"#ada","dt":1}}
        bob > {"pub":{"cn":"#ada","dt":2,"id":"2"}}
        bob > {"pub":{"cn":"#ada","dt":3,"q":1,"id":"3"}}
        ada online
        "##,
        expect![[r#"
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s bob < {"pubAck":{"st":8,"id":"2","mg":"the client is offline"}}
            0s bob < {"pubAck":{"st":8,"id":"3","mg":"the client is offline"}}
            0s ada < {"connAck":{"st":1,"ts":15}}
        "#]],
    );
}

#[test]
fn a_message_to_oneself_is_dropped() {
    // J-93
    check(
        r##"
        ada online
        ada > {"pub":{"cn":"#ada","dt":1}}
        ada > {"pub":{"cn":"#ada","dt":2,"id":"2"}}
        ada > {"pub":{"cn":"#ada","dt":3,"q":1,"id":"3"}}
        ada drops
        ada online
        "##,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"pubAck":{"st":8,"id":"2","mg":"the client is offline"}}
            0s ada < {"pubAck":{"st":8,"id":"3","mg":"the client is offline"}}
            0s ada < {"connAck":{"st":1,"ts":15}}
        "#]],
    );
}

#[test]
fn with_echo_a_message_to_oneself_arrives() {
    // J-93
    check_with(
        Settings { echo: true, ..Settings::default() },
        r##"
        ada online
        ada > {"pub":{"cn":"#ada","dt":1}}
        ada > {"pub":{"cn":"#ada","dt":2,"q":1,"id":"2"}}
        "##,
        expect![[r##"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"#ada","dt":1,"cl":"ada"}}
            0s ada < {"push":{"cn":"#ada","dt":2,"cl":"ada","id":"1-1","q":1}}
            0s ada < {"pubAck":{"st":1,"id":"2"}}
        "##]],
    );
}
