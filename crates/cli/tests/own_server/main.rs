//! A server with rules of its own: who may come in, who may do what, what changes while it runs, and
//! what an application decides and does; for clients of every dialect.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../common/mod.rs"]
mod common;

mod application;
mod http;

mod backlog;
mod certificates;
mod configuration;
mod console;
mod copies;
mod counters;
mod database;
mod database_tls;
mod ended_certificates;
mod event_channels;
mod figures;
mod guessing;
mod health;
mod inquiries;
mod keys;
mod lists;
mod lists_cost;
mod login;
mod mariadb;
mod metrics;
mod presence;
mod reload;
mod removal;
mod rules;
mod safety;
mod sample;
mod schemathesis;
mod sign_in;

mod api;
mod events;
mod follow;
mod guests;

use std::time::Instant;

use rialto_testkit::{Broker, Launch, PATIENCE, Peer, Transport};
use serde_json::{Value, json};

use common::PROGRAM;

/// Tokens of clients that are known in advance.
const TOKENS: &str = r#"
[access]
mode = "tokens"
tokens = [
    { client = "ada", token = "token-of-ada", groups = ["staff"] },
    { client = "bob", token = "token-of-bob" },
    { client = "pump", token = "token-of-pump" },
]
"#;

/// Starts a broker of all dialects, HTTP included, with these settings.
fn start(toml: &str) -> Broker {
    launch(toml).start()
}

fn launch(toml: &str) -> Launch {
    let launch = Launch::of(PROGRAM).coremq().pubsubx().listener("http");
    launch.set("listeners.http.dialect=http").config(toml)
}

/// Opens the session of a client that has a token, which must be let in.
#[track_caller]
fn online(broker: &Broker, client: &str) -> Peer {
    let mut peer = Peer::connect(broker, Transport::Tcp);
    let conn = json!({"conn": {"cl": client, "at": format!("token-of-{client}")}});
    peer.send(&conn);
    peer.expect(r#"{"connAck":{"st":1,"ts":"*"}}"#);
    peer
}

/// Asks until the answer is the wanted one.
#[track_caller]
fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(started.elapsed() < PATIENCE, "in vain waited until {what}");
        std::thread::yield_now();
    }
}

fn status(answer: &Value, ack: &str) -> (u64, String) {
    let answer = &answer[ack];
    let text = answer["mg"].as_str().unwrap_or_default().to_owned();
    (answer["st"].as_u64().unwrap(), text)
}
