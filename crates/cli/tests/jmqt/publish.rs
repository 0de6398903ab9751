//! Publishing: `pub`, `pubAck` (J-55 to J-63).

use rialto_testkit::{Peer, Transport};
use serde_json::json;

use crate::{check, check_with, start};

#[test]
fn a_message_reaches_those_who_are_subscribed_to_exactly_its_channel() {
    // J-55: names are no patterns, prefixes or paths.
    check(
        r#"
        ada online
        bob online
        eve online
        ada > {"sub":{"cn":"room/1"}}
        ada < {"subAck":{"st":1,"cn":"room/1"}}
        bob > {"sub":{"cn":"room/1"}}
        bob < {"subAck":{"st":1,"cn":"room/1"}}
        eve > {"sub":{"cn":"room"}}
        eve < {"subAck":{"st":1,"cn":"room"}}
        eve > {"sub":{"cn":"room/*"}}
        eve < {"subAck":{"st":1,"cn":"room/*"}}
        eve > {"sub":{"cn":"ROOM/1"}}
        eve < {"subAck":{"st":1,"cn":"ROOM/1"}}
        eve > {"pub":{"cn":"room/1","dt":{"n":1}}}
        ada < {"push":{"cn":"room/1","dt":{"n":1},"cl":"eve"}}
        bob < {"push":{"cn":"room/1","dt":{"n":1},"cl":"eve"}}
        eve silent
        ada silent
        bob silent
        "#,
    );
}

#[test]
fn one_message_reaches_the_subscribers_of_all_transports() {
    // J-55, J-9
    let broker = start(&[]);
    let mut subscribers = Transport::ALL
        .map(|transport| Peer::online(&broker, transport, &format!("over {transport}")));
    for subscriber in &mut subscribers {
        subscriber.subscribe("room");
    }
    for transport in Transport::ALL {
        let mut bob = Peer::online(&broker, transport, "bob");
        bob.send(r#"{"pub":{"cn":"room","dt":[1],"q":1,"id":"7"}}"#);
        bob.expect(r#"{"pubAck":{"st":1,"id":"7"}}"#);
        let pushes = subscribers.each_mut().map(|peer| peer.recv_text());
        assert!(pushes.iter().all(|push| *push == pushes[0]), "{pushes:?}");
        bob.leave();
    }
}

#[test]
fn a_publisher_does_not_get_its_own_message() {
    // J-56
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"room","pr":1}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        ada > {"pub":{"cn":"room","dt":1}}
        ada > {"pub":{"cn":"room","dt":2,"q":1,"id":"2"}}
        ada < {"pubAck":{"st":1,"id":"2"}}
        ada silent
        ada leaves
        ada online
        ada silent
        "#,
    );
}

#[test]
fn a_publisher_gets_its_own_message_where_echo_is_on() {
    // J-56
    check_with(
        &["delivery.echo=true"],
        r#"
        ada online
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        ada > {"pub":{"cn":"room","dt":1}}
        ada < {"push":{"cn":"room","dt":1,"cl":"ada"}}
        ada > {"pub":{"cn":"hall","dt":2}}
        ada silent
        "#,
    );
}

#[test]
fn a_pub_ack_has_the_very_id_of_the_pub() {
    // J-57
    let broker = start(&[]);
    let ids =
        ["1", "0", "", " ", "a b", "ünï😀", "\"\\\n", "6f1c-…", "9999999999999999999999", "null"];
    for transport in Transport::ALL {
        let mut ada = Peer::online(&broker, transport, "ada");
        for id in ids.into_iter().map(str::to_owned).chain(["x".repeat(10_000)]) {
            ada.send(json!({"pub": {"cn": "room", "dt": 1, "q": 1, "id": id}}));
            ada.expect(json!({"pubAck": {"st": 1, "id": id}}));
        }
        ada.leave();
    }
}

#[test]
fn a_message_of_quality_0_is_acknowledged_only_when_refused() {
    // J-58, J-61: with or without an id.
    check_with(
        &["limits.channel_name_bytes_max=8"],
        r#"
        ada online
        ada > {"pub":{"cn":"room","dt":1}}
        ada > {"pub":{"cn":"room","dt":1,"id":"1"}}
        ada > {"pub":{"cn":"room","dt":1,"q":0,"id":"2"}}
        ada > {"pub":{"cn":"room","dt":1,"rt":1,"id":"3"}}
        ada silent
        ada > {"pub":{"cn":"","dt":1,"id":"4"}}
        ada < {"pubAck":{"st":11,"id":"4"}}
        ada > {"pub":{"cn":"","dt":1}}
        ada silent
        "#,
    );
}

