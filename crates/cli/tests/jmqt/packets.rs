//! Roots and bodies (J-12 to J-25); the frames of `spec/vectors` have tests of their own.

use rialto_testkit::{Peer, Transport};
use serde_json::{Value, json};

use crate::{check, start};

#[test]
fn every_type_of_packet_has_its_place_in_a_session() {
    // J-12, J-21: all eight of the client and all seven of the server, q and rt as integers or not
    // at all; the dialogue compares values exactly.
    check(
        r#"
        ada > {"auth":{"dt":{"client_name":"ada"}}}
        ada < {"authAck":{"st":1,"at":"<token>","cl":"ada"}}
        ada > {"conn":{"at":"<token>","cl":"ada"}}
        ada < {"connAck":{"st":1,"ts":15}}
        ada > {"sub":{"cn":"room","pr":1}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        ada > {"hb":{}}
        ada < {"hbAck":{}}
        bob online
        bob > {"pub":{"cn":"room","dt":1,"q":"1","rt":true,"id":1}}
        bob < {"pubAck":{"st":1,"id":"1"}}
        ada < {"push":{"cn":"room","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
        ada > {"pushAck":{"id":"<m1>","st":1}}
        bob > {"pub":{"cn":"room","dt":2,"q":"0","rt":false,"id":2}}
        ada < {"push":{"cn":"room","dt":2,"cl":"bob"}}
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        ada < {"push":{"cn":"room","dt":1,"cl":"bob","rt":1}}
        ada > {"unsub":{"cn":"room"}}
        ada < {"unsubAck":{"st":1,"cn":"room"}}
        ada > {"disconn":{}}
        ada closed
        "#,
    );
}

#[test]
fn what_is_not_utf_8_is_ignored_and_its_neighbours_are_served() {
    // J-17: all in one write; counted as malformed.
    let broker = start(&[]);
    for transport in Transport::SOCKETS {
        let mut ada = Peer::online(&broker, transport, "ada");
        ada.send_raw(b"{\"hb\":{}}\0{\"pub\":{\"cn\":\"\xff\",\"dt\":1,\"q\":1,\"id\":\"1\"}}\0\xc3\0{\"hb\":{}}\0");
        ada.expect(r#"{"hbAck":{}}"#);
        ada.expect(r#"{"hbAck":{}}"#);
        ada.expect_silence();
    }
    assert_eq!(broker.stat("malformed"), 4);
}

#[test]
fn nesting_is_limited() {
    // J-18: packets of 32 levels pass, of thousands do not, and the depth of dt can be set.
    // The peer of the test itself reads no more than 127 levels, the packet's own two included.
    for depth_max in [125, 64, 30, 5] {
        let setting = format!("limits.json_depth_max={depth_max}");
        let broker = start(&[&setting]);
        let mut bob = Peer::online(&broker, Transport::Tcp, "bob");
        bob.subscribe("room");
        for transport in Transport::ALL {
            let mut ada = Peer::online(&broker, transport, "ada");
            for depth in [depth_max, depth_max + 1, 100_000] {
                let (open, close) = ("[".repeat(depth), "]".repeat(depth));
                ada.send(format!(r#"{{"pub":{{"cn":"room","dt":{open}{close}}}}}"#));
                ada.expect_silence();
                if depth == depth_max {
                    bob.expect(r#"{"push":{"cn":"room","dt":"*","cl":"ada"}}"#);
                }
                bob.expect_silence();
            }
            ada.leave();
        }
        assert_eq!(broker.stat("malformed"), 8);
    }
}

#[test]
fn flags_are_read_by_value() {
    // J-20, J-85
    for (rt, q, is_on) in [
        ("1", "1", true),
        (r#""1""#, r#""1""#, true),
        ("true", "true", true),
        ("0", "0", false),
        (r#""0""#, r#""0""#, false),
        ("false", "false", false),
        ("null", "null", false),
    ] {
        let (q_and_id, ack, again) = if is_on {
            (
                r#","q":1,"id":"<m1>""#,
                r#"bob < {"pubAck":{"st":1,"id":"1"}}"#,
                r#"ada < {"push":{"cn":"room","dt":1,"cl":"bob","rt":1}}"#,
            )
        } else {
            ("", "", "")
        };
        check(&format!(
            r#"
            bob online
            ada online
            ada > {{"sub":{{"cn":"room","pr":{rt}}}}}
            ada < {{"subAck":{{"st":1,"cn":"room"}}}}
            bob > {{"pub":{{"cn":"room","dt":1,"rt":{rt},"q":{q},"id":"1"}}}}
            {ack}
            ada < {{"push":{{"cn":"room","dt":1,"cl":"bob"{q_and_id}}}}}
            ada > {{"sub":{{"cn":"room"}}}}
            ada < {{"subAck":{{"st":1,"cn":"room"}}}}
            {again}
            ada silent
            "#
        ));
    }
}

#[test]
fn an_id_that_is_a_number_is_answered_as_it_was_written() {
    // J-22
    let broker = start(&[]);
    for transport in Transport::ALL {
        let mut ada = Peer::online(&broker, transport, "ada");
        for number in
            ["0", "6", "-6", "1.50", "1e3", "1E+3", "-0", "123456789012345678901234567890"]
        {
            ada.send(format!(r#"{{"pub":{{"cn":"room","dt":1,"q":1,"id":{number}}}}}"#));
            ada.expect(format!(r#"{{"pubAck":{{"st":1,"id":"{number}"}}}}"#));
        }
        for none in ["null", "true", "{}", "[1]"] {
            ada.send(format!(r#"{{"pub":{{"cn":"room","dt":1,"q":1,"id":{none}}}}}"#));
            ada.expect(r#"{"pubAck":{"st":10}}"#);
        }
        ada.leave();
    }
}

#[test]
fn names_are_compared_and_echoed_exactly() {
    // J-23: blanks, letter case, composed and decomposed characters, separators, quotes.
    let names = [
        "room",
        "Room",
        " room",
        "room ",
        " ",
        "é",
        "e\u{301}",
        "日本語/😀",
        "a.*.>/+/#",
        "\"\\/",
        "a\u{2028}b\u{7f}",
        "tab\tline\n",
        "nul\0",
    ];
    let broker = start(&[]);
    for transport in Transport::ALL {
        // As channels: each gets its own message, and no other.
        let mut ada = Peer::online(&broker, transport, "ada");
        for name in names {
            ada.subscribe(name);
        }
        let mut bob = Peer::online(&broker, transport, "bob");
        for name in names {
            bob.send(json!({"pub": {"cn": name, "dt": name}}));
            ada.expect(json!({"push": {"cn": name, "dt": name, "cl": "bob"}}));
        }
        ada.expect_silence();
        ada.leave();
        // As clients: each its own session.
        let mut clients = names.map(|name| Peer::online(&broker, transport, name));
        for (name, client) in names.into_iter().zip(&mut clients) {
            let channel = format!("#{name}");
            bob.send(json!({"pub": {"cn": channel, "dt": name, "q": 1, "id": "1"}}));
            bob.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
            let push = client.recv()["push"].take();
            assert_eq!((&push["cn"], &push["dt"]), (&channel.into(), &name.into()));
            client.send(json!({"pushAck": {"id": push["id"]}}));
            client.expect_silence();
        }
        bob.leave();
    }
}

#[test]
fn data_reach_the_subscriber_as_they_were_written() {
    // J-24: any JSON value, numbers and the order of keys included; also out of the store.
    let values = [
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1.0",
        "1.50e+3",
        "123456789012345678901234567890.123456789",
        r#""""#,
        r#""text""#,
        r#""ä😀\"\\\n""#,
        "[]",
        "{}",
        r#"[1,[2,[3]],{"a":null}]"#,
        r#"{"z":1,"a":2,"m":{"b":1,"a":2}}"#,
        r#"{"a":1,"a":2}"#,
        r#"{"cn":"other","q":1,"id":"9","rt":1,"push":{}}"#,
    ];
    let broker = start(&[]);
    for transport in Transport::ALL {
        let mut ada = Peer::online(&broker, transport, "ada");
        ada.subscribe_for_good("log");
        let mut bob = Peer::online(&broker, transport, "bob");
        for value in values {
            bob.send(format!(r#"{{"pub":{{"cn":"log","dt":{value}}}}}"#));
            assert_eq!(data_of(&ada.recv_text()), value);
        }
        ada.leave();
        for value in values {
            bob.send(format!(r#"{{"pub":{{"cn":"log","dt":{value},"q":1,"id":"1"}}}}"#));
            bob.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
        }
        let mut ada = Peer::online(&broker, transport, "ada");
        for value in values {
            let push = ada.recv_text();
            assert_eq!(data_of(&push), value);
            let push: Value = serde_json::from_str(&push).unwrap();
            ada.send(json!({"pushAck": {"id": push["push"]["id"]}}));
        }
        ada.leave();
        bob.leave();
    }
}

/// Returns the text of `dt` in a push.
fn data_of(push: &str) -> &str {
    let (_, rest) = push.split_once(r#""dt":"#).unwrap();
    // The keys that follow `dt` are all our own: cl, q, id.
    let (data, _) = rest.rsplit_once(r#","cl":"#).unwrap();
    data
}

#[test]
fn no_packet_of_the_server_lacks_a_key_that_clients_read_unseen() {
    // J-25: st, cn, id, cl, dt and mg, in refusals too.
    let required = [
        ("authAck", &["st"] as &[&str]),
        ("connAck", &["st"]),
        ("hbAck", &[]),
        ("subAck", &["st", "cn"]),
        ("unsubAck", &["st", "cn"]),
        ("pubAck", &["st", "id"]),
        ("push", &["cn", "dt", "cl"]),
    ];
    let requests = [
        r#"{"auth":{"dt":"?"}}"#,
        r#"{"auth":{"dt":{"client_name":"eve"}}}"#,
        r#"{"conn":{}}"#,
        r#"{"conn":{"at":"?","cl":"ada"}}"#,
        r#"{"conn":{"at":"?","cl":"eve"}}"#,
        r#"{"hb":{}}"#,
        r#"{"sub":{}}"#,
        r#"{"sub":{"cn":""}}"#,
        r#"{"sub":{"cn":"room"}}"#,
        r#"{"sub":{"cn":"room","pr":7}}"#,
        r#"{"unsub":{}}"#,
        r##"{"unsub":{"cn":"#"}}"##,
        r#"{"unsub":{"cn":"hall"}}"#,
        r#"{"pub":{"cn":"hall","dt":1,"q":1,"id":"1"}}"#,
        r#"{"pub":{"cn":"hall","q":1,"id":"1"}}"#,
        r#"{"pub":{"cn":"","dt":1,"id":"1"}}"#,
        r##"{"pub":{"cn":"#nobody","dt":1,"id":"1"}}"##,
        r#"{"pub":{"cn":"$nothing","id":"1"}}"#,
        r#"{"pub":{"cn":"$time","id":"1"}}"#,
    ];
    let broker = start(&[]);
    for transport in Transport::ALL {
        let mut ada = Peer::online(&broker, transport, "ada");
        let mut bob = Peer::online(&broker, transport, "bob");
        let mut answers: Vec<Value> = requests.map(|request| ada.ask(request)).into();
        bob.send(r#"{"pub":{"cn":"room","dt":null}}"#);
        answers.push(ada.recv());
        for answer in answers {
            let (root, body) = answer.as_object().unwrap().iter().next().unwrap();
            let (_, keys) = required.iter().find(|(known, _)| known == root).unwrap();
            for key in *keys {
                assert!(body.get(key).is_some(), "{answer} has no {key}");
            }
            let is_refused_auth = root == "authAck" && body["st"] != 1;
            assert!(!is_refused_auth || body["mg"].as_str().is_some_and(|mg| !mg.is_empty()));
        }
        ada.leave();
        bob.leave();
    }
}
