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
    packet::{AckKind, ClientPacket, Publish, status},
    scan,
};

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
    if limits.json_depth_max + ENVELOPE_DEPTH < depth(text.as_bytes()) {
        return Err(Malformed::TooDeep);
    }
    let root: Root<'_> = serde_json::from_str(text).map_err(|_| Malformed::Unreadable)?;
    root.into_packet()
}

/// Returns the deepest nesting of brackets outside strings.
fn depth(json: &[u8]) -> usize {
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
        let (Key(kind), body) = map.next_entry::<Key<'de>, &RawValue>()?.ok_or_else(wrong)?;
        if map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            return Err(wrong());
        }
        Ok(Root { kind, body })
    }
}

/// A map key that borrows where it can.
#[derive(Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// All keys any packet can have, each still raw, so that one wrong value does not hide the others.
#[derive(Deserialize, Default)]
struct Body<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    cn: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    dt: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    q: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    rt: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    pr: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    at: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    cl: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    st: Option<&'a RawValue>,
}

/// Keeps `null` apart from an absent key, which `Option` alone would not.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

impl<'a> Root<'a> {
    fn into_packet(self) -> Result<ClientPacket<'a>, Malformed<'a>> {
        let ack = match &*self.kind {
            "hb" => return Ok(ClientPacket::Hb),
            "disconn" => return Ok(ClientPacket::Disconn),
            "pushAck" => return self.into_push_ack(),
            "auth" => AckKind::Auth,
            "conn" => AckKind::Conn,
            "sub" => AckKind::Sub,
            "unsub" => AckKind::Unsub,
            "pub" => AckKind::Pub,
            _ => return Err(Malformed::Unreadable),
        };
        let body = self.into_body()?;
        let (id, channel) = (body.id.and_then(id_text), body.cn.and_then(string));
        body.into_request(ack, id.clone()).ok_or(Malformed::Invalid { ack, id, channel })
    }

    fn into_push_ack(self) -> Result<ClientPacket<'a>, Malformed<'a>> {
        let body = self.into_body()?;
        let id = body.id.and_then(id_text).ok_or(Malformed::Unreadable)?;
        let accepted = match body.st.map_or("null", RawValue::get) {
            "null" => true,
            st => integer(st) == Some(i64::from(status::OK)),
        };
        Ok(ClientPacket::PushAck { id, accepted })
    }

    /// Reads the members. A body that is no object, or says a thing twice, says nothing certain,
    /// not even which id to answer.
    fn into_body(self) -> Result<Body<'a>, Malformed<'a>> {
        let text = self.body.get();
        if !text.starts_with('{') {
            return Err(Malformed::Unreadable);
        }
        serde_json::from_str(text).map_err(|_| Malformed::Unreadable)
    }
}

impl<'a> Body<'a> {
    fn into_request(self, ack: AckKind, id: Option<Cow<'a, str>>) -> Option<ClientPacket<'a>> {
        Some(match ack {
            AckKind::Auth => ClientPacket::Auth(self.dt?.get()),
            AckKind::Conn => {
                ClientPacket::Conn { token: string(self.at?)?, client: string(self.cl?)? }
            }
            AckKind::Sub => {
                ClientPacket::Sub { channel: string(self.cn?)?, persistent: flag(self.pr)? }
            }
            AckKind::Unsub => ClientPacket::Unsub { channel: string(self.cn?)? },
            AckKind::Pub => {
                let acknowledged = flag(self.q)?;
                if acknowledged && id.is_none() {
                    return None;
                }
                let channel = string(self.cn?)?;
                // A question to a control channel needs no data (J-94).
                let absent = channel.starts_with('$').then_some("null");
                ClientPacket::Pub(Publish {
                    payload: self.dt.map(RawValue::get).or(absent)?,
                    channel,
                    acknowledged,
                    retain: flag(self.rt)?,
                    id,
                })
            }
        })
    }
}

fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Key<'_>>(raw.get()).ok().map(|Key(text)| text)
}

/// Reads an id: a string, or a number whose digits are taken as they stand.
fn id_text(raw: &RawValue) -> Option<Cow<'_, str>> {
    if raw.get().starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return Some(Cow::Borrowed(raw.get()));
    }
    string(raw)
}

fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    digits.parse().ok().or_else(|| (text == "true").then_some(1))
}

/// Reads a bit by value: `0`, `1`, `"0"`, `"1"`, `false`, `true`; absent or `null` is off.
fn flag(raw: Option<&RawValue>) -> Option<bool> {
    match raw.map_or("null", RawValue::get) {
        "null" | "0" | "\"0\"" | "false" => Some(false),
        "1" | "\"1\"" | "true" => Some(true),
        _ => None,
    }
}
