//! What the tests of all dialects share: the vectors of `spec/vectors`, streams cut into pieces, and
//! random JSON.

pub(crate) mod json;

use std::{fs, path::Path};

use proptest::prelude::*;
use serde_json::Value;

/// Returns the frame of a vector, whichever way it is written.
pub(crate) fn malformed_frame(vector: &Value) -> Vec<u8> {
    if let Some(hex) = vector["frame_hex"].as_str() {
        let digits: Vec<char> = hex.chars().collect();
        let pairs = digits.chunks(2).map(|pair| pair.iter().collect::<String>());
        return pairs.map(|pair| u8::from_str_radix(&pair, 16).unwrap()).collect();
    }
    let Some(repeat) = vector["frame_repeat"].as_object() else {
        return text(vector, "frame").into();
    };
    let part = |key: &str| repeat.get(key).and_then(Value::as_str).unwrap_or("");
    let count = repeat["count"].as_u64().unwrap() as usize;
    [
        part("prefix").to_owned(),
        part("unit").repeat(count),
        part("middle").to_owned(),
        part("closer").repeat(count),
        part("suffix").to_owned(),
    ]
    .concat()
    .into()
}

/// Reads the vectors of a file.
pub(crate) fn vectors(file: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors");
    let lines = fs::read_to_string(folder.join(file)).unwrap();
    lines.lines().map(parsed).collect()
}

/// Returns a text that a vector must have.
pub(crate) fn text<'a>(vector: &'a Value, key: &str) -> &'a str {
    vector[key].as_str().unwrap_or_else(|| panic!("{vector} has no text {key}"))
}

pub(crate) fn parsed(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

/// Cuts `stream` at the places, of which there may be any number.
pub(crate) fn cut<'a>(stream: &'a [u8], places: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = places.iter().map(|place| place.index(stream.len() + 1)).collect();
    places.sort_unstable();
    let mut pieces = Vec::new();
    let mut start = 0;
    for place in places.into_iter().chain([stream.len()]) {
        pieces.push(&stream[start..place]);
        start = place;
    }
    pieces
}
