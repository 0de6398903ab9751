//! `rialto tail`: messages as they pass, over the HTTP API.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::Value;

use super::{KEY, Operated};
use crate::common::PROGRAM;

const INSPECTOR: &str = "the-key-of-the-inspector";
const KEYS: &str = r#"
[[api.keys]]
name = "inspector"
key = "the-key-of-the-inspector"
allow = ["read", "inspect"]
"#;

fn start() -> Operated {
    Operated { broker: super::launch().config(&format!("{}{KEYS}", super::KEYS)).start() }
}

/// A command that shows messages as JSON.
struct Tail {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Tail {
    /// Starts it, and waits until it sees what is published.
    #[track_caller]
    fn start(operated: &Operated, key: &str, args: &[&str]) -> Self {
        let mut child = Command::new(PROGRAM)
            .args(["tail", "--format", "json"])
            .args(args)
            .env_clear()
            .envs([("RIALTO_API", operated.url().as_str()), ("RIALTO_API_KEY", key)])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let mut tail = Tail { child, lines };
        assert_eq!(tail.next()["event"], "count");
        tail
    }

    #[track_caller]
    fn line(&mut self) -> String {
        let mut line = String::new();
        assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "the tail has ended");
        line
    }

    #[track_caller]
    fn next(&mut self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    /// Returns the next event that is no count.
    #[track_caller]
    fn message(&mut self) -> Value {
        loop {
            let mut event = self.next();
            if event["event"] != "count" {
                assert!(event.as_object_mut().unwrap().remove("at_ms").is_some());
                return event;
            }
        }
    }

    #[track_caller]
    fn expect(&mut self, message: &Value) {
        assert_eq!(self.message(), *message);
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[test]
fn messages_are_shown_with_what_became_of_them() {
    let operated = start();
    let mut tail = Tail::start(&operated, INSPECTOR, &["room"]);
    let mut ada = operated.online("ada");
    ada.subscribe_for_good("room");
    let mut bob = operated.online("bob");
    bob.send(r#"{"pub":{"cn":"hall","dt":0}}"#);
    bob.send(r#"{"pub":{"cn":"room","dt":18446744073709551617.10}}"#);
    let line = loop {
        let line = tail.line();
        if line.contains("\"message\"") {
            break line;
        }
    };
    assert!(line.contains(r#""payload":18446744073709551617.10}"#), "{line}");
    ada.recv();
    ada.leave();
    bob.ask(r#"{"pub":{"cn":"room","dt":1,"q":1,"id":"x"}}"#);
    tail.expect(&serde_json::json!({
        "event": "message", "channel": "room", "publisher": "bob", "qos": 1, "bytes": 1,
        "decision": "stored", "sent_to": 0, "waits_for": 1, "sequence": 1, "payload": 1,
    }));
    let _ada = operated.online("ada");
    tail.expect(&serde_json::json!({
        "event": "message", "channel": "room", "publisher": "bob", "qos": 1, "bytes": 1,
        "decision": "replayed", "client": "ada", "sequence": 1, "payload": 1,
    }));
}

#[test]
fn a_filter_is_applied_by_the_broker() {
    let operated = start();
    let filter = r#"/temperature > 30.5 and /unit = "C""#;
    let mut tail = Tail::start(&operated, INSPECTOR, &["--client", "bob", "--filter", filter]);
    let mut bob = operated.online("bob");
    for payload in [
        r#"{"temperature":30.5,"unit":"C"}"#,
        r#"{"temperature":31,"unit":"F"}"#,
        r#"{"temperature":31,"unit":"C"}"#,
    ] {
        bob.send(format!(r#"{{"pub":{{"cn":"room","dt":{payload}}}}}"#));
    }
    assert_eq!(tail.message()["payload"], serde_json::json!({"temperature": 31, "unit": "C"}));
    let count = loop {
        let count = tail.next();
        if count["passed"] != 0 {
            break count;
        }
    };
    let expected =
        serde_json::json!({"event": "count", "passed": 3, "matched": 1, "sent": 1, "lost": 0});
    assert_eq!(count, expected);
    let refused = operated.run_with_key(INSPECTOR, &["tail", "--filter", "/a >"]).failed(1);
    assert!(refused.contains("at character 5 of the filter there must be a number"), "{refused}");
}

#[test]
fn payloads_and_filters_need_a_right_of_their_own_and_each_use_is_told_of() {
    let operated = start();
    let mut tail = Tail::start(&operated, KEY, &["room"]);
    operated.online("bob").send(r#"{"pub":{"cn":"room","dt":"secret"}}"#);
    tail.expect(&serde_json::json!({
        "event": "message", "channel": "room", "publisher": "bob", "qos": 0, "bytes": 8,
        "decision": "unheard", "sent_to": 0, "waits_for": 0,
    }));
    let refused = operated.run(&["tail", "--filter", "/a = 1"]).failed(1);
    assert!(refused.contains(r#"must allow "inspect""#), "{refused}");
    let act = |event: &str| {
        let is_it = |line: &Value| line["target"] == "rialto::audit" && line["event"] == event;
        operated.broker.wait_for_log(event, is_it)
    };
    let opened = act("tail-opened");
    assert_eq!((&opened["key"], &opened["channel"]), (&"operator".into(), &"room".into()));
    assert_eq!(opened["request"], "GET /v1/tail");
    let _inspected = Tail::start(&operated, INSPECTOR, &["--client", "bob"]);
    let inspected = act("payloads-inspected");
    assert_eq!((&inspected["key"], &inspected["client"]), (&"inspector".into(), &"bob".into()));
}

#[test]
fn no_more_than_the_rate_is_shown_and_the_others_are_counted() {
    let operated = start();
    let mut tail = Tail::start(&operated, INSPECTOR, &["--rate", "3"]);
    let mut bob = operated.online("bob");
    for number in 0..100 {
        bob.send(format!(r#"{{"pub":{{"cn":"room","dt":{number}}}}}"#));
    }
    let (mut passed, mut matched, mut sent, mut shown) = (0, 0, 0, 0);
    while passed < 100 {
        let event = tail.next();
        let number = |name: &str| event[name].as_u64().unwrap();
        if event["event"] == "message" {
            shown += 1;
            continue;
        }
        assert_eq!(number("sent"), shown, "what is shown is what is counted as sent");
        assert!(number("sent") <= 3);
        assert_eq!(number("passed"), number("matched") + number("lost"));
        passed += number("passed");
        matched += number("matched");
        sent += number("sent");
        shown = 0;
    }
    assert_eq!(passed, 100);
    assert!((3..100).contains(&sent) && sent <= matched, "{sent} of {matched}");
}

#[test]
fn people_are_shown_a_line_for_each_message_and_the_command_can_end() {
    let operated = start();
    operated.online("bob").send(r#"{"pub":{"cn":"lamp","dt":"on","rt":1}}"#);
    let mut watcher = Command::new(PROGRAM)
        .args(["tail", "lamp", "--count", "1", "--api", &operated.url(), "--api-key", INSPECTOR])
        .env_clear()
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    operated.broker.wait_for_log("a tail", |line| line["event"] == "payloads-inspected");
    operated.online("ada").subscribe("lamp");
    let mut line = String::new();
    BufReader::new(watcher.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.ends_with("  lamp  bob  4 B  retained to ada  \"on\"\n"), "{line}");
    assert!(watcher.wait().unwrap().success());
    let nothing = operated.run_with_key(INSPECTOR, &["tail", "--for", "10ms"]);
    assert_eq!(nothing.printed(), "");
}

#[test]
fn the_command_ends_with_the_broker() {
    let mut operated = start();
    let mut tail = Tail::start(&operated, INSPECTOR, &[]);
    operated.broker.terminate();
    assert_eq!(tail.child.wait().unwrap().code(), Some(3));
}

#[test]
fn events_are_shown_like_other_messages_and_what_stands_in_them_to_those_who_may_look() {
    // Their readers are clients; whoever may look at payloads may read the history of these channels, too.
    let events = "[events]\npublish = [\"subscribed\"]\nreaders = [\"eye\"]\n";
    let config = format!("{}{KEYS}{events}", super::KEYS);
    let operated = Operated { broker: super::launch().config(&config).start() };
    let channel = "$events/subscribed";
    let mut inspector = Tail::start(&operated, INSPECTOR, &[channel]);
    let mut reader = Tail::start(&operated, "the-key-of-the-reader", &[channel]);
    operated.online("ada").subscribe("room");
    let seen = inspector.message();
    assert_eq!((&seen["publisher"], &seen["payload"]["client"]), (&"".into(), &"ada".into()));
    let seen = reader.message();
    assert_eq!((&seen["channel"], &seen["payload"]), (&channel.into(), &Value::Null), "{seen}");
    assert!(seen["bytes"].is_u64(), "{seen}");
}
