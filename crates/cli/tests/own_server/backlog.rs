//! What is stored for those who are behind, shown and dropped; retained messages replaced; by HTTP.

use rialto_testkit::{Broker, Peer, Transport};
use serde_json::{Value, json};

use super::{
    http::{Answer, ask},
    start, until,
};

const KEYS: &str = r#"
[[api.keys]]
name = "app"
key = "the-key-of-the-application"

[[api.keys]]
name = "reader"
key = "the-key-of-the-reader"
allow = ["read"]

[[channels.rules]]
pattern = "small"
log_messages_max = 100
"#;
const KEY: Option<&str> = Some("the-key-of-the-application");

fn get(broker: &Broker, path: &str) -> Value {
    let answer = ask(broker, &format!("GET /v1/{path}"), KEY, "");
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.json()
}

/// Publishes a message with QoS 1 by itself, so that it is a page of its own.
fn publish(broker: &Broker, channel: &str, payload: u32) {
    let message = json!({"channel": channel, "payload": payload, "qos": 1}).to_string();
    assert_eq!(ask(broker, "POST /v1/publish", KEY, &message).status, 204);
}

fn purge(broker: &Broker, path: &str) -> Answer {
    ask(broker, &format!("DELETE /v1/channels/{path}"), KEY, "")
}

#[test]
fn a_backlog_is_shown_and_dropped_for_those_who_are_away_too_and_for_good() {
    let mut broker = start(KEYS);
    for client in ["zoe", "ada"] {
        Peer::online(&broker, Transport::Tcp, client).subscribe_for_good("jobs");
    }
    // From then on neither is in memory.
    broker.restart();
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    for payload in 1..=4 {
        publish(&broker, "jobs", payload);
    }
    (1..=2).for_each(|payload| {
        let push = ada.recv();
        assert_eq!(push["push"]["dt"], payload);
        ada.send(json!({"pushAck": {"id": push["push"]["id"]}}));
    });
    let backlog = until("two are acknowledged", || {
        let backlog = get(&broker, "channels/jobs/backlog");
        (backlog["slowest"][0]["lag"] == 2).then_some(backlog)
    });
    assert_eq!((&backlog["head"], &backlog["end"]), (&json!(1), &json!(4)), "{backlog}");
    assert_eq!(backlog["messages"], 4);
    assert!(Some(4) <= backlog["bytes"].as_u64(), "{backlog}");
    assert_eq!(
        (&backlog["slowest"][0]["client"], &backlog["slowest"][0]["offset"]),
        (&json!("ada"), &json!(2))
    );
    assert_eq!((&backlog["not_in_memory"], &backlog["messages_max"]), (&json!(1), &Value::Null));
    assert!(1_700_000_000_000 < backlog["oldest_ms"].as_u64().unwrap(), "{backlog}");

    let answer = purge(&broker, "jobs/backlog?until=3");
    assert_eq!(answer.json(), json!({"dropped": 3}), "{}", answer.body);
    broker.wait_for_log("line of the purge", |line| {
        line["event"] == "backlog-purged" && line["channel"] == "jobs" && line["key"] == "app"
    });
    let backlog = get(&broker, "channels/jobs/backlog");
    assert_eq!((&backlog["head"], &backlog["messages"]), (&json!(4), &json!(1)), "{backlog}");
    // What was answered holds, whatever crashes.
    broker.kill();
    broker.restart();
    let mut zoe = Peer::online(&broker, Transport::Tcp, "zoe");
    let push = zoe.recv();
    assert_eq!(push["push"]["dt"], 4, "{push}");
    publish(&broker, "jobs", 5);
    assert_eq!(zoe.recv()["push"]["dt"], 5);
    assert_eq!(purge(&broker, "jobs/backlog").json()["dropped"], 2);
    assert_eq!(purge(&broker, "jobs/backlog").json()["dropped"], 0);
    assert_eq!(get(&broker, "channels/jobs/backlog")["messages"], 0);
    let stats = get(&broker, "stats");
    assert_eq!(stats["log_held"], 0, "{stats}");
    publish(&broker, "jobs", 6);
    assert_eq!(zoe.recv()["push"]["dt"], 6);
}

#[test]
fn a_backlog_has_limits_and_only_who_manages_drops_it() {
    let broker = start(KEYS);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe("plain");
    ada.subscribe_for_good("small");
    publish(&broker, "small", 1);
    assert_eq!(get(&broker, "channels/small/backlog")["messages_max"], 100);
    let reader = Some("the-key-of-the-reader");
    assert_eq!(ask(&broker, "DELETE /v1/channels/small/backlog", reader, "").status, 403);
    assert_eq!(ask(&broker, "GET /v1/channels/small/backlog", reader, "").status, 200);
    assert_eq!(purge(&broker, "nowhere/backlog").status, 404);
    assert_eq!(ask(&broker, "GET /v1/channels/nowhere/backlog", KEY, "").status, 404);
    assert_eq!(purge(&broker, "small/backlog?until=0").status, 400);
    // A channel without a log has no backlog.
    assert_eq!(get(&broker, "channels/plain/backlog")["messages"], 0);
    assert_eq!(purge(&broker, "plain/backlog").json()["dropped"], 0);
}

#[test]
fn a_retained_message_is_replaced_and_its_subscribers_get_it() {
    let mut broker = start(KEYS);
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    ada.subscribe("shelf");
    let put = |body: &str, key| ask(&broker, "PUT /v1/channels/shelf/retained", key, body);
    assert_eq!(put("{\"n\": 1}", KEY).status, 204);
    ada.expect(r#"{"push":{"cn":"shelf","dt":{"n": 1},"cl":"","q":1,"id":"*"}}"#);
    assert_eq!(put("2", KEY).status, 204);
    assert_eq!(get(&broker, "channels/shelf/retained")["payload"], 2);
    assert_eq!(put("nonsense", KEY).status, 422);
    assert_eq!(put("3", Some("the-key-of-the-reader")).status, 403);
    broker.kill();
    broker.restart();
    assert_eq!(get(&broker, "channels/shelf/retained")["payload"], 2);
}
