use super::{STRIDE, WORD, plain_bytes};

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
