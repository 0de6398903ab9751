//! Subscribing and unsubscribing (J-46 to J-54, J-87, J-88).

use rialto_testkit::{Peer, Transport};
use serde_json::{Value, json};

use crate::{check, check_with, start};

#[test]
fn a_subscription_is_acknowledged_and_lasts_for_the_session_or_for_good() {
    // J-46, J-47
    check(
        r##"
        ada online
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        ada > {"sub":{"cn":"hall","pr":0}}
        ada < {"subAck":{"st":1,"cn":"hall"}}
        ada > {"sub":{"cn":"log","pr":1}}
        ada < {"subAck":{"st":1,"cn":"log"}}
        ada > {"pub":{"cn":"$mySubscriptions","id":"1"}}
        ada < {"pubAck":{"st":1,"id":"1","dt":{"channels":["room","hall","log"],"subscriptions":{"#ada":"persistent","room":"temp","hall":"temp","log":"persistent"}}}}
        bob online
        bob > {"pub":{"cn":"room","dt":1}}
        bob > {"pub":{"cn":"hall","dt":2}}
        bob > {"pub":{"cn":"log","dt":3}}
        ada < {"push":{"cn":"room","dt":1,"cl":"bob"}}
        ada < {"push":{"cn":"hall","dt":2,"cl":"bob"}}
        ada < {"push":{"cn":"log","dt":3,"cl":"bob"}}
        ada leaves
        ada online
        ada > {"pub":{"cn":"$mySubscriptions","id":"2"}}
        ada < {"pubAck":{"st":1,"id":"2","dt":{"channels":["log"],"subscriptions":{"#ada":"persistent","log":"persistent"}}}}
        bob > {"pub":{"cn":"room","dt":4}}
        bob > {"pub":{"cn":"log","dt":5}}
        ada < {"push":{"cn":"log","dt":5,"cl":"bob"}}
        ada silent
        "##,
    );
}

#[test]
fn the_right_to_any_lawful_channel_is_granted() {
    // J-50: rules of access may refuse with status 7; there are none, so nothing is refused.
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"update"}}
        ada < {"subAck":{"st":1,"cn":"update"}}
        ada > {"sub":{"cn":"rialto/internal"}}
        ada < {"subAck":{"st":1,"cn":"rialto/internal"}}
        ada > {"sub":{"cn":" #bob"}}
        ada < {"subAck":{"st":1,"cn":" #bob"}}
        "#,
    );
}

#[test]
fn a_malformed_request_changes_no_subscription() {
    // J-48
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        ada > {"sub":{}}
        ada < {"subAck":{"st":10,"cn":""}}
        ada > {"sub":{"cn":null,"pr":1}}
        ada < {"subAck":{"st":10,"cn":""}}
        ada > {"sub":{"cn":{"name":"room"}}}
        ada < {"subAck":{"st":10,"cn":""}}
        ada > {"sub":{"cn":"hall","pr":2}}
        ada < {"subAck":{"st":10,"cn":"hall"}}
        ada > {"unsub":{}}
        ada < {"unsubAck":{"st":10,"cn":""}}
        ada > {"unsub":{"cn":null}}
        ada < {"unsubAck":{"st":10,"cn":""}}
        ada > {"unsub":{"cn":["room"]}}
        ada < {"unsubAck":{"st":10,"cn":""}}
        ada > {"pub":{"cn":"$mySubscriptions","id":"1"}}
        ada < {"pubAck":{"st":1,"id":"1","dt":{"channels":["room"],"subscriptions":"*"}}}
        "#,
    );
}

#[test]
fn names_that_are_no_channels_to_subscribe_to_are_refused() {
    // J-49: the empty name, direct and control channels, names that are too long.
    check_with(
        &["limits.channel_name_bytes_max=8"],
        r##"
        ada online
        ada > {"sub":{"cn":"12345678","pr":1}}
        ada < {"subAck":{"st":1,"cn":"12345678"}}
        ada > {"sub":{"cn":""}}
        ada < {"subAck":{"st":11,"cn":""}}
        ada > {"sub":{"cn":"#"}}
        ada < {"subAck":{"st":11,"cn":"#"}}
        ada > {"sub":{"cn":"$"}}
        ada < {"subAck":{"st":11,"cn":"$"}}
        ada > {"sub":{"cn":"#ada"}}
        ada < {"subAck":{"st":11,"cn":"#ada"}}
        ada > {"sub":{"cn":"#bob","pr":1}}
        ada < {"subAck":{"st":11,"cn":"#bob"}}
        ada > {"sub":{"cn":"$stats"}}
        ada < {"subAck":{"st":11,"cn":"$stats"}}
        ada > {"sub":{"cn":"123456789"}}
        ada < {"subAck":{"st":11,"cn":"123456789"}}
        ada > {"sub":{"cn":"ääääx"}}
        ada < {"subAck":{"st":11,"cn":"ääääx"}}
        ada > {"unsub":{"cn":""}}
        ada < {"unsubAck":{"st":11,"cn":""}}
        ada > {"unsub":{"cn":"#ada"}}
        ada < {"unsubAck":{"st":11,"cn":"#ada"}}
        ada > {"unsub":{"cn":"$stats"}}
        ada < {"unsubAck":{"st":11,"cn":"$stats"}}
        ada > {"unsub":{"cn":"123456789"}}
        ada < {"unsubAck":{"st":11,"cn":"123456789"}}
        ada > {"pub":{"cn":"$mySubscriptions","id":"1"}}
        ada < {"pubAck":{"st":1,"id":"1","dt":{"channels":["12345678"],"subscriptions":{"#ada":"persistent","12345678":"persistent"}}}}
        "##,
    );
}

