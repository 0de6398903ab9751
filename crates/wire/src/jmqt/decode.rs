//! Frame to packet: lenient in what flags and numbers look like, strict in everything else.
//!
//! [`decode`] tries the quick scanner first; whatever is unusual goes through serde_json, which
//! alone decides what is valid.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    packet::{AckKind, ClientPacket, Publish},
    scan,
};
use crate::json::{Text, depth};

/// Levels of nesting around `dt`: the root object and the packet's body.
const ENVELOPE_DEPTH: usize = 2;

/// What a frame may be.
#[derive(Debug, Clone, Copy)]
pub struct DecodeLimits {
    /// Deepest nesting of objects and arrays in `dt`.
    pub json_depth_max: usize,
}

/// Why a frame is no packet, and how that can be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Malformed<'a> {
    /// Not UTF-8, not JSON, not one known root: there is no acknowledgement to put an error into.
    Unreadable,
    /// Nested deeper than allowed.
    TooDeep,
    /// A known packet with a wrong body, to be answered with status 10.
    Invalid {
        /// The acknowledgement that carries the status.
        ack: AckKind,
        /// The packet id to answer with, where there is a usable one.
        id: Option<Cow<'a, str>>,
        /// The channel to answer with, where there is a usable one.
        channel: Option<Cow<'a, str>>,
    },
}

/// Decodes one frame.
///
/// # Errors
/// [`Malformed`] says what can be answered; the connection need not be closed.
///
/// # Cost
/// One pass for an ordinary `pub` or `pushAck`, nothing copied; see `docs/benchmarks.md`.
pub fn decode(frame: &[u8], limits: DecodeLimits) -> Result<ClientPacket<'_>, Malformed<'_>> {
    let text = simdutf8::basic::from_utf8(frame).map_err(|_| Malformed::Unreadable)?;
    if let Some(packet) = scan::packet(text, limits.json_depth_max) {
        return Ok(packet);
    }
    general(text, limits.json_depth_max)
}

/// Decodes whatever is valid, the ordinary included.
pub(super) fn general(
    text: &str,
    json_depth_max: usize,
) -> Result<ClientPacket<'_>, Malformed<'_>> {
    if json_depth_max + ENVELOPE_DEPTH < depth(text.as_bytes()) {
        return Err(Malformed::TooDeep);
    }
    let root: Root<'_> = serde_json::from_str(text).map_err(|_| Malformed::Unreadable)?;
    root.into_packet()
}

/// The one member of a packet's root object.
struct Root<'a> {
    kind: Cow<'a, str>,
    body: &'a RawValue,
}

impl<'de> Deserialize<'de> for Root<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RootVisitor)
    }
}

struct RootVisitor;

impl<'de> Visitor<'de> for RootVisitor {
    type Value = Root<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object with one member")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Root<'de>, A::Error> {
        let wrong = || serde::de::Error::custom("a packet has exactly one root");
        let (Text(kind), body) = map.next_entry::<Text<'de>, &RawValue>()?.ok_or_else(wrong)?;
        if map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            return Err(wrong());
        }
        Ok(Root { kind, body })
    }
}

/// The members of a body that its packet type defines, each still raw, so that one wrong value
/// does not hide the others.
struct Body<'a> {
    keys: &'static [&'static str],
    values: [Option<&'a RawValue>; KEY_COUNT_MAX],
}

/// Most keys a packet type defines.
const KEY_COUNT_MAX: usize = 5;

/// Reads a body of the type that defines these keys.
struct BodyVisitor(&'static [&'static str]);

impl<'de> Visitor<'de> for BodyVisitor {
    type Value = Body<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a packet's body")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Body<'de>, A::Error> {
        let mut body = Body { keys: self.0, values: [None; KEY_COUNT_MAX] };
        while let Some(Text(key)) = map.next_key::<Text<'de>>()? {
            let Some(place) = body.keys.iter().position(|known| *known == key) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if body.values[place].replace(map.next_value()?).is_some() {
                return Err(serde::de::Error::custom("a key stands twice"));
            }
        }
        Ok(body)
    }
}

