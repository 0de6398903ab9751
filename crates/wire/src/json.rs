//! What the dialects need of JSON beside serde_json: a quick scanner, nesting, pure ASCII.

mod ascii;
mod compact;
mod scan;
mod string;

use std::borrow::Cow;

use serde::Deserialize;

pub(crate) use ascii::put_ascii;
pub(crate) use compact::compact;
pub(crate) use scan::Scanner;
pub(crate) use string::put_string;

/// A string that borrows where it can, such as a map's key.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// Returns the deepest nesting of brackets outside strings.
#[must_use]
pub fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    deepest
}

fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => _ = bytes.next(),
            _ => {}
        }
    }
}
