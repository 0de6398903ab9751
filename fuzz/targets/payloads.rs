//! Stored payloads: any bytes can be read, and JSON texts come back as they were put in.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rialto_domain::{Payloads, PayloadsBuilder};

fuzz_target!(
    init: rialto_fuzz::seed("payloads", &["jmqt-packets.jsonl"]),
    |data: &[u8]| {
        let sequence = Payloads::from_sequence(data.to_vec().into());
        _ = sequence.iter().count();

        // Valid JSON has neither of the bytes that stand around it.
        let texts: Vec<&[u8]> = data.split(|byte| matches!(byte, 0x1E | b'\n')).collect();
        let mut builder = PayloadsBuilder::default();
        texts.iter().for_each(|text| builder.push(text));
        let payloads = builder.finish();
        assert_eq!(payloads.iter().collect::<Vec<_>>(), texts);
    }
);
