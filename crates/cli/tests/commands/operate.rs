//! `rialto client`, `channel`, `retained` and `history`, against a running broker and its HTTP API.

mod channels;
mod clients;
mod status;
mod tail;
mod top;
mod troubles;

use std::time::Instant;

use rialto_testkit::{Broker, Launch, PATIENCE, Peer, Transport};
use serde_json::Value;

use crate::{Outcome, common::PROGRAM, rialto_in};

/// Clears the terminal, forges a line, and turns the reading direction.
const HOSTILE: &str = "x\u{1b}[2J\nforged  online\u{202e}\u{9b}y";
/// The same as one word.
const HARMLESS: &str = r#""x\u{1b}[2J\nforged  online\u{202e}\u{9b}y""#;

const KEYS: &str = r#"
[[api.keys]]
name = "operator"
key = "the-key-of-the-operator"

[[api.keys]]
name = "reader"
key = "the-key-of-the-reader"
allow = ["read"]
"#;
const KEY: &str = "the-key-of-the-operator";

fn launch() -> Launch {
    Launch::of(PROGRAM).listener("http").set("listeners.http.dialect=http").config(KEYS)
}

/// A broker and the commands of its operator.
struct Operated {
    broker: Broker,
}

impl Operated {
    fn start() -> Self {
        Operated { broker: launch().start() }
    }

    fn url(&self) -> String {
        format!("http://{}", self.broker.address_of("http"))
    }

    /// Runs a command with the operator's key in the environment.
    fn run(&self, args: &[&str]) -> Outcome {
        self.run_with_key(KEY, args)
    }

    fn run_with_key(&self, key: &str, args: &[&str]) -> Outcome {
        let url = self.url();
        let variables = [("RIALTO_API", url.as_str()), ("RIALTO_API_KEY", key)];
        rialto_in(tempfile::tempdir().unwrap().path(), &variables, args, "")
    }

    /// Runs a command that must go well, and returns the JSON lines that it prints.
    #[track_caller]
    fn json(&self, args: &[&str]) -> Vec<Value> {
        let printed = self.run(&[args, &["--format", "json"]].concat()).printed();
        printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn online(&self, client: &str) -> Peer {
        Peer::online(&self.broker, Transport::Tcp, client)
    }
}

/// Returns a member of each object.
fn members<'a>(objects: &'a [Value], name: &str) -> Vec<&'a str> {
    objects.iter().map(|object| object[name].as_str().unwrap()).collect()
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
    }
}
