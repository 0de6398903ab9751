//! The codec: vectors first, then what holds for all objects, payloads and frames between servers.

mod client;
mod decode;
mod link;
mod one_frame;
mod payload;
mod vectors;

use proptest::{collection::vec, prelude::*, sample::select};

use crate::tests::json::{Tokens, json_of, moderate_json, object, plain_string, spaced};

const DEPTH_MAX: usize = 64;

const NAMES: [&str; 16] = [
    "coremq_subscribe",
    "coremq_unsubscribe",
    "coremq_options",
    "coremq_gethistory",
    "coremq_replicant",
    "coremq_link",
    "coremq_status",
    "coremq_more",
    "coremq_string",
    "coremq_sender",
    "coremq_sent",
    "coremq_server",
    "coremq_fwdto",
    "coremq_",
    "queue",
    "text",
];

const VALUES: [&str; 7] =
    ["\"a\"", "\"\"", "null", "{\"echo\":true}", "\"messages\"", "7", "[\"a\",\"b\"]"];

/// Any JSON value.
fn json_text() -> impl Strategy<Value = String> {
    spaced(moderate_json())
}

/// A JSON object, often with members that CoreMQ knows, however their names are written.
fn object_text() -> impl Strategy<Value = String> {
    spaced(vec(member(), 0..5).prop_map(object))
}

/// A JSON object as clients usually write it: without escapes and exponents.
fn plain_object_text() -> impl Strategy<Value = String> {
    let value = json_of(plain_string(), "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,4})?");
    spaced(vec((plain_string(), value), 0..5).prop_map(object))
}

fn member() -> impl Strategy<Value = (String, Tokens)> {
    let known = (select(&NAMES[..]), any::<u32>()).prop_map(|(name, mask)| written(name, mask));
    (
        prop_oneof![2 => known, 1 => plain_string()],
        prop_oneof![2 => moderate_json(), 1 => likely_value()],
    )
}

/// Writes a name with those of its letters as escapes whose bits are set; often with none.
fn written(name: &str, mask: u32) -> String {
    let mask = if mask.is_multiple_of(3) { mask } else { 0 };
    let letters = name.chars().enumerate().map(|(index, letter)| {
        let is_escaped = mask >> (index % 32) & 1 == 1;
        if is_escaped { format!("\\u{:04x}", u32::from(letter)) } else { letter.to_string() }
    });
    format!("\"{}\"", letters.collect::<String>())
}

fn likely_value() -> impl Strategy<Value = Tokens> {
    select(&VALUES[..]).prop_map(|value| vec![value.to_owned()])
}
