//! Subscriptions of a client, and the length of names.

use rialto_testkit::{Dialogue, Peer, Transport};
use serde_json::json;

use crate::{check_serves, start};

#[test]
fn a_client_may_have_so_many_subscriptions() {
    // J-46, J-71: one more is refused with status 7. Its # channel is not counted, one that it
    // has already is not a new one, and an unsub makes room.
    for transport in Transport::ALL {
        let mut broker = start(&["limits.subscriptions_max=2"]);
        Dialogue::new(&mut broker, transport).play(
            r##"
            bob online
            ada online
            bob > {"pub":{"cn":"#ada","dt":1,"q":1,"id":"1"}}
            bob < {"pubAck":{"st":1,"id":"1"}}
            ada < {"push":{"cn":"#ada","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
            ada > {"pushAck":{"id":"<m1>"}}
            ada > {"sub":{"cn":"1"}}
            ada < {"subAck":{"st":1,"cn":"1"}}
            ada > {"sub":{"cn":"2","pr":1}}
            ada < {"subAck":{"st":1,"cn":"2"}}
            ada > {"sub":{"cn":"3"}}
            ada < {"subAck":{"st":7,"cn":"3"}}
            ada > {"sub":{"cn":"3","pr":1}}
            ada < {"subAck":{"st":7,"cn":"3"}}
            ada > {"sub":{"cn":"1"}}
            ada < {"subAck":{"st":1,"cn":"1"}}
            ada > {"sub":{"cn":"2","pr":1}}
            ada < {"subAck":{"st":1,"cn":"2"}}
            bob > {"pub":{"cn":"3","dt":1}}
            ada silent
            ada > {"unsub":{"cn":"1"}}
            ada < {"unsubAck":{"st":1,"cn":"1"}}
            ada > {"sub":{"cn":"3","pr":1}}
            ada < {"subAck":{"st":1,"cn":"3"}}
            broker stopped
            ada online
            ada > {"sub":{"cn":"4"}}
            ada < {"subAck":{"st":7,"cn":"4"}}
            ada > {"unsub":{"cn":"2"}}
            ada < {"unsubAck":{"st":1,"cn":"2"}}
            ada > {"sub":{"cn":"4"}}
            ada < {"subAck":{"st":1,"cn":"4"}}
            bob online
            bob > {"sub":{"cn":"of another client"}}
            bob < {"subAck":{"st":1,"cn":"of another client"}}
            "##,
        );
        assert_eq!(broker.stat("rejected"), 1);
        check_serves(&broker);
    }
}

#[test]
fn subscriptions_asked_for_at_once_are_counted_too() {
    // J-46: those that wait for the store are not forgotten.
    let broker = start(&["limits.subscriptions_max=5"]);
    for (transport, pr) in Transport::ALL.into_iter().zip([0, 1, 0, 1]) {
        let mut ada = Peer::online(&broker, transport, &format!("ada {transport}"));
        let requests = (0..10).map(|n| format!(r#"{{"sub":{{"cn":"{n}","pr":{pr}}}}}"#));
        let requests: Vec<_> = requests.collect();
        ada.send_all(&requests.iter().map(String::as_str).collect::<Vec<_>>());
        let answers: Vec<_> = (0..10).map(|_| ada.recv()["subAck"]["st"].take()).collect();
        let granted = answers.iter().filter(|status| **status == 1).count();
        assert_eq!(granted, 5, "{transport}: {answers:?}");
    }
    assert_eq!(broker.stat("rejected"), 20);
}

#[test]
fn names_have_a_length_in_bytes() {
    // J-49, J-61: of UTF-8, one below the limit, at it, and one above.
    let broker = start(&["limits.channel_name_bytes_max=20"]);
    for transport in Transport::ALL {
        let mut ada = Peer::online(&broker, transport, "ada");
        let names = [("x".repeat(19), 1), ("x".repeat(20), 1), ("x".repeat(21), 11)];
        let wide = [("ä".repeat(10), 1), ("ä".repeat(10) + "x", 11), ("😀".repeat(6), 11)];
        for (name, st) in names.into_iter().chain(wide) {
            for (request, ack) in [("sub", "subAck"), ("unsub", "unsubAck")] {
                ada.send(json!({request: {"cn": name}}));
                ada.expect(json!({ack: {"st": st, "cn": name}}));
            }
            ada.send(json!({"pub": {"cn": name, "dt": 1, "q": 1, "id": "1"}}));
            ada.expect(json!({"pubAck": {"st": st, "id": "1"}}));
        }
        ada.leave();
    }
    assert_eq!(broker.stat("rejected"), 36);
    check_serves(&broker);
}

#[test]
fn the_name_of_a_client_is_as_long_as_its_channel_allows() {
    // J-28, J-89: # and its name make a channel's name.
    let broker = start(&["limits.channel_name_bytes_max=20"]);
    for transport in Transport::ALL {
        let longest = "x".repeat(19);
        let mut longest_named = Peer::online(&broker, transport, &longest);
        let mut ada = Peer::online(&broker, transport, "ada");
        ada.send(json!({"pub": {"cn": format!("#{longest}"), "dt": 1}}));
        longest_named.expect(json!({"push": {"cn": format!("#{longest}"), "dt": 1, "cl": "ada"}}));
        ada.send(json!({"auth": {"dt": {"client_name": "x".repeat(20)}}}));
        ada.expect(r#"{"authAck":{"st":10,"mg":"*"}}"#);
        ada.leave();
        longest_named.leave();
    }
    check_serves(&broker);
}