#[test]
fn what_is_malformed_is_not_distributed() {
    // J-59, J-60: quality 1 without an id; no dt; a channel, quality or flag that is none.
    check(
        r#"
        bob online
        bob > {"sub":{"cn":"room","pr":1}}
        bob < {"subAck":{"st":1,"cn":"room"}}
        ada online
        ada > {"pub":{"cn":"room","dt":1,"q":1}}
        ada < {"pubAck":{"st":10}}
        ada > {"pub":{"cn":"room","dt":1,"q":1,"rt":1,"id":null}}
        ada < {"pubAck":{"st":10}}
        ada > {"pub":{"cn":"room","q":1,"id":"1"}}
        ada < {"pubAck":{"st":10,"id":"1"}}
        ada > {"pub":{"cn":"room","id":"2"}}
        ada < {"pubAck":{"st":10,"id":"2"}}
        ada > {"pub":{"cn":"room"}}
        ada > {"pub":{"dt":1}}
        ada > {"pub":{"dt":1,"id":"3"}}
        ada < {"pubAck":{"st":10,"id":"3"}}
        ada > {"pub":{"cn":["room"],"dt":1,"q":1,"id":"4"}}
        ada < {"pubAck":{"st":10,"id":"4"}}
        ada > {"pub":{"cn":"room","dt":1,"q":2,"id":"5"}}
        ada < {"pubAck":{"st":10,"id":"5"}}
        ada > {"pub":{"cn":"room","dt":1,"q":2}}
        ada > {"pub":{"cn":"room","dt":1,"rt":2,"id":"6"}}
        ada < {"pubAck":{"st":10,"id":"6"}}
        ada > {"pub":{"cn":"room","dt":1,"rt":"yes"}}
        ada silent
        bob silent
        bob > {"sub":{"cn":"room"}}
        bob < {"subAck":{"st":1,"cn":"room"}}
        bob silent
        "#,
    );
}

#[test]
fn names_that_are_no_channels_to_publish_to_are_refused() {
    // J-61: told only to those who can tell which publish it was.
    check_with(
        &["limits.channel_name_bytes_max=8"],
        r##"
        bob online
        bob > {"sub":{"cn":"12345678"}}
        bob < {"subAck":{"st":1,"cn":"12345678"}}
        ada online
        ada > {"pub":{"cn":"","dt":1,"q":1,"id":"1"}}
        ada < {"pubAck":{"st":11,"id":"1"}}
        ada > {"pub":{"cn":"#","dt":1,"q":1,"id":"2"}}
        ada < {"pubAck":{"st":11,"id":"2"}}
        ada > {"pub":{"cn":"$","dt":1,"q":1,"id":"3"}}
        ada < {"pubAck":{"st":11,"id":"3"}}
        ada > {"pub":{"cn":"#","dt":1,"id":"4"}}
        ada < {"pubAck":{"st":11,"id":"4"}}
        ada > {"pub":{"cn":"$","dt":1,"id":"5"}}
        ada < {"pubAck":{"st":11,"id":"5"}}
        ada > {"pub":{"cn":"123456789","dt":1,"q":1,"rt":1,"id":"6"}}
        ada < {"pubAck":{"st":11,"id":"6"}}
        ada > {"pub":{"cn":"123456789","dt":1,"id":"7"}}
        ada < {"pubAck":{"st":11,"id":"7"}}
        ada > {"pub":{"cn":"","dt":1}}
        ada > {"pub":{"cn":"#","dt":1}}
        ada > {"pub":{"cn":"123456789","dt":1}}
        ada silent
        ada > {"pub":{"cn":"12345678","dt":1}}
        bob < {"push":{"cn":"12345678","dt":1,"cl":"ada"}}
        "##,
    );
}

#[test]
fn the_right_to_publish_anywhere_is_granted() {
    // J-62: rules of access may refuse with status 7; there are none, so nothing is refused.
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"rialto/internal"}}
        ada < {"subAck":{"st":1,"cn":"rialto/internal"}}
        bob online
        bob > {"pub":{"cn":"rialto/internal","dt":1,"q":1,"id":"1"}}
        bob < {"pubAck":{"st":1,"id":"1"}}
        ada < {"push":{"cn":"rialto/internal","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
        "#,
    );
}

#[test]
fn a_message_published_again_is_acknowledged_again() {
    // J-63: and may come twice, then under another id of the server.
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"room","pr":1}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        bob online
        bob > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
        bob < {"pubAck":{"st":1,"id":"1"}}
        bob > {"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}
        bob < {"pubAck":{"st":1,"id":"1"}}
        ada < {"push":{"cn":"room","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
        ada < {"push":{"cn":"room","dt":1,"cl":"bob","q":1,"id":"<m2>"}}
        ada silent
        "#,
    );
}
