//! Another application while the server runs.

use rialto_testkit::{Launch, Peer, Transport};

use crate::{
    SECRET,
    application::{Answer, Application},
    common::PROGRAM,
};

#[test]
fn another_url_is_asked_after_a_reload_and_no_client_is_dropped() {
    let old = Application::start(|event| match event["event"].as_str().unwrap() {
        "publish" => Answer::deny("the old one says no"),
        _ => Answer::Default,
    });
    let new = Application::start(|_| Answer::Default);
    let settings = |application: &Application| {
        format!("[webhook]\nurl = \"{}\"\nsecret = \"{SECRET}\"\n", application.url())
    };
    let broker = Launch::of(PROGRAM).set("store.durability=os").config(&settings(&old)).start();
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    let publish = r#"{"pub":{"cn":"room","dt":1,"q":1,"id":"1"}}"#;
    assert_eq!(ada.ask(publish)["pubAck"]["mg"], "the old one says no");

    broker.configure(&settings(&new));
    broker.hang_up();
    broker.wait_for_log("line about the reload", |entry| {
        entry["message"] == "settings and the files they name were reloaded"
    });

    ada.send(publish);
    ada.expect(r#"{"pubAck":{"st":1,"id":"1"}}"#);
    ada.leave();
    new.wait_for("close", 1);
    assert_eq!(old.events_of("close").len(), 0);
    assert_eq!(old.events_of("publish").len(), 1);
}
