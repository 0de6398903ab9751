//! What the log says of PubSubX's clients, which the original prints.

use rialto_testkit::{Broker, PubsubxPeer, Transport};
use serde_json::Value;

use crate::{back, online, start, wait_for};

/// Returns what the log says of a client, in order, without the trace of refusals, which is another.
fn said_of(broker: &Broker, client: &str) -> Vec<(String, String)> {
    let lines = broker.log_lines();
    let entries = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let entries =
        entries.filter(|entry| entry["client"] == client && entry["target"] != "rialto::audit");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    entries.map(|entry| (text(&entry["message"]), text(&entry["topic"]))).collect()
}

/// Has a client do all that is logged; returns what the log says.
fn life_of_ada(settings: &[&str]) -> Vec<(String, String)> {
    let broker = start(settings);
    let mut ada = online(&broker, "ada");
    let mut eve = PubsubxPeer::connect(&broker, Transport::Tcp);
    eve.send("CONNECT ada");
    eve.expect("ERROR: Name already taken");
    eve.expect_goodbye();
    ada.send_all(["SUBSCRIBE a", "SUBSCRIBE Grüße", "PUBLISH b secret", "UNSUBSCRIBE a"]);
    ada.send_all(["SUBSCRIBE b", "PUBLISH b end"]);
    ada.expect("b end");
    ada.hang_up();
    wait_for(&broker, "client lost", "ada");
    back(&broker, "ada", &["Grüße", "b"]).hang_up();
    wait_for(&broker, "client removed", "ada");
    online(&broker, "ada").leave();
    wait_for(&broker, "client disconnected", "ada");
    let said = broker.log_lines().join("\n");
    assert!(!said.contains("secret"), "what was published is in the log");
    said_of(&broker, "ada")
}

fn expected(messages: &[&str]) -> Vec<(String, String)> {
    let line = |text: &&str| {
        let (message, topic) = text.split_once(": ").unwrap_or((text, ""));
        (format!("client {message}"), topic.to_owned())
    };
    messages.iter().map(line).collect()
}

#[test]
fn the_log_says_what_clients_do() {
    // P-15, P-32, P-34, P-36, P-39: each is told.
    let said = life_of_ada(&["pubsubx.resume_time=1s"]);
    let expected = expected(&[
        "connected",
        "refused",
        "subscribed: a",
        "subscribed: Grüße",
        "unsubscribed: a",
        "subscribed: b",
        "lost",
        "restored",
        "lost",
        "removed",
        "connected",
        "disconnected",
    ]);
    assert_eq!(said, expected);
}

#[test]
fn the_log_says_what_is_published_where_that_is_configured() {
    // P-23: the topic, and not the data.
    let said = life_of_ada(&["pubsubx.resume_time=1s", "pubsubx.log_messages=true"]);
    let published: Vec<_> = said.into_iter().filter(|it| it.0 == "client published").collect();
    assert_eq!(published, expected(&["published: b", "published: b"]));
}
