use proptest::{collection::vec, prelude::*};

use super::*;
use crate::tests::{cut, vectors};

/// What the frames of a whole stream are, by definition.
fn frames_of(stream: &[u8]) -> Vec<&[u8]> {
    let end = stream.iter().rposition(|&byte| byte == TERMINATOR).unwrap_or(0);
    stream[..end].split(|&byte| byte == TERMINATOR).filter(|frame| !frame.is_empty()).collect()
}

/// Pushes `pieces` one after the other and collects the frames and the first error.
fn split<'a>(
    splitter: &mut FrameSplitter,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Vec<u8>>, Option<FrameTooLong>) {
    let mut frames = Vec::new();
    for piece in pieces {
        for frame in splitter.push(piece) {
            match frame {
                Ok(frame) => frames.push(frame.to_vec()),
                Err(error) => return (frames, Some(error)),
            }
        }
    }
    (frames, None)
}

#[test]
fn a_stream_cut_at_any_byte_gives_the_same_frames() {
    // J-1 and J-2: all frames of the document in one stream, cut in two at every byte.
    let mut stream = Vec::new();
    for vector in vectors("jmqt-packets.jsonl") {
        stream.extend_from_slice(vector["frame"].as_str().unwrap().as_bytes());
        stream.push(TERMINATOR);
    }
    stream.extend_from_slice(b"{\"an end without NUL is no frame");
    let expected = frames_of(&stream);
    assert_eq!(expected.len(), vectors("jmqt-packets.jsonl").len());

    for cut in 0..=stream.len() {
        let (head, tail) = stream.split_at(cut);
        let (frames, error) = split(&mut FrameSplitter::new(1024), [head, tail]);
        assert_eq!((frames, error), (expected.iter().map(|frame| frame.to_vec()).collect(), None));
    }
}

#[test]
fn bytes_that_come_one_by_one_give_the_same_frames() {
    // J-2.
    let stream = b"\0{\"hb\":{}}\0\0{}\0[1]\0{\"hb\"";
    let (frames, error) = split(&mut FrameSplitter::new(9), stream.chunks(1));
    assert_eq!(frames, [&b"{\"hb\":{}}"[..], b"{}", b"[1]"]);
    assert_eq!(error, None);
}

#[test]
fn a_frame_may_have_as_many_bytes_as_the_limit_and_not_one_more() {
    // J-10 and J-11: a frame at the limit, below and above it, ended in the same read or cut at
    // every byte.
    for limit in [1, 2, 16, 17] {
        for length in [limit - 1, limit, limit + 1] {
            let stream = [&vec![b'x'; length][..], b"\0"].concat();
            for cut in 0..=stream.len() {
                let (head, tail) = stream.split_at(cut);
                let (frames, error) = split(&mut FrameSplitter::new(limit), [head, tail]);
                let expected: &[Vec<u8>] = match length {
                    0 => &[],
                    length if length <= limit => &[vec![b'x'; length]],
                    _ => &[],
                };
                assert_eq!(frames, expected, "{length} bytes, limit {limit}, cut at {cut}");
                assert_eq!(error, (limit < length).then_some(FrameTooLong { limit }));
            }
        }
    }
}

#[test]
fn an_endless_frame_is_refused_as_soon_as_it_outgrows_the_limit() {
    // J-11: whether it began in this read or in an earlier one, alone or behind good frames.
    let mut splitter = FrameSplitter::new(4);
    assert_eq!(split(&mut splitter, [&b"1234"[..]]), (vec![], None));
    let too_long = Some(FrameTooLong { limit: 4 });
    assert_eq!(split(&mut splitter, [&b"5"[..]]), (vec![], too_long));

    let behind_good = split(&mut FrameSplitter::new(4), [&b"ab\0cd\0xxxxx"[..]]);
    assert_eq!(behind_good, (vec![b"ab".to_vec(), b"cd".to_vec()], too_long));
    let alone = split(&mut FrameSplitter::new(4), [&b"xxxxx"[..]]);
    assert_eq!(alone, (vec![], too_long));
}

#[test]
fn nothing_comes_after_a_frame_that_is_too_long() {
    // J-10: the good frames before it are served, those behind it are not.
    let mut splitter = FrameSplitter::new(3);
    let mut frames = splitter.push(b"ok\0toolong\0no\0stilltoolong");
    assert_eq!(frames.next(), Some(Ok(&b"ok"[..])));
    assert_eq!(frames.next(), Some(Err(FrameTooLong { limit: 3 })));
    assert_eq!(frames.next(), None);
}

#[test]
fn empty_frames_are_skipped_and_a_flood_of_them_holds_no_memory() {
    // J-3.
    let mut splitter = FrameSplitter::new(8);
    let flood = vec![TERMINATOR; 1 << 20];
    assert_eq!(splitter.push(&flood).count(), 0);
    assert_eq!(splitter.partial.capacity(), 0);
    assert_eq!(split(&mut splitter, [&b"\0\0a\0\0b\0\0"[..]]).0, [b"a", b"b"]);
}

#[test]
fn a_splitter_between_frames_holds_no_buffer() {
    let mut splitter = FrameSplitter::new(1 << 20);
    split(&mut splitter, [&vec![b'x'; 100_000][..], b"\0whole\0"]);
    splitter.release();
    assert_eq!((splitter.partial.capacity(), splitter.completed.capacity()), (0, 0));
}

proptest! {
    /// J-2, with three and more pieces, and with frames above the limit among the good ones.
    #[test]
    fn any_cuts_of_any_stream_give_the_same_frames(
        stream in vec(prop_oneof![3 => 1_u8..=255, 1 => Just(TERMINATOR)], 0..64),
        places in vec(any::<prop::sample::Index>(), 0..5),
        limit in 1_usize..16,
    ) {
        let whole = frames_of(&stream);
        let good = whole.iter().take_while(|frame| frame.len() <= limit);
        let expected: Vec<Vec<u8>> = good.map(|frame| frame.to_vec()).collect();
        let unended = stream.iter().rev().take_while(|&&byte| byte != TERMINATOR).count();
        let is_too_long = expected.len() < whole.len() || limit < unended;

        let (frames, error) = split(&mut FrameSplitter::new(limit), cut(&stream, &places));
        prop_assert_eq!(frames, expected);
        prop_assert_eq!(error, is_too_long.then_some(FrameTooLong { limit }));
    }
}
