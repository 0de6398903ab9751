//! The filter of a tail: no text and no payload makes it panic, and `and` is what it says.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/server/src/tail/filter/find.rs"]
mod find;
#[path = "../../crates/server/src/tail/filter/number.rs"]
mod number;
#[path = "../../crates/server/src/tail/filter/parse.rs"]
mod parse;
#[path = "../../crates/server/src/tail/filter/term.rs"]
mod term;

/// Filters and payloads to begin with, a line feed between the two.
const SEEDS: [&str; 6] = [
    "/temperature > 30.5 and /unit = \"C\"\n{\"temperature\":31,\"unit\":\"C\"}",
    "/lines/0/sku prefix \"tmp\"\n{\"lines\":[{\"sku\":\"tmp-1\"}]}",
    "\"/a~1b \\u00e4\" exists\n{\"a/b ä\":null}",
    "/n >= 9007199254740993\n{\"n\":9.007199254740993e15}",
    "/a contains 1 and /b != true\n{\"a\":[1.0,2],\"b\":false}",
    "\"\" lt -0.0e-5\n-1e400",
];

fuzz_target!(
    init: rialto_fuzz::seed_with("tail_filter", &SEEDS),
    |data: &[u8]| {
        let end = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
        let (text, payload) = (&data[..end], data.get(end + 1..).unwrap_or_default());
        let Ok(text) = std::str::from_utf8(text) else { return };
        let Ok(terms) = parse::filter(text) else { return };
        let accepts = terms.iter().all(|term| term.accepts(payload));
        // The same twice is the same, if there is room for it.
        if let Ok(twice) = parse::filter(&format!("{text} and {text}")) {
            assert_eq!(twice.len(), 2 * terms.len());
            assert_eq!(twice.iter().all(|term| term.accepts(payload)), accepts);
        }
    }
);
