//! The form of `server.conf` and `client.conf`: lines `NAME = value` as in Python.

use crate::error::ConfigError;
use crate::file::File;

use super::entry::Entry;

/// Reads all lines. A name that comes twice is there twice.
///
/// # Errors
/// For a line that is not `NAME = value`, or a value that is neither a text in quotes nor a number.
/// The message does not quote it, which may be a password.
pub(super) fn read(file: &File) -> Result<Vec<Entry>, ConfigError> {
    let lines = file.lines().map(|(start, line)| {
        let indent = line.len() - line.trim_start().len();
        (start + indent, line.trim())
    });
    lines
        .filter(|(_, text)| !text.is_empty() && !text.starts_with('#'))
        .map(|(at, text)| entry(file, at, text))
        .collect()
}

/// Returns the name in a line `NAME = value`.
pub(super) fn name(line: &str) -> Option<&str> {
    let name = line.split_once('=')?.0.trim();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_name = name.starts_with(|first: char| !first.is_ascii_digit());
    (is_name && name.bytes().all(is_plain)).then_some(name)
}

fn entry(file: &File, at: usize, text: &str) -> Result<Entry, ConfigError> {
    let Some(name) = name(text) else {
        return Err(ConfigError {
            origin: file.origin(at),
            key: String::new(),
            problem: "this line is not NAME = value".to_owned(),
            hint: String::new(),
        });
    };
    let written = text.split_once('=').map_or("", |(_, value)| value).trim_start();
    let value_at = if written.is_empty() { at } else { at + text.len() - written.len() };
    match literal(written) {
        Some(value) => Ok(Entry { name: name.to_owned(), value, at, value_at }),
        None => Err(ConfigError {
            origin: file.origin(value_at),
            key: name.to_owned(),
            problem: format!("the value of `{name}` cannot be read"),
            hint: "expected a 'text', a \"text\" or a number".to_owned(),
        }),
    }
}

/// Reads a value and the comment that may follow it.
fn literal(written: &str) -> Option<String> {
    match written.chars().next()? {
        quote @ ('\'' | '"') => {
            let (text, rest) = quoted(&written[1..], quote)?;
            let rest = rest.trim_start();
            (rest.is_empty() || rest.starts_with('#')).then_some(text)
        }
        _ => bare(written.split('#').next()?.trim()),
    }
}

/// Reads up to the closing quote, and returns what is behind it as well.
fn quoted(written: &str, quote: char) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut chars = written.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            char if char == quote => return Some((text, &written[at + 1..])),
            '\\' => match chars.next()?.1 {
                escaped @ ('\\' | '\'' | '"') => text.push(escaped),
                // Others stand for characters that no path and no name has.
                _ => return None,
            },
            char => text.push(char),
        }
    }
    None
}

fn bare(word: &str) -> Option<String> {
    match word {
        "True" => Some("1".to_owned()),
        "False" => Some("0".to_owned()),
        "None" => Some(String::new()),
        // Rust takes inf and nan for numbers too, Python does not.
        _ => {
            let is_number = word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-'))
                && word.parse::<f64>().is_ok();
            is_number.then(|| word.to_owned())
        }
    }
}
