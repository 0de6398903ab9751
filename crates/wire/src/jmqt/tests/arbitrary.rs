//! Random JSON texts and packets, written in all the ways JSON leaves open.

use std::{borrow::Cow, fmt::Write as _};

use proptest::{collection::vec, prelude::*, sample::select};

use crate::jmqt::{ClientPacket, Publish};

/// A JSON text as its tokens, between which blanks make no difference.
type Tokens = Vec<String>;

const KEYS: [&str; 12] = ["cn", "dt", "q", "id", "rt", "pr", "at", "cl", "st", "x", "CN", ""];
const ROOTS: [&str; 12] = [
    "auth", "conn", "hb", "sub", "unsub", "pub", "pushAck", "disconn", "push", "pubAck", "PUB", "",
];
const FLAGS: [&str; 12] =
    ["0", "1", "\"0\"", "\"1\"", "true", "false", "null", "2", "01", "1.0", "\"\\u0031\"", "1e0"];
const BLANKS: [&str; 7] = ["", "", "", "", " ", "\n\t", "\r\n"];

/// A valid JSON text without blanks around it.
pub(in crate::jmqt) fn json_text() -> impl Strategy<Value = String> {
    spaced(json())
}

/// A publish as clients usually write it: without escapes and exponents.
pub(in crate::jmqt) fn plain_packet_text() -> impl Strategy<Value = String> {
    let data = json_of(plain_string(), "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,4})?");
    let parts = (plain_string(), plain_string(), data, select(&["0", "1"][..]));
    spaced(parts.prop_map(|(channel, id, data, flag)| {
        let member = |key: &str, value| (format!("\"{key}\""), value);
        let body = vec![
            member("cn", vec![channel]),
            member("dt", data),
            member("q", vec![flag.to_owned()]),
            member("id", vec![id]),
        ];
        object(vec![member("pub", object(body))])
    }))
}

/// A JSON text that looks much like a packet, and often is one.
pub(in crate::jmqt) fn packet_text() -> impl Strategy<Value = String> {
    let any_body = prop_oneof![4 => vec(member(), 0..5).prop_map(object), 1 => json()];
    let packet = prop_oneof![
        6 => (Just("pub"), likely_body(&["cn", "dt", "q", "rt", "id"])),
        3 => (Just("pushAck"), likely_body(&["id", "st"])),
        3 => (select(&ROOTS[..]), any_body),
    ];
    spaced(packet.prop_map(|(root, body)| object(vec![(format!("\"{root}\""), body)])))
}

/// A body with most of these keys, now and then with another or with one twice.
fn likely_body(keys: &[&'static str]) -> impl Strategy<Value = Tokens> {
    let members: Vec<_> = keys
        .iter()
        .map(|key| prop::option::weighted(0.8, (Just(format!("\"{key}\"")), likely_value(key))))
        .collect();
    let more = prop_oneof![4 => Just(vec![]).boxed(), 1 => vec(member(), 1..2).boxed()];
    (members, more)
        .prop_map(|(members, more)| members.into_iter().flatten().chain(more).collect::<Vec<_>>())
        .prop_shuffle()
        .prop_map(object)
}

/// Such a text with a few characters changed, so that it is seldom still JSON.
pub(in crate::jmqt) fn broken_text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        3 => select(&b"{}[]\":,\\-.0189eEtfnul \n\t"[..]).prop_map(char::from),
        1 => any::<char>(),
    ];
    let change = (any::<prop::sample::Index>(), 0_u8..3, character);
    let text = prop_oneof![packet_text(), plain_packet_text()];
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

/// What a [`ClientPacket`] is made of, since that only borrows.
#[derive(Debug, Clone)]
pub(in crate::jmqt) struct PacketParts {
    kind: u8,
    channel: String,
    other: String,
    data: String,
    id: Option<String>,
    bits: (bool, bool),
}

/// The parts of any packet a client can send.
pub(in crate::jmqt) fn packet_parts() -> impl Strategy<Value = PacketParts> {
    let bits = any::<(bool, bool)>();
    (0_u8..8, any::<String>(), any::<String>(), json_text(), any::<Option<String>>(), bits)
        .prop_map(|(kind, channel, other, data, id, bits)| PacketParts {
            kind,
            channel,
            other,
            data,
            id,
            bits,
        })
}

impl PacketParts {
    pub(in crate::jmqt) fn packet(&self) -> ClientPacket<'_> {
        let (channel, other) = (Cow::from(&self.channel), Cow::from(&self.other));
        match self.kind {
            0 => ClientPacket::Auth(&self.data),
            1 => ClientPacket::Conn { token: other, client: channel },
            2 => ClientPacket::Hb,
            3 => ClientPacket::Sub { channel, persistent: self.bits.0 },
            4 => ClientPacket::Unsub { channel },
            5 => ClientPacket::Pub(Publish {
                channel,
                payload: &self.data,
                // Without an id there is no QoS 1.
                acknowledged: self.bits.0 && self.id.is_some(),
                retain: self.bits.1,
                id: self.id.as_deref().map(Cow::from),
            }),
            6 => ClientPacket::PushAck { id: other, accepted: self.bits.0 },
            _ => ClientPacket::Disconn,
        }
    }
}

fn member() -> impl Strategy<Value = (String, Tokens)> {
    let likely = select(&KEYS[..]).prop_flat_map(|key| (Just(key), likely_value(key)));
    let unlikely = (select(&KEYS[..]), prop_oneof![json(), flag()]);
    // Usually as it is, now and then with an escaped letter.
    (prop_oneof![4 => likely, 1 => unlikely], 0_u8..12).prop_map(|((key, value), chance)| {
        let key = if (key, chance) == ("cn", 0) { "c\\u006e" } else { key };
        (format!("\"{key}\""), value)
    })
}

fn likely_value(key: &str) -> BoxedStrategy<Tokens> {
    match key {
        "q" | "rt" | "pr" | "st" => flag().boxed(),
        "dt" => json().boxed(),
        _ => plain_string().prop_map(|text| vec![text]).boxed(),
    }
}

fn flag() -> impl Strategy<Value = Tokens> {
    let flag = prop_oneof![2 => select(&["0", "1"][..]), 1 => select(&FLAGS[..])];
    flag.prop_map(|flag| vec![flag.to_owned()])
}

fn json() -> impl Strategy<Value = Tokens> {
    json_of(string(), "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,4})?([eE][+-]?[0-9]{1,3})?")
}

/// A JSON value of literals and of these strings and numbers.
fn json_of(
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
pub(in crate::jmqt) fn plain_string() -> impl Strategy<Value = String> + Clone {
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

fn object(members: Vec<(String, Tokens)>) -> Tokens {
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
fn spaced(tokens: impl Strategy<Value = Tokens>) -> impl Strategy<Value = String> {
    (tokens, vec(select(&BLANKS[..]), 1..8)).prop_map(|(tokens, blanks)| {
        let mut text = String::new();
        for (token, blank) in tokens.iter().zip(blanks.iter().cycle()) {
            text.push_str(token);
            text.push_str(blank);
        }
        text.trim_ascii_end().to_owned()
    })
}
