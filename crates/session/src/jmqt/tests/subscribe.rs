//! Subscribing: `sub`, `subAck`.

use expect_test::expect;
use rialto_broker::Settings;

use super::world::{check, check_with};

#[test]
fn a_subscriber_is_told_so_and_gets_what_is_published_to_exactly_that_channel() {
    // J-46, J-55. J-23: blanks, case and every character count, and are echoed as sent.
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"room"}}
        ada > {"sub":{"cn":" Room\u0000\n\"Zürich\" 🚆"}}
        bob online
        bob > {"pub":{"cn":"room","dt":1}}
        bob > {"pub":{"cn":"Room","dt":2}}
        bob > {"pub":{"cn":"room ","dt":3}}
        bob > {"pub":{"cn":"room/a","dt":4}}
        bob > {"pub":{"cn":" Room\u0000\n\"Z\u00fcrich\" \ud83d\ude86","dt":5}}
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s ada < {"subAck":{"st":1,"cn":" Room\u0000\n\"Zürich\" 🚆"}}
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"room","dt":1,"cl":"bob"}}
            0s ada < {"push":{"cn":" Room\u0000\n\"Zürich\" 🚆","dt":5,"cl":"bob"}}
        "#]],
    );
}

#[test]
fn a_subscription_is_persistent_only_if_it_asks_to_be() {
    // J-47. J-20: pr is read by value.
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"a"}}
        ada > {"sub":{"cn":"b","pr":0}}
        ada > {"sub":{"cn":"c","pr":null}}
        ada > {"sub":{"cn":"d","pr":1}}
        ada > {"sub":{"cn":"e","pr":"1"}}
        ada > {"sub":{"cn":"f","pr":true}}
        ada > {"pub":{"cn":"$mySubscriptions","id":"1"}}
        "#,
        expect![[r##"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"a"}}
            0s ada < {"subAck":{"st":1,"cn":"b"}}
            0s ada < {"subAck":{"st":1,"cn":"c"}}
            0s ada < {"subAck":{"st":1,"cn":"d"}}
            0s ada < {"subAck":{"st":1,"cn":"e"}}
            0s ada < {"subAck":{"st":1,"cn":"f"}}
            0s ada < {"pubAck":{"st":1,"id":"1","dt":{"channels":["a","b","c","d","e","f"],"subscriptions":{"#ada":"persistent","a":"temp","b":"temp","c":"temp","d":"persistent","e":"persistent","f":"persistent"}}}}
        "##]],
    );
}

