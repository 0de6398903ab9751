//! Frames: however a stream is cut, the same frames come out, up to the first that is too long.
//!
//! The first byte is the limit, the next four say how the rest is cut.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rialto_wire::jmqt::FrameSplitter;

const CUT_COUNT: usize = 4;

fuzz_target!(
    init: rialto_fuzz::seed("frames", &[]),
    |data: &[u8]| {
        let Some((head, stream)) = data.split_at_checked(1 + CUT_COUNT) else { return };
        let limit = 1 + usize::from(head[0]);

        let end = stream.iter().rposition(|&byte| byte == 0).unwrap_or(0);
        let unended = stream.len() - stream.iter().rposition(|&byte| byte == 0).map_or(0, |end| end + 1);
        let whole: Vec<&[u8]> =
            stream[..end].split(|&byte| byte == 0).filter(|frame| !frame.is_empty()).collect();
        let good = whole.iter().take_while(|frame| frame.len() <= limit).count();
        let is_too_long = good < whole.len() || limit < unended;

        let (frames, is_refused) = split(limit, stream, &head[1..]);
        assert_eq!(frames, whole[..good]);
        assert_eq!(is_refused, is_too_long);
    }
);

/// Pushes `stream` in pieces whose lengths repeat, and collects frames until one is too long.
fn split(limit: usize, stream: &[u8], lengths: &[u8]) -> (Vec<Vec<u8>>, bool) {
    let mut splitter = FrameSplitter::new(limit);
    let (mut frames, mut rest) = (Vec::new(), stream);
    for length in lengths.iter().cycle() {
        let (piece, after) = rest.split_at(rest.len().min(1 + usize::from(*length)));
        for frame in splitter.push(piece) {
            match frame {
                Ok(frame) => frames.push(frame.to_vec()),
                Err(_) => return (frames, true),
            }
        }
        if after.is_empty() {
            return (frames, false);
        }
        rest = after;
    }
    unreachable!("there are lengths")
}
