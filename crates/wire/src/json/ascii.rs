//! JSON in pure ASCII, for readers that count characters where others count bytes.

use std::io::Write as _;

/// Appends a JSON text with every character beyond ASCII as `\u` escapes, in the manner of Python.
///
/// Such characters stand only inside strings, where an escape means the same.
pub(crate) fn put_ascii(json: &str, out: &mut Vec<u8>) {
    if json.is_ascii() {
        out.extend_from_slice(json.as_bytes());
        return;
    }
    for character in json.chars() {
        if character.is_ascii() {
            out.push(character as u8);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            write!(out, "\\u{unit:04x}").expect("writing to memory cannot fail");
        }
    }
}
