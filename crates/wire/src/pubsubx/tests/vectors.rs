//! The vectors of `spec/vectors`, which the suites of all languages run.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    pubsubx::{Command, Envelope, FrameSplitter, decode, put_message},
    tests::{malformed_frame, text, vectors},
};

const END: &str = "\n\nx";

#[test]
fn messages_of_clients_decode_to_what_they_ask_for() {
    // P-3, P-8, P-9, P-10, P-13, P-26, P-27 and P-41 have vectors here.
    let mut commands = BTreeSet::new();
    for vector in of("client") {
        let frame = malformed_frame(&vector);
        let mut splitter = FrameSplitter::new(10 << 10);
        let stream = [&frame, END.as_bytes()].concat();
        let messages: Vec<&[u8]> = splitter.push(&stream).collect();
        assert_eq!(messages, [&frame[..]], "{vector}");
        let (command, fields) = fields(decode(&frame));
        assert_eq!((&json!(command), &fields), (&vector["command"], &vector["fields"]), "{vector}");
        commands.insert(command);
    }
    let all = ["connect", "disconnect", "ignored", "publish", "subscribe", "unsubscribe"];
    assert_eq!(commands, all.into());
}

#[test]
fn messages_to_clients_are_what_they_know() {
    // P-23, P-26, P-27 and P-31 have vectors here.
    for vector in of("server") {
        let mut out = Vec::new();
        let envelope = Envelope::new(text(&vector, "topic"));
        put_message(&mut out, &envelope, text(&vector, "payload").as_bytes());
        let expected = match &vector["frame"] {
            Value::Null => String::new(),
            frame => format!("{}{END}", frame.as_str().unwrap()),
        };
        assert_eq!(String::from_utf8(out).unwrap(), expected, "{vector}");
    }
}

/// Returns the vectors of those who send.
fn of(from: &str) -> Vec<Value> {
    let mut vectors = vectors("pubsubx-messages.jsonl");
    let names: BTreeSet<String> = vectors.iter().map(|it| text(it, "name").to_owned()).collect();
    assert_eq!(names.len(), vectors.len(), "names are unique");
    vectors.retain(|vector| text(vector, "from") == from);
    assert!(!vectors.is_empty());
    vectors
}

fn fields(command: Command<'_>) -> (&'static str, Value) {
    match command {
        Command::Connect { name, token: "" } => ("connect", json!({ "name": name })),
        Command::Connect { name, token } => ("connect", json!({ "name": name, "token": token })),
        Command::Disconnect => ("disconnect", json!({})),
        Command::Publish { topic, data } => ("publish", json!({ "topic": topic, "data": data })),
        Command::Subscribe(topic) => ("subscribe", json!({ "topic": topic })),
        Command::Unsubscribe(topic) => ("unsubscribe", json!({ "topic": topic })),
        Command::Unknown => ("ignored", json!({})),
    }
}
