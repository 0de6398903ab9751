//! Framing.

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::tests::cut;

/// Pushes `pieces` one after the other and collects the messages.
fn split<'a>(limit: usize, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
    let mut splitter = FrameSplitter::new(limit);
    let mut frames = Vec::new();
    for piece in pieces {
        frames.extend(splitter.push(piece).map(<[u8]>::to_vec));
        let held = splitter.partial.len();
        assert!(held < limit + END.len(), "{held} bytes are held, with a limit of {limit}");
    }
    frames
}

/// Expects of `stream`, cut in two at every byte and in single bytes, the same.
#[track_caller]
fn check(limit: usize, stream: &str, frames: &[&str]) {
    let expected: Vec<Vec<u8>> = frames.iter().map(|frame| frame.as_bytes().to_vec()).collect();
    let stream = stream.as_bytes();
    for place in 0..=stream.len() {
        let (head, tail) = stream.split_at(place);
        assert_eq!(split(limit, [head, tail]), expected, "cut at {place}");
    }
    assert_eq!(split(limit, stream.chunks(1)), expected, "in single bytes");
}

#[test]
fn a_stream_cut_at_any_byte_gives_the_same_messages() {
    // P-1 and P-2: within the end too.
    check(
        64,
        "CONNECT ada\n\nxPUBLISH größe 🦀\nx\n\nxDISCONNECT\n\nxan end that has not come\n\n",
        &["CONNECT ada", "PUBLISH größe 🦀\nx", "DISCONNECT"],
    );
}

#[test]
fn line_feeds_before_an_end_belong_to_the_message() {
    // P-1: the first place where the three characters stand together is the end.
    check(64, "a\n\n\nxb\n\n\n\nxc\nx\n\nxx\n\nx", &["a\n", "b\n\n", "c\nx", "x"]);
}

#[test]
fn empty_messages_are_left_out() {
    // P-3.
    check(64, "\n\nx\n\nxa\n\nx\n\nxb\n\nx\n\nx", &["a", "b"]);
}

#[test]
fn a_message_that_is_not_utf_8_is_a_message_like_others_here() {
    // P-3: it is the decoder that ignores it, so that the next one is found.
    let frames = split(64, [&b"\xFF\xFE\n\nxa\n\nx"[..]]);
    assert_eq!(frames, [b"\xFF\xFE".to_vec(), b"a".to_vec()]);
}

#[test]
fn a_message_may_have_as_many_bytes_as_the_limit_however_it_is_cut() {
    // P-4: the end is not counted, wherever it is cut (P-2).
    for limit in [1, 2, 3, 16] {
        for length in [limit - 1, limit] {
            let message = "m".repeat(length);
            let frames = [message.as_str(), "a"];
            let stream = format!("{message}\n\nxa\n\nx");
            check(limit, &stream, if length == 0 { &frames[1..] } else { &frames });
        }
    }
}

#[test]
fn ten_kib_may_wait_and_not_one_byte_more() {
    // P-4: what follows what was thrown away counts as the beginning of a new message.
    const LIMIT: usize = 10 << 10;
    let message = vec![b'm'; LIMIT];
    for cut in 0..=END.len() {
        let (first, rest) = END.split_at(cut);
        let head = [&message, first].concat();
        let is_there = split(LIMIT, [&head[..], rest]) == [&message[..]];
        assert!(is_there, "cut at {cut}");
    }
    let longer = vec![b'm'; LIMIT + 1];
    assert_eq!(split(LIMIT, [&longer[..], b"SUBSCRIBE a\n\nx"]), [b"SUBSCRIBE a"]);
    // The same in one read: the whole of it is a message, and too long.
    let stream = [&longer[..], b"SUBSCRIBE a\n\nxSUBSCRIBE b\n\nx"].concat();
    assert_eq!(split(LIMIT, [&stream[..]]), [b"SUBSCRIBE b"]);
}

#[test]
fn what_is_thrown_away_may_end_in_a_cut_end() {
    // P-4 and P-2: the end still ends it, and the message behind it is whole.
    for cut in 0..=END.len() {
        let (first, rest) = END.split_at(cut);
        let head = [b"too long", first].concat();
        assert_eq!(split(4, [&head[..], rest, b"ab\n\nx"]), [b"ab"], "cut at {cut}");
    }
}

