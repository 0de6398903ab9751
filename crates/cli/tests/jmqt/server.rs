//! Subscriptions and messages of the server (J-99 to J-101).

use crate::check;

#[test]
fn the_server_subscribes_clients_to_their_own_channel_without_a_word() {
    // J-99
    check(
        r##"
        ada online
        ada silent
        ada > {"pub":{"cn":"$mySubscriptions","id":"1"}}
        ada < {"pubAck":{"st":1,"id":"1","dt":{"channels":[],"subscriptions":{"#ada":"persistent"}}}}
        "##,
    );
}

#[test]
fn the_server_says_nothing_of_its_own_and_nobody_can_speak_in_its_name() {
    // J-100: an empty cl is the server's; it opens no session.
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        eve > {"auth":{"dt":{"client_name":""}}}
        eve < {"authAck":{"st":10,"mg":"*"}}
        eve > {"conn":{"at":"","cl":""}}
        eve < {"connAck":{"st":10}}
        ada silent
        "#,
    );
}

#[test]
fn update_is_a_channel_like_any_other() {
    // J-101: presence is off, so coming and going is not announced.
    check(
        r##"
        ada online
        ada > {"pub":{"cn":"$mySubscriptions","id":"1"}}
        ada < {"pubAck":{"st":1,"id":"1","dt":{"channels":[],"subscriptions":{"#ada":"persistent"}}}}
        ada > {"sub":{"cn":"update","pr":1}}
        ada < {"subAck":{"st":1,"cn":"update"}}
        bob online
        bob leaves
        bob online
        ada silent
        bob > {"pub":{"cn":"update","dt":{"online":"me"},"q":1,"id":"1"}}
        bob < {"pubAck":{"st":1,"id":"1"}}
        ada < {"push":{"cn":"update","dt":{"online":"me"},"cl":"bob","q":1,"id":"<m1>"}}
        ada > {"unsub":{"cn":"update"}}
        ada < {"unsubAck":{"st":1,"cn":"update"}}
        "##,
    );
}
