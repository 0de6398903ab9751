//! PubSubX: however a stream is cut, the same messages come out as long as none is too long; of a
//! message nothing panics; what is published is delivered as exactly one message, or not at all.
//!
//! The first byte is the limit, the next four say how the rest is cut.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rialto_wire::pubsubx::{
    Command, Envelope, FrameSplitter, MESSAGE_BYTES_MAX, decode, put_message,
};
use serde_json::value::RawValue;

const CUT_COUNT: usize = 4;
const END: &[u8] = b"\n\nx";

fuzz_target!(
    init: rialto_fuzz::seed("pubsubx", &["pubsubx-messages.jsonl"]),
    |data: &[u8]| {
        decodes(data);
        delivers("topic", data);
        let Some((head, stream)) = data.split_at_checked(1 + CUT_COUNT) else { return };
        let limit = 1 + usize::from(head[0]);
        let whole = messages(stream);
        let cut = split(limit, stream, &head[1..]);
        assert!(cut.iter().all(|message| message.len() <= limit));
        // What is too long is thrown away piece by piece; what is not comes, whatever is around it.
        let mut found = cut.iter();
        for message in whole.iter().filter(|message| message.len() <= limit) {
            assert!(found.any(|one| one == message));
        }
        assert_eq!(split(usize::MAX, stream, &head[1..]), whole);
        cut.iter().for_each(|message| decodes(message));
    }
);

/// Returns the messages of a stream that are not empty, found in the simplest way.
fn messages(stream: &[u8]) -> Vec<&[u8]> {
    let (mut messages, mut rest) = (Vec::new(), stream);
    while let Some(end) = rest.windows(END.len()).position(|window| window == END) {
        messages.push(&rest[..end]);
        rest = &rest[end + END.len()..];
    }
    messages.retain(|message| !message.is_empty());
    messages
}

/// Pushes `stream` in pieces whose lengths repeat, and collects its messages.
fn split(limit: usize, stream: &[u8], lengths: &[u8]) -> Vec<Vec<u8>> {
    let mut splitter = FrameSplitter::new(limit);
    let (mut messages, mut rest) = (Vec::new(), stream);
    for length in lengths.iter().cycle() {
        let (piece, after) = rest.split_at(rest.len().min(1 + usize::from(*length)));
        messages.extend(splitter.push(piece).map(<[u8]>::to_vec));
        if after.is_empty() {
            break;
        }
        rest = after;
    }
    messages
}

/// Decodes a message, and delivers what it publishes.
fn decodes(message: &[u8]) {
    let Command::Publish { topic, data } = decode(message) else { return };
    let payload = serde_json::to_vec(data).expect("text serialises to memory");
    let Some(delivered) = delivers(topic, &payload) else { return };
    assert_eq!(delivered, format!("{topic} {data}").into_bytes());
}

/// Delivers a payload if it is JSON, and checks that it is one message.
fn delivers(topic: &str, payload: &[u8]) -> Option<Vec<u8>> {
    serde_json::from_slice::<&RawValue>(payload).ok()?;
    let mut out = Vec::new();
    put_message(&mut out, &Envelope::new(topic), payload);
    assert!(out.len() <= MESSAGE_BYTES_MAX);
    if out.is_empty() {
        return None;
    }
    let found = messages(&out);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].len() + END.len(), out.len());
    std::str::from_utf8(found[0]).expect("a message is UTF-8");
    Some(found[0].to_vec())
}