#[test]
fn a_stream_without_an_end_takes_no_more_memory_than_the_limit() {
    // P-4.
    let mut splitter = FrameSplitter::new(1000);
    for _ in 0..100 {
        assert_eq!(splitter.push(&[b'\n'; 700]).count(), 0);
        assert!(splitter.partial.capacity() <= 2000, "{}", splitter.partial.capacity());
    }
}

#[test]
fn a_long_message_in_small_reads_is_not_copied_with_each_of_them() {
    // P-2: its buffer grows by doubling, whatever the reads are.
    let stream = [&[b'm'; 200_000][..], END].concat();
    let mut splitter = FrameSplitter::new(1 << 20);
    let (mut copies, mut capacity, mut count) = (0, 0, 0);
    for piece in stream.chunks(1) {
        count += splitter.push(piece).count();
        copies += usize::from(capacity != splitter.partial.capacity());
        capacity = splitter.partial.capacity();
    }
    assert_eq!((count, capacity), (1, 0), "the message has come");
    assert!(copies < 32, "the buffer was made anew {copies} times");
}

#[test]
fn a_splitter_between_messages_holds_no_buffer() {
    let mut splitter = FrameSplitter::new(1 << 20);
    let stream = [&[b'm'; 100_000][..], END].concat();
    let (head, tail) = stream.split_at(50_000);
    assert_eq!(splitter.push(head).count() + splitter.push(tail).count(), 1);
    splitter.release();
    assert_eq!((splitter.partial.capacity(), splitter.joined.capacity()), (0, 0));
}

#[test]
fn the_first_of_some_messages_is_measured_with_its_end() {
    // P-12: so that each can be a write of its own.
    assert_eq!(first_frame_bytes(b"OK: Conn accepted\n\nxa b\n\nx"), Some(20));
    assert_eq!(first_frame_bytes(b"a b\n\n\nx"), Some(7));
    assert_eq!(first_frame_bytes(b""), None);
    assert_eq!(first_frame_bytes(b"a\n\n"), None);
}

/// Bytes that make the most of the ways to end a message.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        3 => select(vec![&b"\n"[..], b"x", b"\n\n", b"\n\nx", b"a", b"bcd", b"\xC3\xA9"])
            .prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 0..3),
    ];
    vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Says what a stream holds, in the simplest way: text between ends.
fn reference(stream: &[u8]) -> Vec<Vec<u8>> {
    let (mut frames, mut rest) = (Vec::new(), stream);
    while let Some(end) = rest.windows(END.len()).position(|window| window == END) {
        frames.push(rest[..end].to_vec());
        rest = &rest[end + END.len()..];
    }
    frames.retain(|frame| !frame.is_empty());
    frames
}

proptest! {
    /// P-1, P-2 and P-3, with three and more pieces.
    #[test]
    fn any_cuts_of_any_bytes_give_the_same_messages(
        stream in stream(),
        places in vec(any::<prop::sample::Index>(), 0..6),
    ) {
        prop_assert_eq!(split(1 << 10, cut(&stream, &places)), reference(&stream));
    }

    /// P-4: `split` holds us to the memory; what was cut but not too long comes whole, and nothing
    /// comes that is too long.
    #[test]
    fn messages_within_the_limit_come_whatever_surrounds_them(
        messages in vec("[a-z\n]{1,12}", 0..6),
        places in vec(any::<prop::sample::Index>(), 0..6),
        limit in 1_usize..16,
    ) {
        let is_one = |message: &&String| !message.contains("\n\nx");
        let messages: Vec<&String> = messages.iter().filter(is_one).collect();
        let stream: Vec<u8> =
            messages.iter().flat_map(|it| [it.as_bytes(), END].concat()).collect();
        let frames = split(limit, cut(&stream, &places));
        prop_assert!(frames.iter().all(|frame| frame.len() <= limit));
        let whole = messages.iter().map(|it| it.as_bytes()).filter(|it| it.len() <= limit);
        let mut found = frames.iter();
        for message in whole {
            prop_assert!(found.any(|frame| frame == message), "{message:?} did not come");
        }
    }
}
