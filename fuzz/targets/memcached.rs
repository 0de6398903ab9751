//! memcached's commands: nothing panics, and however a stream is cut, the same requests come out.
//!
//! The first four bytes say how the rest is cut.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rialto_cache::{Read, Reader};

const CUT_COUNT: usize = 4;
const ITEM_BYTES_MAX: usize = 64;

fuzz_target!(
    init: rialto_fuzz::seed("memcached", &[]),
    |data: &[u8]| {
        let Some((lengths, stream)) = data.split_at_checked(CUT_COUNT) else { return };
        let pieces = read(stream, lengths.iter().map(|length| 1 + usize::from(*length)));
        assert_eq!(pieces, read(stream, std::iter::once(usize::MAX)));
    }
);

/// Reads `stream` in pieces whose lengths repeat; also says whether its reader gave up.
fn read(stream: &[u8], lengths: impl Iterator<Item = usize> + Clone) -> (Vec<Read>, bool) {
    let mut reader = Reader::new(ITEM_BYTES_MAX);
    let (mut requests, mut rest) = (Vec::new(), stream);
    for length in lengths.cycle() {
        let (mut piece, after) = rest.split_at(rest.len().min(length));
        while let Some(request) = reader.next(&mut piece) {
            requests.push(request);
        }
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    (requests, reader.is_over())
}
