//! Decimal numbers in commands and in values.

use std::str::FromStr;

/// Reads a decimal number that fills `text`.
pub(crate) fn parsed<T: FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Reads the number that a value begins with, as C's `strtoull` does: blanks before it do not count, and behind it only
/// a blank may follow, and then anything.
pub(crate) fn leading_number(value: &[u8]) -> Option<u64> {
    let text = value.trim_ascii_start();
    let digits = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
    parsed(&text[..digits])
}

/// Writes `number` at least `width` bytes wide.
///
/// memcached changes a number in place where it fits, so that a shorter one is filled up with blanks: 10 less 1 is `"9 "`.
pub(crate) fn written(number: u64, width: usize) -> Vec<u8> {
    let mut text = number.to_string().into_bytes();
    text.resize(text.len().max(width), b' ');
    text
}
