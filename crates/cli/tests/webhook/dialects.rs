//! What is asked for clients of each dialect, and what follows from the answers.

use rialto_testkit::{CoremqPeer, Peer, PubsubxPeer, Transport};
use serde_json::{Value, json};

use crate::{
    application::{Answer, Application},
    launch, start,
};

#[test]
fn a_client_of_jmqt_causes_all_eight_events() {
    let application = Application::start(|_| Answer::Default);
    let broker = start(&application);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe_for_good("room");
    ada.send(r#"{"unsub":{"cn":"room"}}"#);
    ada.expect(r#"{"unsubAck":{"st":1,"cn":"room"}}"#);
    ada.send(r#"{"pub":{"cn":"room","dt":{"n":1},"q":1,"id":"1"}}"#);
    ada.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
    ada.send(r#"{"pub":{"cn":"$time","dt":"when","id":"2"}}"#);
    ada.expect(r#"{"pubAck":{"st":1,"id":"2","dt":"*"}}"#);
    let address = ada.socket().local_addr().unwrap().to_string();
    ada.leave();
    application.wait_for("close", 1);
    let events = application.events();
    let kinds: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    let all = [
        "auth",
        "connect",
        "subscribe",
        "unsubscribe",
        "publish",
        "control",
        "disconnect",
        "close",
    ];
    assert_eq!(kinds, all);
    for event in &events {
        assert_eq!((&event["protocol"], &event["tls"]), (&json!("jmqt"), &json!(false)));
        assert_eq!(event["address"], address);
    }
    assert_eq!(events[0]["data"], json!({"client_name": "ada"}));
    assert_eq!((&events[1]["client"], &events[1]["token_valid"]), (&json!("ada"), &json!(true)));
    assert_eq!((&events[2]["channel"], &events[2]["persistent"]), (&json!("room"), &json!(true)));
    assert_eq!(events[3]["channel"], "room");
    assert_eq!((&events[4]["payload"], &events[4]["qos"]), (&json!({"n": 1}), &json!(1)));
    assert_eq!((&events[5]["channel"], &events[5]["payload"]), (&json!("$time"), &json!("when")));
    assert_eq!(events[7]["code"], "asked");
}

#[test]
fn an_application_hears_of_the_events_it_asked_for_and_of_no_others() {
    let application = Application::start(|_| Answer::Default);
    let wanted = r#"webhook.events=["unsubscribe", "publish", "close"]"#;
    let broker = launch(&application.url()).set(wanted).start();
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe_for_good("room");
    ada.ask(r#"{"unsub":{"cn":"room"}}"#);
    ada.ask(r#"{"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}"#);
    ada.ask(r#"{"pub":{"cn":"$time","dt":"when","id":"2"}}"#);
    ada.leave();
    application.wait_for("close", 1);
    let events = application.events();
    let kinds: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["unsubscribe", "publish", "close"]);
}

#[test]
fn clients_of_coremq_and_pubsubx_are_asked_about_as_well() {
    let application = Application::start(|_| Answer::Default);
    let broker = start(&application);
    let mut ada = CoremqPeer::connect(&broker, Transport::Tls);
    ada.subscribe("room");
    ada.expect_response("-", r#"{"coremq_unsubscribe":"room"}"#, "OK: Unsubscribe successful");
    ada.publish("room", r#"{"n":1}"#);
    ada.hang_up();
    let close = application.wait_for("close", 1).remove(0);
    assert_eq!((&close["protocol"], &close["code"]), (&json!("coremq"), &json!("ended")));
    let mut bob = PubsubxPeer::online(&broker, Transport::Tcp, "bob");
    bob.send_all(["SUBSCRIBE room", "UNSUBSCRIBE room", "PUBLISH room text"]);
    bob.leave();
    application.wait_for("close", 2);
    let kinds_of = |protocol: &str| -> Vec<Value> {
        let events = application.events().into_iter().filter(|it| it["protocol"] == protocol);
        events.map(|mut it| it["event"].take()).collect()
    };
    let decisions = ["connect", "subscribe", "unsubscribe", "publish"];
    assert_eq!(kinds_of("coremq"), [&decisions[..], &["close"]].concat());
    assert_eq!(kinds_of("pubsubx"), [&decisions[..], &["disconnect", "close"]].concat());
}

#[test]
fn a_refusal_says_the_applications_reason() {
    let application = Application::start(|event| match event["event"].as_str().unwrap() {
        "subscribe" | "unsubscribe" | "publish" | "control" => Answer::deny("not today"),
        _ => Answer::Default,
    });
    let broker = start(&application);
    let mut ada = Peer::online(&broker, Transport::WebSocket, "ada");
    for (packet, answer, id) in [
        (r#"{"sub":{"cn":"a"}}"#, "subAck", ""),
        (r#"{"unsub":{"cn":"a"}}"#, "unsubAck", ""),
        (r#"{"pub":{"cn":"a","dt":1,"id":"1","q":1}}"#, "pubAck", "1"),
        (r#"{"pub":{"cn":"$time","id":"2"}}"#, "pubAck", "2"),
    ] {
        let reply = ada.ask(packet)[answer].take();
        assert_eq!(reply["mg"], "not today", "{packet}: {reply}");
        assert_ne!(reply["st"], 1, "{packet}");
        assert_eq!(reply["id"].as_str().unwrap_or_default(), id);
    }
    let mut bob = CoremqPeer::connect(&broker, Transport::Tcp);
    bob.expect_response("a", r#"{"n":1}"#, "ERROR: not today");
    bob.expect_response("-", r#"{"coremq_subscribe":"a"}"#, "ERROR: not today");
}

#[test]
fn whom_the_application_refuses_gets_no_session() {
    let application = Application::start(|event| match event["event"].as_str().unwrap() {
        "connect" => Answer::deny("the house is full"),
        _ => Answer::Default,
    });
    let broker = start(&application);
    let mut ada = Peer::connect(&broker, Transport::Tcp);
    let token = ada.ask(r#"{"auth":{"dt":{"client_name":"ada"}}}"#)["authAck"]["at"].take();
    let answer = ada.ask(format!(r#"{{"conn":{{"at":{token},"cl":"ada"}}}}"#));
    assert_eq!(answer["connAck"]["mg"], "the house is full");
    assert_ne!(answer["connAck"]["st"], 1);
    let mut bob = PubsubxPeer::connect(&broker, Transport::Tcp);
    bob.send("CONNECT bob");
    assert!(bob.recv().starts_with("ERROR: "));
}

#[test]
fn a_client_of_jmqt_gets_the_status_that_the_application_refuses_with() {
    // J-131
    let application = Application::start(|event| match event["event"].as_str().unwrap() {
        "auth" if event["data"] == "old" => refuse(6),
        "auth" => Answer::Default,
        "connect" if event["client"] == "eve" => refuse(0),
        "connect" => Answer::Default,
        "subscribe" => refuse(20),
        "control" => Answer::Json(json!({"answer": {"free": 0}, "status": 5})),
        _ => refuse(255),
    });
    let broker = start(&application);
    let mut ada = Peer::connect(&broker, Transport::WebSocket);
    ada.send(r#"{"auth":{"dt":"old"}}"#);
    ada.expect(r#"{"authAck":{"st":6,"mg":"no"}}"#);
    ada.send(r#"{"conn":{"cl":"eve","at":"any"}}"#);
    ada.expect(r#"{"connAck":{"st":0,"mg":"no"}}"#);
    ada.log_in("ada");
    for (packet, answer) in [
        (r#"{"sub":{"cn":"a"}}"#, r#"{"subAck":{"st":20,"cn":"a","mg":"no"}}"#),
        (r#"{"unsub":{"cn":"a"}}"#, r#"{"unsubAck":{"st":255,"cn":"a","mg":"no"}}"#),
        (r#"{"pub":{"cn":"a","dt":1,"id":"1"}}"#, r#"{"pubAck":{"st":255,"id":"1","mg":"no"}}"#),
        (r#"{"pub":{"cn":"$b","id":"2"}}"#, r#"{"pubAck":{"st":5,"id":"2","dt":{"free":0}}}"#),
    ] {
        ada.send(packet);
        ada.expect(answer);
    }
    let mut bob = CoremqPeer::connect(&broker, Transport::Tcp);
    bob.expect_response("-", r#"{"coremq_subscribe":"a"}"#, "ERROR: no");
    for (event, dialect) in [
        ("authentication-refused", "jmqt"),
        ("session-refused", "jmqt"),
        ("subscribe-refused", "jmqt"),
        ("unsubscribe-refused", "jmqt"),
        ("publish-refused", "jmqt"),
        ("control-refused", "jmqt"),
        ("subscribe-refused", "coremq"),
    ] {
        let is_it =
            |line: &Value| (&line["event"], &line["dialect"]) == (&json!(event), &json!(dialect));
        let line = broker.wait_for_log(event, is_it);
        assert_eq!(line["reason"], "application");
    }
}

fn refuse(status: u8) -> Answer {
    Answer::Json(json!({"allow": false, "status": status, "mg": "no"}))
}

#[test]
fn a_session_is_announced_behind_its_beginning_as_the_application_says() {
    // J-132; what nobody can get keeps nothing else back.
    let application = Application::start(|event| match event["event"].as_str().unwrap() {
        "connect" => {
            let online = json!({"channel": "update", "payload": {"online": event["client"]}});
            let kept =
                json!({"channel": "last", "payload": event["client"], "qos": 1, "retain": true});
            let lost = json!({"channel": "#nobody", "payload": null});
            let first = json!({"channel": "log", "payload": "first", "qos": 1});
            let forced = json!(["update", {"channel": "log", "persistent": true}]);
            let publish = json!([lost, online, kept, first]);
            Answer::Json(json!({"allow": true, "subscribe": forced, "publish": publish}))
        }
        _ => Answer::Default,
    });
    let broker = start(&application);
    let mut ada = Peer::connect(&broker, Transport::Tcp);
    ada.send(r#"{"conn":{"cl":"ada","at":"any"}}"#);
    ada.expect(r#"{"connAck":{"st":1,"ts":"*"}}"#);
    ada.expect(r#"{"push":{"cn":"update","dt":{"online":"ada"},"cl":""}}"#);
    ada.expect(r#"{"push":{"cn":"log","dt":"first","cl":"","q":1,"id":"*"}}"#);
    ada.send(r#"{"sub":{"cn":"last"}}"#);
    ada.expect(r#"{"subAck":{"st":1,"cn":"last"}}"#);
    ada.expect(r#"{"push":{"cn":"last","dt":"ada","cl":"","rt":1}}"#);
    // A session that goes on is not announced again.
    ada.send(r#"{"conn":{"cl":"ada","at":"any"}}"#);
    ada.expect(r#"{"connAck":{"st":1,"ts":"*"}}"#);
    let mut bob = PubsubxPeer::online(&broker, Transport::Tcp, "bob");
    ada.expect(r#"{"push":{"cn":"update","dt":{"online":"bob"},"cl":""}}"#);
    assert_eq!(bob.recv(), r#"update {"online":"bob"}"#);
}

#[test]
fn another_payload_is_published_and_a_question_is_answered() {
    let application = Application::start(|event| match event["event"].as_str().unwrap() {
        "publish" => Answer::Json(json!({"allow": true, "payload": {"n": "other"}})),
        "control" => Answer::Json(json!({"answer": {"is": event["payload"]}})),
        _ => Answer::Default,
    });
    let broker = start(&application);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe("room");
    let mut bob = CoremqPeer::connect(&broker, Transport::Tcp);
    bob.publish("room", r#"{"n":1}"#);
    assert_eq!(ada.recv()["push"]["dt"], json!({"n": "other"}));
    ada.send(r#"{"pub":{"cn":"$mine","dt":7,"id":"1"}}"#);
    ada.expect(r#"{"pubAck":{"st":1,"id":"1","dt":{"is":7}}}"#);
}

#[test]
fn a_token_groups_and_subscriptions_of_the_application_hold() {
    let application = Application::start(|event| match event["event"].as_str().unwrap() {
        "auth" => Answer::Json(json!({"allow": true, "client": "ada", "token": "ours"})),
        "connect" if event["token"] == "ours" => {
            Answer::Json(json!({"allow": true, "groups": ["crew"], "subscribe": ["news"]}))
        }
        _ => Answer::Default,
    });
    let rule = r#"access.rules=[{allow=["publish","subscribe"],channels=["*"],group="crew"}]"#;
    let broker = launch(&application.url()).set(rule).start();
    let mut ada = Peer::connect(&broker, Transport::Tcp);
    ada.send(r#"{"auth":{"dt":{"key":1}}}"#);
    ada.expect(r#"{"authAck":{"st":1,"cl":"ada","at":"ours"}}"#);
    ada.send(r#"{"conn":{"cl":"ada","at":"ours"}}"#);
    ada.expect(r#"{"connAck":{"st":1,"ts":"*"}}"#);
    let mine = ada.ask(r#"{"pub":{"cn":"$mySubscriptions","id":"1"}}"#);
    assert_eq!(mine["pubAck"]["st"], 7, "no rule allows the crew control channels");
    let mut cleo = Peer::connect(&broker, Transport::Tcp);
    cleo.send(r#"{"conn":{"cl":"cleo","at":"ours"}}"#);
    cleo.expect(r#"{"connAck":{"st":1,"ts":"*"}}"#);
    cleo.send(r#"{"pub":{"cn":"news","dt":1}}"#);
    ada.expect(r#"{"push":{"cn":"news","dt":1,"cl":"cleo"}}"#);
    ada.subscribe("room");
    assert_eq!(application.events_of("subscribe")[0]["groups"], json!(["crew"]));
    // Who is in no group is refused by the rule, and the application does not hear of it.
    let mut bob = PubsubxPeer::online(&broker, Transport::Tcp, "bob");
    bob.send("SUBSCRIBE room");
    bob.leave();
    assert_eq!(application.events_of("subscribe").len(), 1);
}

#[test]
fn an_answer_is_used_again_while_it_may_be() {
    let application = Application::start(|event| match event["event"].as_str().unwrap() {
        "publish" => Answer::Json(json!({"allow": true, "cache_s": 600})),
        _ => Answer::Default,
    });
    let broker = start(&application);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    for (channel, id) in [("a", 1), ("a", 2), ("b", 3), ("a", 4)] {
        ada.send(format!(r#"{{"pub":{{"cn":"{channel}","dt":{id},"q":1,"id":"{id}"}}}}"#));
        ada.expect(format!(r#"{{"pubAck":{{"st":1,"id":"{id}"}}}}"#));
    }
    let asked = application.events_of("publish");
    let channels: Vec<&Value> = asked.iter().map(|event| &event["channel"]).collect();
    assert_eq!(channels, ["a", "b"]);
}
