//! The first bytes of a connection: of none a panic; what was found stands, however much follows; and what is found
//! in a whole packet was not found, nor given up, in a part of it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rialto_wire::first_packet::{FirstPacket, read};

fuzz_target!(
    init: rialto_fuzz::seed_with("first_packet", &[
        "{\"conn\":{\"at\":\"t\",\"cl\":\"sensor-1\"}}\0{\"hb\":{}}\0",
        "CONNECT alice token\n\nx",
        "GET /?x=1&client=a%20b HTTP/1.1\r\nHost: h\r\n\r\n",
    ]),
    |data: &[u8]| {
        let whole = read(data);
        if whole != FirstPacket::TooLittle {
            assert_eq!(read(&[data, b"more"].concat()), whole);
        }
        for end in 0..data.len().min(256) {
            let part = read(&data[..end]);
            assert!(part == FirstPacket::TooLittle || part == whole, "{part:?}, then {whole:?}");
        }
    }
);
