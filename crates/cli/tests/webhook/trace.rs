//! The trace of what an application refuses.

use rialto_testkit::{Broker, Peer, PubsubxPeer, Transport};

use crate::{
    application::{Answer, Application},
    start,
};

/// Waits for the line of a refusal by the application.
#[track_caller]
fn check(broker: &Broker, event: &str, client: &str, channel: Option<&str>) {
    let line = broker.wait_for_log(event, |line| {
        line["target"] == "rialto::audit" && line["event"] == event && line["client"] == client
    });
    assert_eq!(line["reason"], "application", "{line}");
    assert_eq!(line["channel"].as_str(), channel, "{line}");
    assert_eq!(line["address"], "127.0.0.1");
}

#[test]
fn what_an_application_refuses_is_told_of_without_its_words_and_what_was_sent() {
    let application = Application::start(|request| {
        let is_refused = request["channel"] == "closed" || request["client"] == "eve";
        match is_refused {
            true => Answer::deny("words of the application"),
            false => Answer::Default,
        }
    });
    let broker = start(&application);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.ask(r#"{"sub":{"cn":"closed"}}"#);
    check(&broker, "subscribe-refused", "ada", Some("closed"));
    ada.ask(r#"{"pub":{"cn":"closed","dt":"a payload","q":1,"id":"1"}}"#);
    check(&broker, "publish-refused", "ada", Some("closed"));
    let mut eve = PubsubxPeer::connect(&broker, Transport::Tcp);
    eve.send("CONNECT eve");
    check(&broker, "session-refused", "eve", None);
    let log = broker.log_lines().join("\n");
    assert!(!log.contains("words of the application") && !log.contains("a payload"), "{log}");
}
