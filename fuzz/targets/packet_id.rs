//! Packet ids: nothing panics, and whatever is read as an id is written the same way.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rialto_domain::PacketId;

fuzz_target!(
    init: rialto_fuzz::seed("packet_id", &[]),
    |text: &str| {
        if let Some(id) = PacketId::parse(text) {
            assert_eq!(id.to_string(), text);
        }
    }
);
