//! Unsubscribing: `unsub`, `unsubAck`.

use expect_test::expect;
use rialto_broker::Settings;

use super::world::{check, check_with};

#[test]
fn nothing_is_pushed_after_the_answer() {
    // J-52, J-53: of either kind of subscription, not even after a reconnect.
    check(
        r#"
        bob online
        ada online
        ada > {"sub":{"cn":"room"}}
        ada > {"sub":{"cn":"log","pr":1}}
        bob > {"pub":{"cn":"log","dt":1,"q":1,"id":"1"}}
        ada > {"unsub":{"cn":"room"}}
        ada > {"unsub":{"cn":"log"}}
        bob > {"pub":{"cn":"room","dt":2}}
        bob > {"pub":{"cn":"log","dt":3,"q":1,"id":"3"}}
        ada drops
        ada online
        "#,
        expect![[r#"
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s ada < {"subAck":{"st":1,"cn":"log"}}
            0s ada < {"push":{"cn":"log","dt":1,"cl":"bob","id":"1-1","q":1}}
            0s bob < {"pubAck":{"st":1,"id":"1"}}
            0s ada < {"unsubAck":{"st":1,"cn":"room"}}
            0s ada < {"unsubAck":{"st":1,"cn":"log"}}
            0s bob < {"pubAck":{"st":1,"id":"3"}}
            0s ada < {"connAck":{"st":1,"ts":15}}
        "#]],
    );
}

#[test]
fn there_need_be_no_subscription_to_end() {
    // J-54
    check(
        r#"
        ada online
        ada > {"unsub":{"cn":"room"}}
        ada > {"sub":{"cn":"room"}}
        ada > {"unsub":{"cn":"room"}}
        ada > {"unsub":{"cn":"room"}}
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"unsubAck":{"st":1,"cn":"room"}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s ada < {"unsubAck":{"st":1,"cn":"room"}}
            0s ada < {"unsubAck":{"st":1,"cn":"room"}}
        "#]],
    );
}

#[test]
fn wrong_names_are_refused() {
    // J-48: no string. J-49: none that can be subscribed to.
    check_with(
        Settings { channel_name_bytes_max: 4, ..Settings::default() },
        r##"
        ada online
        ada > {"unsub":{}}
        ada > {"unsub":{"cn":null}}
        ada > {"unsub":{"cn":["room"]}}
        ada > {"unsub":{"cn":""}}
        ada > {"unsub":{"cn":"#ada"}}
        ada > {"unsub":{"cn":"$time"}}
        ada > {"unsub":{"cn":"12345"}}
        ada > {"pub":{"cn":"$mySubscriptions","id":"1"}}
        "##,
        expect![[r##"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"unsubAck":{"st":10,"cn":"","mg":"the packet is malformed"}}
            0s ada < {"unsubAck":{"st":10,"cn":"","mg":"the packet is malformed"}}
            0s ada < {"unsubAck":{"st":10,"cn":"","mg":"the packet is malformed"}}
            0s ada < {"unsubAck":{"st":11,"cn":"","mg":"the channel cannot be used this way"}}
            0s ada < {"unsubAck":{"st":11,"cn":"#ada","mg":"the channel cannot be used this way"}}
            0s ada < {"unsubAck":{"st":11,"cn":"$time","mg":"the channel cannot be used this way"}}
            0s ada < {"unsubAck":{"st":11,"cn":"12345","mg":"the channel name is longer than 4 bytes"}}
            0s ada < {"pubAck":{"st":1,"id":"1","dt":{"channels":[],"subscriptions":{"#ada":"persistent"}}}}
        "##]],
    );
}

#[test]
fn the_answer_waits_for_the_store_which_may_refuse() {
    // J-53: a persistent subscription that could not be taken out of the store is still there, and
    // has missed nothing.
    check(
        r#"
        bob online
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        store waits
        ada > {"unsub":{"cn":"log"}}
        +1s
        store fails
        store works
        bob > {"pub":{"cn":"log","dt":1,"q":1,"id":"1"}}
        "#,
        expect![[r#"
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"log"}}
            1s ada < {"unsubAck":{"st":5,"cn":"log","mg":"the server cannot store the message now; try again later"}}
            1s ada < {"push":{"cn":"log","dt":1,"cl":"bob","id":"1-1","q":1}}
            1s bob < {"pubAck":{"st":1,"id":"1"}}
        "#]],
    );
}

#[test]
fn the_last_word_of_a_client_that_does_not_wait_for_answers_holds() {
    // J-46, J-52: in the order of the requests.
    check(
        r#"
        bob online
        ada online
        ada > {"sub":{"cn":"a","pr":1}}␀{"unsub":{"cn":"a"}}
        ada > {"sub":{"cn":"b","pr":1}}␀{"unsub":{"cn":"b"}}␀{"sub":{"cn":"b"}}
        ada > {"pub":{"cn":"$mySubscriptions","id":"1"}}
        bob > {"pub":{"cn":"a","dt":1}}
        bob > {"pub":{"cn":"b","dt":2}}
        "#,
        expect![[r##"
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"a"}}
            0s ada < {"unsubAck":{"st":1,"cn":"a"}}
            0s ada < {"subAck":{"st":1,"cn":"b"}}
            0s ada < {"unsubAck":{"st":1,"cn":"b"}}
            0s ada < {"subAck":{"st":1,"cn":"b"}}
            0s ada < {"pubAck":{"st":1,"id":"1","dt":{"channels":["b"],"subscriptions":{"#ada":"persistent","b":"temp"}}}}
            0s ada < {"push":{"cn":"b","dt":2,"cl":"bob"}}
        "##]],
    );
}