#[test]
fn subscribing_again_brings_the_retained_message_and_nothing_else() {
    // J-51: the persistence stays, in both directions, and messages do not come twice.
    check(
        r##"
        bob online
        bob > {"pub":{"cn":"log","dt":"old","rt":1,"q":1,"id":"1"}}
        bob < {"pubAck":{"st":1,"id":"1"}}
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        ada < {"subAck":{"st":1,"cn":"log"}}
        ada < {"push":{"cn":"log","dt":"old","cl":"bob","rt":1}}
        ada > {"sub":{"cn":"log"}}
        ada < {"subAck":{"st":1,"cn":"log"}}
        ada < {"push":{"cn":"log","dt":"old","cl":"bob","rt":1}}
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        ada > {"sub":{"cn":"room","pr":1}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        bob > {"pub":{"cn":"log","dt":"new"}}
        bob > {"pub":{"cn":"room","dt":"new"}}
        bob > {"pub":{"cn":"log","dt":"new","q":1,"id":"2"}}
        bob < {"pubAck":{"st":1,"id":"2"}}
        ada < {"push":{"cn":"log","dt":"new","cl":"bob"}}
        ada < {"push":{"cn":"room","dt":"new","cl":"bob"}}
        ada < {"push":{"cn":"log","dt":"new","cl":"bob","q":1,"id":"<m1>"}}
        ada > {"pub":{"cn":"$mySubscriptions","id":"1"}}
        ada < {"pubAck":{"st":1,"id":"1","dt":{"channels":["log","room"],"subscriptions":{"#ada":"persistent","log":"persistent","room":"temp"}}}}
        "##,
    );
}

#[test]
fn the_persistence_changes_by_unsubscribing_in_between() {
    // J-51
    check(
        r##"
        ada online
        ada > {"sub":{"cn":"room","pr":1}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        ada > {"unsub":{"cn":"room"}}
        ada < {"unsubAck":{"st":1,"cn":"room"}}
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        ada > {"pub":{"cn":"$mySubscriptions","id":"1"}}
        ada < {"pubAck":{"st":1,"id":"1","dt":{"channels":["room"],"subscriptions":{"#ada":"persistent","room":"temp"}}}}
        ada > {"unsub":{"cn":"room"}}
        ada < {"unsubAck":{"st":1,"cn":"room"}}
        ada > {"sub":{"cn":"room","pr":1}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        ada > {"pub":{"cn":"$mySubscriptions","id":"2"}}
        ada < {"pubAck":{"st":1,"id":"2","dt":{"channels":["room"],"subscriptions":{"#ada":"persistent","room":"persistent"}}}}
        "##,
    );
}

#[test]
fn after_the_unsub_ack_nothing_comes_any_more() {
    // J-52, J-53: neither now nor after a reconnect nor after a restart.
    check(
        r##"
        bob online
        ada online
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        ada > {"sub":{"cn":"log","pr":1}}
        ada < {"subAck":{"st":1,"cn":"log"}}
        ada > {"unsub":{"cn":"room"}}
        ada < {"unsubAck":{"st":1,"cn":"room"}}
        ada > {"unsub":{"cn":"log"}}
        ada < {"unsubAck":{"st":1,"cn":"log"}}
        bob > {"pub":{"cn":"room","dt":1}}
        bob > {"pub":{"cn":"log","dt":2,"q":1,"rt":1,"id":"1"}}
        bob < {"pubAck":{"st":1,"id":"1"}}
        ada silent
        ada leaves
        bob > {"pub":{"cn":"log","dt":3,"q":1,"id":"2"}}
        bob < {"pubAck":{"st":1,"id":"2"}}
        ada online
        ada silent
        broker killed
        ada online
        ada silent
        ada > {"pub":{"cn":"$mySubscriptions","id":"1"}}
        ada < {"pubAck":{"st":1,"id":"1","dt":{"channels":[],"subscriptions":{"#ada":"persistent"}}}}
        "##,
    );
}

#[test]
fn unsubscribing_forgets_what_was_not_acknowledged() {
    // J-53: what was published before it does not come again either.
    check(
        r#"
        bob online
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        ada < {"subAck":{"st":1,"cn":"log"}}
        bob > {"pub":{"cn":"log","dt":1,"q":1,"id":"1"}}
        bob < {"pubAck":{"st":1,"id":"1"}}
        ada < {"push":{"cn":"log","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
        ada > {"unsub":{"cn":"log"}}
        ada < {"unsubAck":{"st":1,"cn":"log"}}
        ada > {"sub":{"cn":"log","pr":1}}
        ada < {"subAck":{"st":1,"cn":"log"}}
        ada leaves
        ada online
        ada silent
        "#,
    );
}

#[test]
fn unsubscribing_from_what_one_is_not_subscribed_to_is_done_at_once() {
    // J-54
    check(
        r#"
        ada online
        ada > {"unsub":{"cn":"never heard of"}}
        ada < {"unsubAck":{"st":1,"cn":"never heard of"}}
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        bob online
        bob > {"unsub":{"cn":"room"}}
        bob < {"unsubAck":{"st":1,"cn":"room"}}
        bob > {"pub":{"cn":"room","dt":1}}
        ada < {"push":{"cn":"room","dt":1,"cl":"bob"}}
        "#,
    );
}

#[test]
fn requests_sent_at_once_are_answered_in_order() {
    // J-46, J-52: however the store delays some of them, the last one decides.
    let broker = start(&[]);
    for transport in Transport::ALL {
        let mut ada = Peer::online(&broker, transport, &format!("ada over {transport}"));
        for (request, pr) in [("sub", 1), ("unsub", 0), ("sub", 1), ("unsub", 0), ("sub", 1)] {
            ada.send(format!(r#"{{"{request}":{{"cn":"room","pr":{pr}}}}}"#));
        }
        for ack in ["subAck", "unsubAck", "subAck", "unsubAck", "subAck"] {
            ada.expect(format!(r#"{{"{ack}":{{"st":1,"cn":"room"}}}}"#));
        }
        ada.send(r#"{"pub":{"cn":"$mySubscriptions","id":"1"}}"#);
        let subscriptions =
            format!(r##"{{"#ada over {transport}":"persistent","room":"persistent"}}"##);
        ada.expect(format!(
            r#"{{"pubAck":{{"st":1,"id":"1","dt":{{"channels":["room"],"subscriptions":{subscriptions}}}}}}}"#
        ));
    }
}

#[test]
fn a_persistent_subscription_survives_the_session_and_the_server() {
    // J-87, J-88: acknowledged is stored; even a crash right behind the subAck does not lose it.
    check(
        r#"
        ada online
        ada > {"sub":{"cn":"log","pr":1}}
        ada < {"subAck":{"st":1,"cn":"log"}}
        broker killed
        bob online
        bob > {"pub":{"cn":"log","dt":1,"q":1,"id":"1"}}
        bob < {"pubAck":{"st":1,"id":"1"}}
        ada online
        ada < {"push":{"cn":"log","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
        ada > {"pushAck":{"id":"<m1>"}}
        ada silent
        broker stopped
        ada online
        ada silent
        bob online
        bob > {"pub":{"cn":"log","dt":2}}
        ada < {"push":{"cn":"log","dt":2,"cl":"bob"}}
        ada > {"unsub":{"cn":"log"}}
        ada < {"unsubAck":{"st":1,"cn":"log"}}
        broker killed
        bob online
        bob > {"pub":{"cn":"log","dt":3,"q":1,"id":"3"}}
        bob < {"pubAck":{"st":1,"id":"3"}}
        ada online
        ada silent
        "#,
    );
}

#[test]
fn a_persistent_subscription_that_cannot_be_stored_is_refused() {
    // J-88, J-74: status 5 and not subscribed; one for the session needs no store.
    let broker = start(&["store.bytes_max=256KiB"]);
    for transport in Transport::ALL {
        let name = format!("ada over {transport}");
        let mut ada = Peer::online(&broker, transport, &name);
        let data = "x".repeat(4000);
        let mut fill = |n: String| {
            let packet = json!({"pub": {"cn": n, "dt": data, "q": 1, "rt": 1, "id": n}});
            ada.ask(packet)["pubAck"]["st"] == 1
        };
        let filled = (0..1000).find(|n| !fill(format!("{transport} {n}")));
        assert!(filled.is_some(), "the store is never full");

        let mut subscribe = |n: &str| {
            ada.send(json!({"sub": {"cn": n, "pr": 1}}));
            ada.recv()["subAck"]["st"].take()
        };
        let refused = (0..1000).map(|n| format!("log {n}")).find(|log| subscribe(log) != 1);
        let refused = refused.expect("there is no more room for subscriptions");
        ada.send(json!({"sub": {"cn": refused, "pr": 1}}));
        ada.expect(json!({"subAck": {"st": 5, "cn": refused}}));
        let mut bob = Peer::online(&broker, transport, "bob");
        bob.send(json!({"pub": {"cn": refused, "dt": 1}}));
        bob.leave();
        ada.expect_silence();
        ada.subscribe("room");
        let answer = ada.ask(r#"{"pub":{"cn":"$mySubscriptions","id":"1"}}"#);
        let subscriptions = &answer["pubAck"]["dt"]["subscriptions"];
        assert_eq!(
            (&subscriptions[&refused], &subscriptions["room"]),
            (&Value::Null, &"temp".into())
        );
        ada.leave();
    }
}
