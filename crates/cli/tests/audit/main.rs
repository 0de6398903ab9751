//! What the log tells of refusals, of what operators did, and of connections: for each dialect, as JSON
//! and as text.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../common/mod.rs"]
mod common;

mod connections;
mod fail2ban;
mod flood;
mod http;
mod operators;
mod refusals;
mod start;

use rialto_testkit::{Broker, Launch, Peer, Transport};
use serde_json::{Value, json};

use common::PROGRAM;

/// A key of the API that may do everything, and one that may only read.
const KEY: &str = "a-key-that-nobody-guesses";
const READER: &str = "a-key-that-only-reads";

/// Clients with tokens, two rules, and two keys.
const SETTINGS: &str = r#"
[access]
mode = "tokens"
tokens = [
    { client = "ada", token = "token-of-ada-0123456789" },
    { client = "bob", token = "token-of-bob-0123456789" },
]
[[access.rules]]
name = "no secrets"
channels = ["secret*"]
deny = ["publish", "subscribe", "history"]
[[access.rules]]
channels = ["*"]
allow = ["publish", "subscribe", "control", "p2p", "history"]
[[api.keys]]
name = "app"
key = "a-key-that-nobody-guesses"
allow = ["publish", "read", "manage"]
[[api.keys]]
name = "viewer"
key = "a-key-that-only-reads"
allow = ["read"]
"#;

fn launch(more: &str) -> Launch {
    let launch = Launch::of(PROGRAM).coremq().pubsubx().listener("http");
    launch.set("listeners.http.dialect=http").config(&format!("{SETTINGS}{more}"))
}

/// Starts a broker of all dialects, HTTP included.
fn start(more: &str) -> Broker {
    launch(more).start()
}

/// Opens the session of a client that has a token.
#[track_caller]
fn online(broker: &Broker, client: &str) -> Peer {
    let mut peer = Peer::connect(broker, Transport::Tcp);
    peer.send(json!({"conn": {"cl": client, "at": format!("token-of-{client}-0123456789")}}));
    peer.expect(r#"{"connAck":{"st":1,"ts":"*"}}"#);
    peer
}

/// Waits for a line of the trace with this event and this reason, and returns it without what
/// differs each time: time, level and port.
#[track_caller]
fn trace(broker: &Broker, event: &str, reason: &str) -> Value {
    let mut line = broker.wait_for_log(&format!("{event} for {reason}"), |line| {
        line["target"] == "rialto::audit" && line["event"] == event && line["reason"] == reason
    });
    let fields = line.as_object_mut().unwrap();
    assert!(fields.remove("timestamp").is_some());
    assert_eq!(fields.remove("level").unwrap(), "INFO");
    fields.remove("port");
    line
}

/// Returns what a line of the trace has besides `more`.
fn refused(event: &str, (dialect, listener): (&str, &str), reason: &str, more: &Value) -> Value {
    let mut line = json!({
        "message": "refused", "target": "rialto::audit", "address": "127.0.0.1",
        "event": event, "dialect": dialect, "listener": listener, "reason": reason,
    });
    line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    line
}
