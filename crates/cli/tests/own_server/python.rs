//! The sample application in Python's standard library, asked by the real server.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
};

use rialto_testkit::{CoremqPeer, Peer, Transport};
use serde_json::json;

use super::{start, status};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/webhook_app.py");

/// The running script, which is stopped with the test.
struct Script {
    process: Child,
    output: BufReader<ChildStdout>,
    url: String,
}

impl Script {
    fn start(secret: &str) -> Self {
        let mut process = Command::new("python3")
            .args(["-u", SCRIPT, "--port", "0"])
            .env("RIALTO_WEBHOOK__SECRET", secret)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let url = line.trim().rsplit(' ').next().unwrap().to_owned();
        Script { process, output, url }
    }

    fn settings(&self, secret: &str) -> String {
        format!("[webhook]\nurl = \"{}\"\nsecret = \"{secret}\"\n", self.url)
    }

    /// Reads its lines up to one that has all these words.
    fn wait_for(&mut self, words: &[&str]) {
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "no line with {words:?}");
            if words.iter().all(|word| line.contains(word)) {
                return;
            }
        }
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

#[test]
fn the_sample_application_decides_in_python() {
    let mut script = Script::start("the secret of both");
    let broker = start(&script.settings("the secret of both"));
    let mut eve = Peer::connect(&broker, Transport::Tcp);
    let (st, mg) = status(&eve.ask(r#"{"auth":{"dt":{"client_name":""}}}"#), "authAck");
    assert_eq!((st, mg.contains("client_name")), (0, true), "{mg}");
    let mut ada = Peer::online(&broker, Transport::Tcp, "ada");
    script.wait_for(&["connect", "ada"]);
    let mine = ada.ask(r#"{"pub":{"cn":"$mySubscriptions","id":"1"}}"#);
    assert_eq!(mine["pubAck"]["dt"]["channels"], json!(["update"]), "{mine}");
    let reserved = json!({"pub": {"cn": "update", "dt": 1, "q": 1, "id": "2"}});
    let (st, mg) = status(&ada.ask(reserved), "pubAck");
    assert_eq!((st, mg.is_empty()), (7, false));
    assert_eq!(status(&ada.ask(r#"{"pub":{"cn":"$hello","dt":{},"id":"3"}}"#), "pubAck").0, 1);
    let mut queue = CoremqPeer::connect(&broker, Transport::Tcp);
    let answer = queue.ask("update", json!({"n": 1}));
    assert!(answer["response"].as_str().unwrap().starts_with("ERROR: "), "{answer}");
    ada.leave();
    script.wait_for(&["close", "ada"]);
}

#[test]
fn an_application_with_another_secret_is_not_believed_and_does_not_believe() {
    let script = Script::start("one secret");
    let broker = start(&script.settings("another secret"));
    let mut ada = Peer::connect(&broker, Transport::Tcp);
    let answer = ada.ask(r#"{"auth":{"dt":{"client_name":"ada"}}}"#);
    assert_eq!(status(&answer, "authAck").0, 5, "{answer}");
}
