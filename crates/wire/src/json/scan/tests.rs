use super::{DEPTH_MAX, STRIDE, Scanner, WORD, plain_bytes};

#[test]
fn the_first_special_byte_is_found_wherever_it_stands() {
    let length = 2 * STRIDE + WORD + 3;
    for byte in 0..=u8::MAX {
        for at in 0..length {
            let mut bytes = vec![b'~'; length];
            bytes[at] = byte;
            bytes[length - 1] = b'"';
            let is_special = matches!(byte, b'"' | b'\\' | 0..0x20);
            let first = if is_special { at } else { length - 1 };
            assert_eq!(plain_bytes(&bytes), first, "{byte:#x} at {at}");
        }
    }
}

#[test]
fn bytes_above_and_behind_a_special_one_do_not_hide_it() {
    for behind in 0..=u8::MAX {
        for special in [b'"', b'\\', 0, 0x1f] {
            let bytes = [0x80, 0xff, b' ', b'!', b'#', special, behind, behind, behind];
            assert_eq!(plain_bytes(&bytes), 5, "{special:#x}, then {behind:#x}");
        }
    }
}

#[test]
fn text_without_special_bytes_is_plain_to_its_end() {
    for length in 0..3 * STRIDE {
        assert_eq!(plain_bytes(&vec![0xc3; length]), length);
    }
}

#[test]
fn what_is_nested_deeper_than_a_word_has_bits_is_left_to_the_general_parser() {
    let nested = |depth: usize, end: &str| {
        format!("{{\"a\":{}1{}{end}", "[".repeat(depth - 1), "]".repeat(depth - 1))
    };
    let read = |text: &str| Scanner::new(text, usize::MAX).value().map(str::len);
    let deepest = nested(DEPTH_MAX, "}");
    assert_eq!(read(&deepest), Some(deepest.len()));
    assert_eq!(read(&nested(DEPTH_MAX, "]")), None, "it ends as it began");
    for end in ["}", "]"] {
        assert_eq!(read(&nested(DEPTH_MAX + 1, end)), None, "{end}");
    }
}
