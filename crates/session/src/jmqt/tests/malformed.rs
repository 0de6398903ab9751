//! Frames that are no packets, or wrong ones: the vectors of `spec/vectors`, and what they leave.

use std::{fs, path::Path, time::Duration};

use expect_test::expect;
use rialto_broker::Settings;
use serde_json::Value;

use super::world::{check, world};

#[test]
fn each_wrong_frame_is_answered_as_the_vectors_say_or_ignored() {
    // J-13 to J-18, J-20, J-22, J-28, J-34, J-48, J-49, J-59 to J-61, J-70, J-95 and J-96 each have
    // vectors here. After any of them the client's heartbeat is still answered.
    for vector in vectors() {
        for is_websocket in [false, true] {
            let is_text = vector["frame_hex"].is_null();
            if is_websocket && !is_text {
                // J-5: there the connection ends, before any session sees the frame.
                continue;
            }
            let mut world = world(Settings::default(), Duration::ZERO, is_websocket);
            world.play("ada online");
            world.take_transcript();
            world.send_bytes("ada", [&frame(&vector)[..], br#"{"hb":{}}"#]);
            check_answers(&vector, &world.take_transcript());
        }
    }
}

/// Compares the answers with the one that the vector asks for, and the heartbeat's behind it.
fn check_answers(vector: &Value, transcript: &str) {
    let name = &vector["name"];
    let mut answers = transcript.lines().map(|line| line.strip_prefix("0s ada < ").expect(line));
    let heartbeat = answers.next_back();
    assert_eq!(heartbeat, Some(r#"{"hbAck":{}}"#), "{name}: {transcript}");
    let answer = answers.next().map(without_message);
    assert_eq!(answer.as_ref(), vector["expect"].get("reply"), "{name}: {transcript}");
    assert_eq!(answers.next(), None, "{name}: {transcript}");
}

/// Takes out `mg`, whose wording is free; a refused `auth` must have one.
fn without_message(answer: &str) -> Value {
    let mut answer: Value = serde_json::from_str(answer).unwrap();
    let (root, body) = answer.as_object_mut().unwrap().iter_mut().next().unwrap();
    let message = body.as_object_mut().unwrap().remove("mg");
    let is_said = message.is_some_and(|message| message.as_str() != Some(""));
    // J-29
    assert!(is_said || root != "authAck", "{answer} does not say why");
    answer
}

fn vectors() -> Vec<Value> {
    let file = "../../spec/vectors/jmqt-malformed.jsonl";
    let lines = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Returns a vector's frame, in whichever way it is written.
fn frame(vector: &Value) -> Vec<u8> {
    if let Some(text) = vector["frame"].as_str() {
        return text.into();
    }
    if let Some(hex) = vector["frame_hex"].as_str() {
        let digits = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        return digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
    }
    let repeat = &vector["frame_repeat"];
    let count = repeat["count"].as_u64().expect("a frame to repeat") as usize;
    let part = |key: &str| repeat[key].as_str().unwrap_or_default();
    [
        part("prefix"),
        &part("unit").repeat(count),
        part("middle"),
        &part("closer").repeat(count),
        part("suffix"),
    ]
    .concat()
    .into()
}

#[test]
fn what_is_ignored_is_counted() {
    // J-13 to J-15 and J-17: that is what the clauses mean by it.
    let mut world = world(Settings::default(), Duration::ZERO, false);
    world.play("ada online");
    world.send_bytes("ada", [&b"?"[..], b"{}", b"\xff", br#"{"push":{}}"#, br#"{"hb":7}"#]);
    assert_eq!(world.stats().malformed, 5);
}

#[test]
fn the_packets_around_a_wrong_frame_are_served() {
    // J-13: each in its place, also within one read.
    check(
        r#"
        ada online
        ada > {"hb":{}}␀?␀{"sub":{"cn":"a"}}␀{"sub":{}}␀{"sub":{"cn":"b"}}
        "#,
        expect![[r#"
            0s ada < {"connAck":{"st":1,"ts":15}}
            0s ada < {"hbAck":{}}
            0s ada < {"subAck":{"st":1,"cn":"a"}}
            0s ada < {"subAck":{"st":10,"cn":"","mg":"the packet is malformed"}}
            0s ada < {"subAck":{"st":1,"cn":"b"}}
        "#]],
    );
}
