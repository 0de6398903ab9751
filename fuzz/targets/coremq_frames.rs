//! CoreMQ from a client: however a stream is cut, the same frames and the same error come out; of a
//! frame nothing panics, what is a message is JSON without reserved members, and goes out as it came.
//!
//! The first byte is the limit, the next four say how the rest is cut.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use rialto_wire::coremq::{
    Carrier, Envelope, FrameError, FrameSplitter, Request, decode, decode_text, put_message,
};
use serde_json::value::RawValue;

const CUT_COUNT: usize = 4;
const DEPTH_MAX: usize = 16;

fuzz_target!(
    init: rialto_fuzz::seed("coremq_frames", &["coremq-frames.jsonl", "coremq-malformed.jsonl"]),
    |data: &[u8]| {
        decodes(data);
        let Some((head, stream)) = data.split_at_checked(1 + CUT_COUNT) else { return };
        let limit = 1 + usize::from(head[0]);
        let cut = split(limit, stream, &head[1..]);
        assert_eq!(cut, split(limit, stream, &[u8::MAX; CUT_COUNT]));
        cut.0.iter().for_each(|frame| decodes(frame));
    }
);

/// Pushes `stream` in pieces whose lengths repeat, and collects frames until something is wrong.
fn split(limit: usize, stream: &[u8], lengths: &[u8]) -> (Vec<Vec<u8>>, Option<FrameError>) {
    let mut splitter = FrameSplitter::new(limit);
    let (mut frames, mut rest) = (Vec::new(), stream);
    for length in lengths.iter().cycle() {
        let (piece, after) = rest.split_at(rest.len().min(1 + usize::from(*length)));
        for frame in splitter.push(piece) {
            match frame {
                Ok(frame) => frames.push(frame.to_vec()),
                Err(error) => return (frames, Some(error)),
            }
        }
        if after.is_empty() {
            return (frames, None);
        }
        rest = after;
    }
    unreachable!("there are lengths")
}

/// Decodes a frame on both carriers, and sends on what is a message.
fn decodes(frame: &[u8]) {
    if let Ok(text) = std::str::from_utf8(frame)
        && let Ok(decoded) = decode_text(text, DEPTH_MAX)
        && let Request::Message(payload) = decoded.request
    {
        is_clean(&payload);
    }
    let Ok(decoded) = decode(frame, DEPTH_MAX) else { return };
    let Request::Message(payload) = decoded.request else { return };
    is_clean(&payload);

    let mut out = Vec::new();
    let envelope = Envelope::new(Carrier::Tcp, &decoded.queue, "me", 1, ("server:1", None));
    put_message(&mut out, Carrier::Tcp, &envelope, payload.as_bytes());
    let mut splitter = FrameSplitter::new(usize::MAX);
    let mut frames = splitter.push(&out);
    let frame = frames.next().expect("it is whole").expect("it is a frame");
    assert!(frames.next().is_none());
    let again = decode(frame, DEPTH_MAX).expect("what was written can be read");
    assert_eq!(again.queue, decoded.queue);
    assert!(matches!(again.request, Request::Message(_)));
    assert_eq!(again.server.as_deref(), Some("server:1"));
}

/// Checks that a payload is a text, or an object without reserved members.
fn is_clean(payload: &str) {
    serde_json::from_str::<&RawValue>(payload).expect("a message is JSON");
    if let Ok(members) = serde_json::from_str::<BTreeMap<String, &RawValue>>(payload) {
        assert!(members.keys().all(|name| !name.starts_with("coremq_")));
    }
}
