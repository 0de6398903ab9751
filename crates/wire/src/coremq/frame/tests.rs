use proptest::{collection::vec, prelude::*};

use super::*;
use crate::tests::cut;

/// Writes a frame as C-1 and C-2 say.
fn framed(text: &str) -> Vec<u8> {
    format!("+{} {text}", text.chars().count()).into_bytes()
}

/// Pushes `pieces` one after the other and collects the frames and the first error.
fn split<'a>(
    splitter: &mut FrameSplitter,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Vec<u8>>, Option<FrameError>) {
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

/// Expects of `stream`, cut in two at every byte and in single bytes, the same.
#[track_caller]
fn check(limit: usize, stream: &[u8], frames: &[&str], error: Option<FrameError>) {
    let frames: Vec<Vec<u8>> = frames.iter().map(|frame| frame.as_bytes().to_vec()).collect();
    let expected = (frames, error);
    for place in 0..=stream.len() {
        let (head, tail) = stream.split_at(place);
        let found = split(&mut FrameSplitter::new(limit), [head, tail]);
        assert_eq!(found, expected, "{:?} cut at {place}", String::from_utf8_lossy(stream));
    }
    let single = split(&mut FrameSplitter::new(limit), stream.chunks(1));
    assert_eq!(single, expected, "{:?} in single bytes", String::from_utf8_lossy(stream));
}

#[test]
fn a_stream_cut_at_any_byte_gives_the_same_frames() {
    // C-1, C-3 and C-4. C-2: lengths count characters, of one to four bytes.
    let texts = [
        r#"news {"text":"hello"}"#,
        r#"größe {"text":"ü"}"#,
        r#"値 {"€":"値段"}"#,
        r#"🦀 {"🦀":"🦀🦀"}"#,
        "",
        "x",
        r#"a +5 {"+3 {}":1}"#,
    ];
    let mut stream: Vec<u8> = texts.iter().flat_map(|text| framed(text)).collect();
    stream.extend_from_slice(b"+30 an end that has not come");
    check(64, &stream, &texts, None);
}

#[test]
fn a_length_counts_characters_and_not_bytes() {
    // C-2: the same frame with its length in bytes runs into the next one.
    check(64, "+8 ü {\"é\":1}".as_bytes(), &["ü {\"é\":1"], Some(FrameError::Header));
    check(64, "+9 ü {\"é\":1}".as_bytes(), &["ü {\"é\":1}"], None);
    check(64, "+11 ü {\"é\":1}+9".as_bytes(), &["ü {\"é\":1}+9"], None);
}

#[test]
fn a_frame_may_have_as_many_characters_as_the_limit_and_not_one_more() {
    // C-8: refused when its header is read, whether or not any of it has come.
    for character in ["x", "é", "€", "🦀"] {
        for limit in [1, 2, 16, 17] {
            for length in [limit - 1, limit, limit + 1] {
                let text = character.repeat(length);
                let stream = framed(&text);
                if limit < length {
                    check(limit, &stream, &[], Some(FrameError::TooLong { limit }));
                } else {
                    check(limit, &stream, &[&text], None);
                }
            }
        }
    }
}

#[test]
fn what_is_no_header_ends_the_stream_behind_the_good_frames_before_it() {
    // C-8.
    for wrong in [
        "x",
        " +1 a",
        "\n",
        "\0",
        "++1 a",
        "-1 a",
        "+ a",
        "+a",
        "+1a",
        "+1\ta",
        "+1\0a",
        "+-1 a",
        "+1.0 a",
        "+0x1 a",
        "+１ a",
        "é1 a",
        "+12345678901 a",
        "+00000000001 a",
        "GET / HTTP/1.1\r\n",
        "{\"hb\":{}}\0",
    ] {
        let stream = [b"+1 a+2 bc".to_vec(), wrong.into()].concat();
        check(64, &stream, &["a", "bc"], Some(FrameError::Header));
    }
}

#[test]
fn odd_but_lawful_headers_are_read() {
    // C-1: zeros in front are digits too, up to ten of them; a frame of nothing is one.
    check(64, b"+0 +00 +0000000001 a+0 ", &["", "", "a", ""], None);
}

#[test]
fn a_header_that_is_cut_waits() {
    // C-3.
    for header in ["", "+", "+1", "+123456789", "+1234567890"] {
        check(1 << 40, &[b"+1 a", header.as_bytes()].concat(), &["a"], None);
    }
}

#[test]
fn nothing_comes_after_an_error() {
    // C-8.
    let mut splitter = FrameSplitter::new(8);
    let mut frames = splitter.push(b"+1 a+9 too long!+1 b");
    assert_eq!(frames.next(), Some(Ok(&b"a"[..])));
    assert_eq!(frames.next(), Some(Err(FrameError::TooLong { limit: 8 })));
    assert_eq!(frames.next(), None);
}

#[test]
fn what_is_not_utf_8_is_a_character_a_byte() {
    // C-2 and C-9: such a frame is refused as a whole, and the next one is found if its length was
    // counted like this.
    for (bytes, chars) in [
        (&b"\xFF\xFE\x80"[..], 3),
        (b"\xC0\xAF", 2),
        (b"\xF5\x80\x80\x80", 4),
        (b"\xE2\x82", 1),
        (b"a\xFFb", 3),
    ] {
        let header = format!("+{chars} ").into_bytes();
        let stream = [&header, bytes, &[b' '; 2], b"+1 a"].concat();
        let expected = split(&mut FrameSplitter::new(64), [&stream[..]]);
        for place in 0..=stream.len() {
            let (head, tail) = stream.split_at(place);
            assert_eq!(split(&mut FrameSplitter::new(64), [head, tail]), expected, "{bytes:?}");
        }
    }
    let found = split(&mut FrameSplitter::new(64), [&b"+3 \xFF\xFE\x80+1 a"[..]]);
    assert_eq!(found, (vec![b"\xFF\xFE\x80".to_vec(), b"a".to_vec()], None));
}

#[test]
fn a_length_that_is_only_announced_takes_no_memory() {
    // C-8: what is below the limit is believed, and nothing is made ready for it.
    let mut splitter = FrameSplitter::new(200_000_000);
    assert_eq!(split(&mut splitter, [&b"+100000000 news {"[..]]), (vec![], None));
    assert!(splitter.partial.capacity() < 64, "{}", splitter.partial.capacity());
    split(&mut splitter, [&[b'x'; 1000][..]]);
    assert!(splitter.partial.capacity() < 3000, "{}", splitter.partial.capacity());
}

#[test]
fn a_long_frame_in_small_reads_is_not_copied_with_each_of_them() {
    // C-3: its buffer grows by doubling, whatever the reads are.
    let text = "x".repeat(200_000);
    let mut splitter = FrameSplitter::new(1 << 20);
    let (mut copies, mut capacity) = (0, 0);
    for piece in framed(&text).chunks(1) {
        for frame in splitter.push(piece) {
            assert_eq!(frame, Ok(text.as_bytes()));
        }
        copies += usize::from(capacity != splitter.partial.capacity());
        capacity = splitter.partial.capacity();
    }
    assert_eq!(capacity, 0, "the frame has come");
    assert!(copies < 32, "the buffer was made anew {copies} times");
}

#[test]
fn a_splitter_between_frames_holds_no_buffer() {
    let mut splitter = FrameSplitter::new(1 << 20);
    let stream = framed(&"x".repeat(100_000));
    let (head, tail) = stream.split_at(50_000);
    assert_eq!(split(&mut splitter, [head, tail]).0.len(), 1);
    splitter.release();
    assert_eq!((splitter.partial.capacity(), splitter.joined.capacity()), (0, 0));
}

#[test]
fn the_first_of_some_frames_is_measured_with_its_header() {
    // C-5: so that each can be a write of its own.
    let stream = [framed("größe {}"), framed("b {}")].concat();
    let first = first_frame_bytes(&stream).unwrap();
    assert_eq!(first_frame_bytes(&stream[first..]), Some(stream.len() - first));
    assert_eq!(first_frame_bytes(b""), None);
    assert_eq!(first_frame_bytes(b"{}"), None);
}

/// Any text, and such as makes the most of the ways to count.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{1,8} \\{\"[a-zé€🦀]{0,6}\":\"[+0-9 é€🦀]{0,12}\"\\}", any::<String>(),]
}

