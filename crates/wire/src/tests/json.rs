//! Random JSON texts, written in all the ways JSON leaves open.

use std::fmt::Write as _;

use proptest::{collection::vec, prelude::*, sample::select};

/// A JSON text as its tokens, between which blanks make no difference.
pub(crate) type Tokens = Vec<String>;

const BLANKS: [&str; 7] = ["", "", "", "", " ", "\n\t", "\r\n"];

/// A valid JSON text without blanks around it.
pub(crate) fn json_text() -> impl Strategy<Value = String> {
    spaced(json())
}

/// A text with a few characters changed, so that it is seldom still JSON.
pub(crate) fn broken(text: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let character = prop_oneof![
        3 => select(&b"{}[]\":,\\-.0189eEtfnul \n\t"[..]).prop_map(char::from),
        1 => any::<char>(),
    ];
    let change = (any::<prop::sample::Index>(), 0_u8..3, character);
    (text, vec(change, 1..4)).prop_map(|(text, changes)| {
        let mut characters: Vec<char> = text.chars().collect();
        for (place, kind, character) in changes {
            if characters.is_empty() {
                break;
            }
            let insert_at = place.index(characters.len() + 1);
            let place = place.index(characters.len());
            match kind {
                0 => characters[place] = character,
                1 => characters.insert(insert_at, character),
                _ => _ = characters.remove(place),
            }
        }
        characters.into_iter().collect()
    })
}

/// A JSON value as its tokens.
pub(crate) fn json() -> impl Strategy<Value = Tokens> {
    json_of(string(), "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,4})?([eE][+-]?[0-9]{1,3})?")
}

/// A JSON value whose numbers a `f64` can hold, which `serde_json::Value` needs.
pub(crate) fn moderate_json() -> impl Strategy<Value = Tokens> {
    json_of(string(), "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,4})?([eE][+-]?[0-9]{1,2})?")
}

/// A JSON value of literals and of these strings and numbers.
pub(crate) fn json_of(
    string: impl Strategy<Value = String> + Clone + 'static,
    number: &'static str,
) -> impl Strategy<Value = Tokens> {
    let literal = select(&["true", "false", "null"][..]).prop_map(str::to_owned);
    let scalar = prop_oneof![literal, number, string.clone()].prop_map(|token| vec![token]);
    scalar.prop_recursive(5, 24, 4, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|items| array(&items)),
            vec((string.clone(), inner), 0..4).prop_map(object),
        ]
    })
}

/// A string token without escapes.
pub(crate) fn plain_string() -> impl Strategy<Value = String> + Clone {
    "[^\\p{Cc}\"\\\\]{0,40}".prop_map(|text| format!("\"{text}\""))
}

/// A string token, each of its characters written in one of the ways it can be.
fn string() -> impl Strategy<Value = String> + Clone {
    vec((any::<char>(), 0_u8..8), 0..12).prop_map(|characters| {
        let mut token = "\"".to_owned();
        for (character, style) in characters {
            let must_escape = character < ' ' || matches!(character, '"' | '\\');
            if style == 0 || must_escape {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(token, "\\u{unit:04x}").expect("writing to memory cannot fail");
                }
            } else {
                token.push(character);
            }
        }
        token + "\""
    })
}

fn array(items: &[Tokens]) -> Tokens {
    enclosed("[", items, "]")
}

/// An object of members whose keys are string tokens.
pub(crate) fn object(members: Vec<(String, Tokens)>) -> Tokens {
    let members = members.into_iter();
    let members: Vec<Tokens> =
        members.map(|(key, value)| [vec![key, ":".to_owned()], value].concat()).collect();
    enclosed("{", &members, "}")
}

fn enclosed(open: &str, items: &[Tokens], close: &str) -> Tokens {
    let inner = items.join(&",".to_owned());
    [vec![open.to_owned()], inner, vec![close.to_owned()]].concat()
}

/// Joins tokens with random blanks between them.
pub(crate) fn spaced(tokens: impl Strategy<Value = Tokens>) -> impl Strategy<Value = String> {
    (tokens, vec(select(&BLANKS[..]), 1..8)).prop_map(|(tokens, blanks)| {
        let mut text = String::new();
        for (token, blank) in tokens.iter().zip(blanks.iter().cycle()) {
            text.push_str(token);
            text.push_str(blank);
        }
        text.trim_ascii_end().to_owned()
    })
}
