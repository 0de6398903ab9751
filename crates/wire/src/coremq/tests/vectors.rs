//! The vectors of `spec/vectors`, which the suites of all languages run.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::DEPTH_MAX;
use crate::{
    coremq::{Frame, FrameSplitter, Malformed, Options, Request, decode, decode_text},
    tests::{malformed_frame, parsed, text, vectors},
};

/// More characters than any frame of the vectors has.
const FRAME_CHARS_MAX: usize = 1 << 20;

#[test]
fn frames_of_clients_decode_to_what_they_ask_for() {
    // C-1, C-7, C-18, C-19, C-20, C-22, C-23, C-24, C-27, C-28, C-30, C-31, C-32, C-35, C-36 and C-37
    // have vectors here, and so have C-41, C-44, C-45 and C-46.
    let mut requests = BTreeSet::new();
    for vector in vectors("coremq-frames.jsonl") {
        let frame = text(&vector, "frame");
        let decoded = decoded(&vector, frame.as_bytes());
        let decoded = decoded.unwrap_or_else(|error| panic!("{vector}: {error:?}"));
        let (request, fields) = fields(&decoded.request);
        assert_eq!((&json!(request), &fields), (&vector["request"], &vector["fields"]), "{vector}");
        assert_eq!(decoded.queue, text(&vector, "queue"), "{vector}");
        assert_eq!(json!(decoded.forward_to), vector["forward_to"], "{vector}");
        assert_eq!(json!(decoded.server), vector["server"], "{vector}");
        requests.insert(request);
    }
    let all = [
        "gateway_status",
        "history",
        "message",
        "more",
        "options",
        "replicant",
        "status",
        "subscribe",
        "unsubscribe",
    ];
    assert_eq!(requests, all.into());
}

#[test]
fn wrong_frames_say_what_is_answered_or_end_the_connection() {
    // C-7, C-8, C-9, C-21, C-24, C-35 and C-40.
    for vector in vectors("coremq-malformed.jsonl") {
        let closes = vector["expect"]["close"] == true;
        if let Some(stream) = vector["stream"].as_str() {
            let mut splitter = FrameSplitter::new(FRAME_CHARS_MAX);
            let mut frames = splitter.push(stream.as_bytes());
            assert!(closes && matches!(frames.next(), Some(Err(_))), "{vector}");
            continue;
        }
        let frame = malformed_frame(&vector);
        match decoded(&vector, &frame) {
            Err(Malformed::NotJson) if vector["carrier"] == "websocket" => {
                assert!(closes, "{vector}");
            }
            Err(malformed) => check_reply(&vector, &malformed.to_string()),
            Ok(Frame { request: Request::Wrong(..), .. }) => check_reply(&vector, ""),
            Ok(frame) => assert!(is_for_the_session(&vector), "{vector}: {frame:?}"),
        }
    }
}

/// Says whether only somebody who knows queues and subscriptions can see what is wrong.
fn is_for_the_session(vector: &Value) -> bool {
    matches!(text(vector, "clause"), "C-7" | "C-35")
}

fn check_reply(vector: &Value, why: &str) {
    let reply = &vector["expect"]["reply"];
    if vector["carrier"] == "websocket" {
        assert_eq!(reply, &json!({ "error": why }), "{vector}");
    } else {
        assert_eq!(reply, &json!({ "response": format!("ERROR: {why}") }), "{vector}");
    }
}

fn decoded<'a>(vector: &Value, frame: &'a [u8]) -> Result<Frame<'a>, Malformed> {
    match text(vector, "carrier") {
        "tcp" => decode(frame, DEPTH_MAX),
        _ => decode_text(std::str::from_utf8(frame).unwrap(), DEPTH_MAX),
    }
}

fn fields(request: &Request<'_>) -> (&'static str, Value) {
    match request {
        Request::Subscribe(queues) => ("subscribe", json!({ "queues": queues })),
        Request::Unsubscribe(queues) => ("unsubscribe", json!({ "queues": queues })),
        Request::SetOptions(options) => ("options", option_fields(options)),
        Request::History(queues) => ("history", json!({ "queues": queues })),
        Request::Replicate { name, link: None } => ("replicant", json!({ "name": name })),
        Request::Replicate { name, link } => ("replicant", json!({ "name": name, "link": link })),
        Request::More(share) => ("more", json!({ "share": share })),
        Request::Status => ("status", json!({})),
        Request::GatewayStatus => ("gateway_status", json!({})),
        Request::Message(payload) => {
            assert!(parsed(payload).is_object() || parsed(payload).is_string());
            ("message", json!({ "payload": payload }))
        }
        Request::Wrong(name, _) => panic!("{name} is wrong"),
    }
}

fn option_fields(Options { echo, client, token }: &Options<'_>) -> Value {
    let fields = [("echo", json!(echo)), ("client", json!(client)), ("token", json!(token))];
    let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
    fields.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
}
