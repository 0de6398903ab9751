//! Control channels: `$` channels (J-94 to J-98).

use rialto_testkit::{Peer, Transport};

use crate::{check, start};

#[test]
fn a_question_to_the_server_is_answered_on_its_ack() {
    // J-94, J-98: whatever q, with or without dt; distributed to nobody.
    let broker = start(&[]);
    for transport in Transport::ALL {
        let mut bob = Peer::online(&broker, transport, "bob");
        let mut ada = Peer::online(&broker, transport, "ada");
        for channel in ["$mySubscriptions", "$whoami", "$time", "$stats", "$limits"] {
            for more in ["", r#","q":0"#, r#","q":1"#, r#","dt":{}"#, r#","dt":null,"q":1,"rt":1"#]
            {
                let answer = ada.ask(format!(r#"{{"pub":{{"cn":"{channel}","id":"1"{more}}}}}"#));
                let body = answer["pubAck"].as_object().unwrap();
                assert_eq!(body.keys().collect::<Vec<_>>(), ["dt", "id", "st"], "{answer}");
                assert_eq!((&body["st"], &body["id"]), (&1.into(), &"1".into()), "{answer}");
                assert!(body["dt"].as_object().is_some_and(|dt| !dt.is_empty()), "{answer}");
            }
        }
        ada.expect_silence();
        bob.expect_silence();
        ada.leave();
        bob.leave();
    }
}

#[test]
fn a_question_that_cannot_be_answered_is_refused() {
    // J-95, J-96: without an id; to a channel that does not exist, letter case counting.
    check(
        r#"
        ada online
        ada > {"pub":{"cn":"$whoami","dt":1}}
        ada < {"pubAck":{"st":10}}
        ada > {"pub":{"cn":"$whoami"}}
        ada < {"pubAck":{"st":10}}
        ada > {"pub":{"cn":"$whoami","q":1}}
        ada < {"pubAck":{"st":10}}
        ada > {"pub":{"cn":"$nothing"}}
        ada < {"pubAck":{"st":10}}
        ada > {"pub":{"cn":"$nothing","dt":1,"id":"1"}}
        ada < {"pubAck":{"st":11,"id":"1"}}
        ada > {"pub":{"cn":"$nothing","q":1,"id":"2"}}
        ada < {"pubAck":{"st":11,"id":"2"}}
        ada > {"pub":{"cn":"$WhoAmI","id":"3"}}
        ada < {"pubAck":{"st":11,"id":"3"}}
        ada > {"pub":{"cn":"$whoami ","id":"4"}}
        ada < {"pubAck":{"st":11,"id":"4"}}
        ada silent
        "#,
    );
}

#[test]
fn a_retained_message_is_removed_by_a_question_and_never_by_what_is_published() {
    // J-124; J-24 and J-79: null, and nothing but blanks, are data like any other.
    check(
        r#"
        bob online
        ada online
        bob > {"pub":{"cn":"room","dt":1,"rt":1,"q":1,"id":"1"}}
        bob < {"pubAck":{"st":1,"id":"1"}}
        bob > {"pub":{"cn":"room","dt":null,"rt":1,"q":1,"id":"2"}}
        bob < {"pubAck":{"st":1,"id":"2"}}
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        ada < {"push":{"cn":"room","dt":null,"cl":"bob","rt":1}}
        bob > {"pub":{"cn":"room","dt":"","rt":1,"q":1,"id":"3"}}
        bob < {"pubAck":{"st":1,"id":"3"}}
        ada < {"push":{"cn":"room","dt":"","cl":"bob","q":1,"id":"<m1>"}}
        bob > {"pub":{"cn":"$removeRetained","dt":{"cn":"room"},"id":"4"}}
        bob < {"pubAck":{"st":1,"id":"4","dt":{"removed":true}}}
        bob > {"pub":{"cn":"$removeRetained","dt":{"cn":"room"},"id":"5"}}
        bob < {"pubAck":{"st":1,"id":"5","dt":{"removed":false}}}
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        ada silent
        broker killed
        eve online
        eve > {"sub":{"cn":"room"}}
        eve < {"subAck":{"st":1,"cn":"room"}}
        eve silent
        eve > {"pub":{"cn":"$removeRetained","id":"6"}}
        eve < {"pubAck":{"st":10,"id":"6","mg":"*"}}
        eve > {"pub":{"cn":"$removeRetained","dt":{"cn":"$time"},"id":"7"}}
        eve < {"pubAck":{"st":11,"id":"7","mg":"*"}}
        eve > {"pub":{"cn":"$removeRetained","dt":{"cn":"room"}}}
        eve < {"pubAck":{"st":10}}
        "#,
    );
}

#[test]
fn my_subscriptions_lists_what_the_client_is_subscribed_to() {
    // J-97: the # channel, which the server made, in the object alone.
    check(
        r##"
        bob online
        bob > {"sub":{"cn":"of somebody else"}}
        bob < {"subAck":{"st":1,"cn":"of somebody else"}}
        ada online
        ada > {"pub":{"cn":"$mySubscriptions","dt":{},"id":"1"}}
        ada < {"pubAck":{"st":1,"id":"1","dt":{"channels":[],"subscriptions":{"#ada":"persistent"}}}}
        ada > {"sub":{"cn":"room"}}
        ada < {"subAck":{"st":1,"cn":"room"}}
        ada > {"sub":{"cn":"\"log\"","pr":1}}
        ada < {"subAck":{"st":1,"cn":"\"log\""}}
        bob > {"pub":{"cn":"#ada","dt":1,"q":1,"id":"1"}}
        bob < {"pubAck":{"st":1,"id":"1"}}
        ada < {"push":{"cn":"#ada","dt":1,"cl":"bob","q":1,"id":"<m1>"}}
        ada > {"pub":{"cn":"$mySubscriptions","dt":{},"id":"2"}}
        ada < {"pubAck":{"st":1,"id":"2","dt":{"channels":["room","\"log\""],"subscriptions":{"#ada":"persistent","room":"temp","\"log\"":"persistent"}}}}
        "##,
    );
}

#[test]
fn the_answers_are_true() {
    // J-98
    let broker = start(&["limits.subscriptions_max=17"]);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.send(r#"{"pub":{"cn":"$whoami","id":"1"}}"#);
    ada.expect(r#"{"pubAck":{"st":1,"id":"1","dt":{"client":"ada","connected_s":"*"}}}"#);
    let limits = ada.ask(r#"{"pub":{"cn":"$limits","id":"1"}}"#)["pubAck"]["dt"].take();
    assert_eq!(limits["subscriptions_max"], 17);
    let before = unix_ms();
    let time = ada.ask(r#"{"pub":{"cn":"$time","id":"1"}}"#)["pubAck"]["dt"].take();
    let told = u128::from(time["unix_ms"].as_u64().unwrap());
    assert!((before..=unix_ms()).contains(&told), "{time}");
    let stats = broker.stats();
    assert_eq!((&stats["sessions"], &stats["sessions_opened"]), (&2.into(), &2.into()), "{stats}");
}

fn unix_ms() -> u128 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()
}
