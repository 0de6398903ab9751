//! Text of others, made fit to be shown to people: on one line, and with nothing in it that a terminal
//! obeys or that changes how the rest is read.
//!
//! What a broker sends (payloads, names, reasons) was written by anybody. A program that prints it
//! passes it through here.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Characters that are not seen and change how others are read: direction, joining, tags. Two that
/// whole scripts are written with, the zero width joiner and non-joiner, are left out.
const FORMAT: [(char, char); 21] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{180e}', '\u{180e}'),
    ('\u{200b}', '\u{200b}'),
    ('\u{200e}', '\u{200f}'),
    // With the separators of lines and paragraphs.
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{fff9}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0001}', '\u{e0001}'),
    ('\u{e0020}', '\u{e007f}'),
];

/// Says whether a character may be shown as it is.
#[must_use]
pub fn is_shown(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    !c.is_control() && !FORMAT.iter().any(|&(first, last)| first <= c && c <= last)
}

/// Returns a text with what may not be shown replaced by its escape, such as `\n` or `\u{1b}`.
#[must_use]
pub fn one_line(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_shown) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_shown(c) { line.push(c) } else { line.extend(c.escape_default()) }
    }
    Cow::Owned(line)
}

/// Returns a text as one word: as it is, or as in Rust, in quotes, where it is empty, has blanks,
/// quotes or backslashes, or anything that is not seen.
#[must_use]
pub fn one_word(text: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    if !text.is_empty() && text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let quoted = format!("{text:?}");
    let is_word = !text.is_empty() && !text.contains(char::is_whitespace);
    let is_same = quoted.get(1..quoted.len() - 1) == Some(text) && text.chars().all(is_shown);
    if is_word && is_same { Cow::Borrowed(text) } else { Cow::Owned(quoted) }
}

/// Returns a JSON text on one line, with what may not be shown as JSON escapes it; it has the same
/// value.
#[must_use]
pub fn json_line(json: &str) -> Cow<'_, str> {
    if json.chars().all(is_shown) {
        return Cow::Borrowed(json);
    }
    let mut line = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        match c {
            // JSON has them between its parts only.
            '\n' | '\r' | '\t' => line.push(' '),
            c if is_shown(c) => line.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(line, "\\u{unit:04x}").expect("memory takes it");
                }
            }
        }
    }
    Cow::Owned(line)
}

#[cfg(test)]
mod tests;