#[test]
fn what_is_no_name_or_no_flag_is_refused_as_malformed() {
    // J-48: with the channel, where it is one.
    check(
        r#"
        ada online
        ada > {"sub":{}}
        ada > {"sub":{"cn":null}}
        ada > {"sub":{"cn":7}}
        ada > {"sub":{"cn":"room","pr":2}}
        ada > {"sub":{"cn":"room","pr":"yes"}}
        ada > {"pub":{"cn":"$mySubscriptions","id":"1"}}
        "#,
        expect![[r##"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":10,"cn":"","mg":"the packet is malformed"}}
            0s ada < {"subAck":{"st":10,"cn":"","mg":"the packet is malformed"}}
            0s ada < {"subAck":{"st":10,"cn":"","mg":"the packet is malformed"}}
            0s ada < {"subAck":{"st":10,"cn":"room","mg":"the packet is malformed"}}
            0s ada < {"subAck":{"st":10,"cn":"room","mg":"the packet is malformed"}}
            0s ada < {"pubAck":{"st":1,"id":"1","dt":{"channels":[],"subscriptions":{"#ada":"persistent"}}}}
        "##]],
    );
}

#[test]
fn names_that_nobody_may_subscribe_to_are_refused() {
    // J-49: the empty one, those with a mark, and those that are too long.
    check_with(
        Settings { channel_name_bytes_max: 4, ..Settings::default() },
        r##"
        ada online
        ada > {"sub":{"cn":""}}
        ada > {"sub":{"cn":"#ada"}}
        ada > {"sub":{"cn":"#"}}
        ada > {"sub":{"cn":"$x","pr":1}}
        ada > {"sub":{"cn":"1234"}}
        ada > {"sub":{"cn":"12345"}}
        ada > {"sub":{"cn":"ééé"}}
        "##,
        expect![[r##"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":11,"cn":"","mg":"the channel cannot be used this way"}}
            0s ada < {"subAck":{"st":11,"cn":"#ada","mg":"the channel cannot be used this way"}}
            0s ada < {"subAck":{"st":11,"cn":"#","mg":"the channel cannot be used this way"}}
            0s ada < {"subAck":{"st":11,"cn":"$x","mg":"the channel cannot be used this way"}}
            0s ada < {"subAck":{"st":1,"cn":"1234"}}
            0s ada < {"subAck":{"st":11,"cn":"12345","mg":"the channel name is longer than 4 bytes"}}
            0s ada < {"subAck":{"st":11,"cn":"ééé","mg":"the channel name is longer than 4 bytes"}}
        "##]],
    );
}

#[test]
fn a_client_has_no_more_subscriptions_than_it_may() {
    // J-50: asking again for one that it has is no new one.
    check_with(
        Settings { subscriptions_max: 1, ..Settings::default() },
        r#"
        ada online
        ada > {"sub":{"cn":"a"}}
        ada > {"sub":{"cn":"b"}}
        ada > {"sub":{"cn":"a"}}
        ada > {"unsub":{"cn":"a"}}
        ada > {"sub":{"cn":"b","pr":1}}
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"a"}}
            0s ada < {"subAck":{"st":7,"cn":"b","mg":"the client already has 1 subscriptions, the most allowed"}}
            0s ada < {"subAck":{"st":1,"cn":"a"}}
            0s ada < {"unsubAck":{"st":1,"cn":"a"}}
            0s ada < {"subAck":{"st":1,"cn":"b"}}
        "#]],
    );
}

#[test]
fn subscribing_again_keeps_the_persistence_and_doubles_nothing() {
    // J-51
    check(
        r#"
        bob online
        bob > {"pub":{"cn":"room","dt":"old","rt":1}}
        ada online
        ada > {"sub":{"cn":"room"}}
        ada > {"sub":{"cn":"room","pr":1}}
        bob > {"pub":{"cn":"room","dt":1}}
        ada > {"unsub":{"cn":"room"}}
        ada > {"sub":{"cn":"room","pr":1}}
        ada > {"sub":{"cn":"room"}}
        ada > {"pub":{"cn":"$mySubscriptions","id":"1"}}
        "#,
        expect![[r##"
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s ada < {"push":{"cn":"room","dt":"old","cl":"bob","rt":1}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s ada < {"push":{"cn":"room","dt":"old","cl":"bob","rt":1}}
            0s ada < {"push":{"cn":"room","dt":1,"cl":"bob"}}
            0s ada < {"unsubAck":{"st":1,"cn":"room"}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s ada < {"push":{"cn":"room","dt":"old","cl":"bob","rt":1}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s ada < {"push":{"cn":"room","dt":"old","cl":"bob","rt":1}}
            0s ada < {"pubAck":{"st":1,"id":"1","dt":{"channels":["room"],"subscriptions":{"#ada":"persistent","room":"persistent"}}}}
        "##]],
    );
}

#[test]
fn a_persistent_subscription_is_acknowledged_once_it_is_stored() {
    // J-88. J-81: the retained message comes behind the answer, however late that is.
    check(
        r#"
        bob online
        bob > {"pub":{"cn":"log","dt":"old","rt":1}}
        store waits
        ada online
        ada > {"sub":{"cn":"log","pr":1}}␀{"hb":{}}
        +1s
        store works
        "#,
        expect![[r#"
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"hbAck":{}}
            1s ada < {"subAck":{"st":1,"cn":"log"}}
            1s ada < {"push":{"cn":"log","dt":"old","cl":"bob","rt":1}}
        "#]],
    );
}

#[test]
fn a_subscription_that_cannot_be_stored_is_refused_and_is_not_there() {
    // J-88
    check(
        r#"
        bob online
        ada online
        store fails
        ada > {"sub":{"cn":"log","pr":1}}
        bob > {"pub":{"cn":"log","dt":1}}
        store works
        ada > {"pub":{"cn":"$mySubscriptions","id":"1"}}
        ada > {"sub":{"cn":"log","pr":1}}
        bob > {"pub":{"cn":"log","dt":2}}
        "#,
        expect![[r##"
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":5,"cn":"log","mg":"the server cannot store the message now; try again later"}}
            0s ada < {"pubAck":{"st":1,"id":"1","dt":{"channels":[],"subscriptions":{"#ada":"persistent"}}}}
            0s ada < {"subAck":{"st":1,"cn":"log"}}
            0s ada < {"push":{"cn":"log","dt":2,"cl":"bob"}}
        "##]],
    );
}

#[test]
fn a_persistent_subscription_outlives_the_session() {
    // J-87: no new sub is needed. J-103: the other one is gone.
    check(
        r#"
        bob online
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        ada > {"sub":{"cn":"room"}}
        ada drops
        ada online
        bob > {"pub":{"cn":"log","dt":1}}
        bob > {"pub":{"cn":"room","dt":2}}
        ada > {"pub":{"cn":"$mySubscriptions","id":"1"}}
        "#,
        expect![[r##"
            0s bob < {"connAck":{"st":1,"ts":15}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"subAck":{"st":1,"cn":"log"}}
            0s ada < {"subAck":{"st":1,"cn":"room"}}
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"push":{"cn":"log","dt":1,"cl":"bob"}}
            0s ada < {"pubAck":{"st":1,"id":"1","dt":{"channels":["log"],"subscriptions":{"#ada":"persistent","log":"persistent"}}}}
        "##]],
    );
}
