//! What holds while the application is down, slow or wrong.

use std::time::Duration;

use rialto_testkit::{CoremqPeer, Peer, Port, PubsubxPeer, Transport};

use crate::{
    application::{Answer, Application, Barrier},
    launch,
};

const UNDECIDED: &str = "the server cannot decide this now; try again later";

#[test]
fn what_nobody_can_decide_is_refused() {
    let port = Port::reserve().unwrap();
    let broker = launch(&format!("http://{}/", port.address)).start();
    let mut ada = Peer::connect(&broker, Transport::Tcp);
    ada.send(r#"{"auth":{"dt":{"client_name":"ada"}}}"#);
    ada.expect(format!(r#"{{"authAck":{{"st":5,"mg":"{UNDECIDED}"}}}}"#));
    ada.send(r#"{"conn":{"cl":"ada","at":"x"}}"#);
    ada.expect(format!(r#"{{"connAck":{{"st":5,"mg":"{UNDECIDED}"}}}}"#));
    let mut bob = PubsubxPeer::connect(&broker, Transport::Tcp);
    bob.send("CONNECT bob");
    assert!(bob.recv().starts_with("ERROR: "));
}

#[test]
fn no_usable_answer_is_none() {
    let garbage = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes";
    let misspelt = "HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"alow\":false}";
    let redirect = "HTTP/1.1 307 Elsewhere\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n";
    let error = "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n";
    for bytes in [garbage, misspelt, redirect, error, "no HTTP at all\r\n\r\n", ""] {
        let application = Application::start(move |event| match event["event"].as_str().unwrap() {
            "publish" => Answer::Raw(bytes.to_owned()),
            _ => Answer::Default,
        });
        let broker = launch(&application.url()).start();
        let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
        let mut bob = CoremqPeer::connect(&broker, Transport::Tcp);
        ada.send(r#"{"pub":{"cn":"a","dt":1,"q":1,"id":"1"}}"#);
        ada.expect(format!(r#"{{"pubAck":{{"st":5,"id":"1","mg":"{UNDECIDED}"}}}}"#));
        bob.expect_response("a", r#"{"n":1}"#, &format!("ERROR: {UNDECIDED}"));
        // The second may have met the end of the connection that the first was answered on.
        assert!(!application.events_of("publish").is_empty(), "asked, before {bytes:?}");
    }
}

#[test]
fn an_application_that_takes_too_long_has_not_answered() {
    let never = Barrier::default();
    let held = never.clone();
    let application = Application::start(move |event| {
        if event["event"] == "publish" {
            held.pass();
        }
        Answer::Default
    });
    let broker = launch(&application.url()).set("webhook.timeout=300ms").start();
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.send(r#"{"pub":{"cn":"a","dt":1,"q":1,"id":"1"}}"#);
    ada.expect(format!(r#"{{"pubAck":{{"st":5,"id":"1","mg":"{UNDECIDED}"}}}}"#));
    never.open();
}

#[test]
fn where_the_application_only_watches_the_rules_hold_without_it() {
    let port = Port::reserve().unwrap();
    let broker = launch(&format!("http://{}/", port.address))
        .set("webhook.when_down=allow")
        .set(r#"access.rules=[{deny=["subscribe"],channels=["secret"]},{allow=["subscribe"],channels=["*"]}]"#)
        .start();
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe("room");
    let refused = ada.ask(r#"{"sub":{"cn":"secret"}}"#);
    assert_ne!(refused["subAck"]["st"], 1);
    let mut eve = Peer::connect(&broker, Transport::Tcp);
    let answer = eve.ask(r#"{"conn":{"cl":"ada","at":"forged"}}"#);
    assert_eq!(answer["connAck"]["st"], 6);
}

#[test]
fn an_answer_that_came_while_the_broker_was_stopped_is_in_time() {
    let later = Barrier::default();
    let held = later.clone();
    let application = Application::start(move |event| {
        if event["event"] == "publish" {
            held.pass();
        }
        Answer::Default
    });
    let broker = launch(&application.url()).set("webhook.timeout=1s").start();
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.send(r#"{"pub":{"cn":"a","dt":1,"q":1,"id":"1"}}"#);
    application.wait_for("publish", 1);
    broker.stop_for(Duration::from_secs(3), || later.open());
    ada.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
}