impl<'a> Root<'a> {
    fn into_packet(self) -> Result<ClientPacket<'a>, Malformed<'a>> {
        let (ack, keys): (_, &[_]) = match &*self.kind {
            "hb" => return self.into_bare(ClientPacket::Hb),
            "disconn" => return self.into_bare(ClientPacket::Disconn),
            "pushAck" => return self.into_push_ack(),
            "auth" => (AckKind::Auth, &["dt"]),
            "conn" => (AckKind::Conn, &["at", "cl"]),
            "sub" => (AckKind::Sub, &["cn", "pr"]),
            "unsub" => (AckKind::Unsub, &["cn"]),
            "pub" => (AckKind::Pub, &["cn", "dt", "q", "id", "rt"]),
            _ => return Err(Malformed::Unreadable),
        };
        let body = self.into_body(keys)?;
        let (id, channel) = (body.get("id").and_then(id_text), body.get("cn").and_then(string));
        // A publish with neither an id nor QoS 1 cannot be answered (J-60).
        let is_silent = ack == AckKind::Pub && id.is_none() && flag(body.get("q")) != Some(true);
        body.into_request(ack, id.clone()).ok_or(if is_silent {
            Malformed::Unreadable
        } else {
            Malformed::Invalid { ack, id, channel }
        })
    }

    /// Reads a packet whose body says nothing: an object or `null` (J-15).
    fn into_bare(self, packet: ClientPacket<'a>) -> Result<ClientPacket<'a>, Malformed<'a>> {
        if self.body.get() != "null" {
            self.into_body(&[])?;
        }
        Ok(packet)
    }

    fn into_push_ack(self) -> Result<ClientPacket<'a>, Malformed<'a>> {
        let body = self.into_body(&["id", "st"])?;
        let id = body.get("id").and_then(id_text).ok_or(Malformed::Unreadable)?;
        let accepted = match body.get("st") {
            Some(st) if st.get() != "null" => flag(Some(st)) == Some(true),
            _ => true,
        };
        Ok(ClientPacket::PushAck { id, accepted })
    }

    /// Reads the members. A body that is no object, or says a thing twice, says nothing certain,
    /// not even which id to answer.
    fn into_body(self, keys: &'static [&'static str]) -> Result<Body<'a>, Malformed<'a>> {
        let mut deserializer = serde_json::Deserializer::from_str(self.body.get());
        deserializer.deserialize_map(BodyVisitor(keys)).map_err(|_| Malformed::Unreadable)
    }
}

impl<'a> Body<'a> {
    fn get(&self, key: &str) -> Option<&'a RawValue> {
        self.values[self.keys.iter().position(|known| *known == key)?]
    }

    fn into_request(self, ack: AckKind, id: Option<Cow<'a, str>>) -> Option<ClientPacket<'a>> {
        let text = |key| string(self.get(key)?);
        Some(match ack {
            AckKind::Auth => ClientPacket::Auth(self.get("dt")?.get()),
            AckKind::Conn => ClientPacket::Conn { token: text("at")?, client: text("cl")? },
            AckKind::Sub => {
                ClientPacket::Sub { channel: text("cn")?, persistent: flag(self.get("pr"))? }
            }
            AckKind::Unsub => ClientPacket::Unsub { channel: text("cn")? },
            AckKind::Pub => {
                let acknowledged = flag(self.get("q"))?;
                if acknowledged && id.is_none() {
                    return None;
                }
                let channel = text("cn")?;
                // A question to a control channel needs no data (J-94).
                let absent = channel.starts_with('$').then_some("null");
                ClientPacket::Pub(Publish {
                    payload: self.get("dt").map(RawValue::get).or(absent)?,
                    channel,
                    acknowledged,
                    retain: flag(self.get("rt"))?,
                    id,
                })
            }
        })
    }
}

fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Text<'_>>(raw.get()).ok().map(|Text(text)| text)
}

/// Reads an id: a string, or a number whose digits are taken as they stand.
fn id_text(raw: &RawValue) -> Option<Cow<'_, str>> {
    if raw.get().starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return Some(Cow::Borrowed(raw.get()));
    }
    string(raw)
}

/// Reads a bit by value: `0`, `1`, `"0"`, `"1"`, `false`, `true`; absent or `null` is off.
pub(super) fn flag(raw: Option<&RawValue>) -> Option<bool> {
    let Some(raw) = raw else { return Some(false) };
    match raw.get() {
        "null" | "0" | "false" => return Some(false),
        "1" | "true" => return Some(true),
        _ => {}
    }
    // Only as a string left: how its digit is escaped makes no difference (J-19).
    match &*string(raw)? {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
