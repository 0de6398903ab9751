//! Server packets: nothing panics, and a push that can be read survives being written again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rialto_wire::jmqt::{Carrier, PushEnvelope, PushMark, ServerPacket, put_push};

fuzz_target!(
    init: rialto_fuzz::seed("server_packet", &["jmqt-packets.jsonl"]),
    |frame: &[u8]| {
        let Ok(ServerPacket::Push(push)) = ServerPacket::decode(frame) else { return };
        let mark = match push.id.as_deref() {
            Some(id) if is_plain(id) => {
                PushMark::Acknowledged(|out: &mut Vec<u8>| out.extend_from_slice(id.as_bytes()))
            }
            Some(_) => return,
            None if push.rt == 1 => PushMark::Retained,
            None => PushMark::Plain,
        };
        let mut out = Vec::new();
        let envelope = PushEnvelope::new(&push.cn, &push.cl);
        put_push(&mut out, Carrier::Tcp, &envelope, push.dt.get().as_bytes(), mark);

        let written = out.strip_suffix(b"\0").expect("a frame ends in NUL");
        let Ok(ServerPacket::Push(again)) = ServerPacket::decode(written) else {
            panic!("what was written cannot be read");
        };
        assert_eq!((&again.cn, &again.cl, &again.id), (&push.cn, &push.cl, &push.id));
        assert_eq!(again.dt.get(), push.dt.get());
    }
);

/// Says whether an id is of the kind servers make, which needs no escaping.
fn is_plain(id: &str) -> bool {
    id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
