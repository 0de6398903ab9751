//! Random packets, written in all the ways JSON leaves open.

use std::borrow::Cow;

use proptest::{collection::vec, prelude::*, sample::select};

use crate::{
    jmqt::{ClientPacket, Publish},
    tests::json::{Tokens, broken, json, json_of, json_text, object, plain_string, spaced},
};

const KEYS: [&str; 12] = ["cn", "dt", "q", "id", "rt", "pr", "at", "cl", "st", "x", "CN", ""];
const ROOTS: [&str; 12] = [
    "auth", "conn", "hb", "sub", "unsub", "pub", "pushAck", "disconn", "push", "pubAck", "PUB", "",
];
const FLAGS: [&str; 12] =
    ["0", "1", "\"0\"", "\"1\"", "true", "false", "null", "2", "01", "1.0", "\"\\u0031\"", "1e0"];

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
    broken(prop_oneof![packet_text(), plain_packet_text()])
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
