//! Frames become packets, and deliveries frames.

use std::hint::black_box;

use rialto_wire::jmqt::{Carrier, DecodeLimits, PushEnvelope, PushMark, decode, put_push};

use crate::counting::{MESSAGES_A_ROUND, PAYLOAD, ROUNDS, WARM_UP_ROUNDS, in_round, publish_frame};

pub(crate) fn decode_publishes() -> usize {
    let frames: Vec<String> = (0..MESSAGES_A_ROUND).map(publish_frame).collect();
    let limits = DecodeLimits { json_depth_max: 128 };
    for round in 0..WARM_UP_ROUNDS + ROUNDS {
        in_round(round, || {
            for frame in &frames {
                let packet = decode(black_box(frame.as_bytes()), limits);
                assert!(black_box(packet).is_ok(), "a publish can be decoded");
            }
        });
    }
    ROUNDS * MESSAGES_A_ROUND
}

pub(crate) fn encode_deliveries() -> usize {
    let envelope = PushEnvelope::new("bench/0", "bench-0");
    let mut out = Vec::new();
    for round in 0..WARM_UP_ROUNDS + ROUNDS {
        in_round(round, || {
            out.clear();
            for _ in 0..MESSAGES_A_ROUND {
                let mark = PushMark::Acknowledged(|out: &mut Vec<u8>| {
                    out.extend_from_slice(b"1-00000017");
                });
                let payload = black_box(PAYLOAD).as_bytes();
                put_push(&mut out, Carrier::Tcp, black_box(&envelope), payload, mark);
            }
            black_box(&out);
        });
    }
    ROUNDS * MESSAGES_A_ROUND
}