proptest! {
    /// C-2, C-3 and C-4, with three and more pieces.
    #[test]
    fn any_cuts_of_any_frames_give_the_same_frames(
        texts in vec(text(), 0..6),
        tail in "(\\+([0-9]{1,3}( .{0,3})?)?)?",
        places in vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut stream: Vec<u8> = texts.iter().flat_map(|text| framed(text)).collect();
        stream.extend_from_slice(tail.as_bytes());
        let whole = split(&mut FrameSplitter::new(1 << 20), [&stream[..]]);
        let expected: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
        prop_assert_eq!(&whole.0[..texts.len()], expected);
        let pieces = split(&mut FrameSplitter::new(1 << 20), cut(&stream, &places));
        prop_assert_eq!(pieces, whole);
    }

    /// C-8: whatever bytes come, all cuts of them lead to the same end.
    #[test]
    fn any_cuts_of_any_bytes_give_the_same(
        stream in vec(prop_oneof![
            2 => any::<u8>(),
            3 => prop::sample::select(&b"+++0123  ab\xC3\xA9\xE2\x82\xAC"[..]),
        ], 0..48),
        places in vec(any::<prop::sample::Index>(), 0..6),
        limit in 1_usize..24,
    ) {
        let whole = split(&mut FrameSplitter::new(limit), [&stream[..]]);
        let pieces = split(&mut FrameSplitter::new(limit), cut(&stream, &places));
        prop_assert_eq!(pieces, whole);
    }
}
