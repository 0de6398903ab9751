//! CoreMQ from another server: nothing panics, and what was relayed survives being written again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rialto_wire::coremq::{
    FrameSplitter, RelayEnvelope, ServerFrame, decode_server, put_past, put_relay,
};

const DEPTH_MAX: usize = 16;

fuzz_target!(
    init: rialto_fuzz::seed("coremq_server", &["coremq-frames.jsonl"]),
    |frame: &[u8]| {
        let mut out = Vec::new();
        let decoded = decode_server(frame, DEPTH_MAX);
        let (relay, payload, is_past) = match &decoded {
            Ok(ServerFrame::Relay(relay, payload)) => {
                put_relay(&mut out, &RelayEnvelope::new(relay), payload);
                (relay, payload, false)
            }
            Ok(ServerFrame::Past(relay, payload)) => {
                put_past(&mut out, relay, payload);
                (relay, payload, true)
            }
            _ => return,
        };
        assert!(out.is_ascii());
        let mut splitter = FrameSplitter::new(usize::MAX);
        let written = splitter.push(&out).next().expect("it is whole").expect("it is a frame");
        let again = decode_server(written, DEPTH_MAX).expect("what was written can be read");
        let (relay_again, payload_again, is_past_again) = match &again {
            ServerFrame::Relay(relay, payload) => (relay, payload, false),
            ServerFrame::Past(relay, payload) => (relay, payload, true),
            other => panic!("a relayed message became {other:?}"),
        };
        assert_eq!((relay_again, is_past_again), (relay, is_past));
        if payload.is_ascii() {
            assert_eq!(payload_again, payload);
        }
    }
);
