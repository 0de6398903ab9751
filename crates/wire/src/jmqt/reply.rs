//! What a server says, as a client reads it.

mod decode;

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::value::RawValue;

use super::decode::flag;

/// A packet from a server. Borrows from the frame it came in.
#[derive(Debug, Clone, Deserialize)]
pub enum ServerPacket<'a> {
    /// Answers `auth`.
    #[serde(rename = "authAck", borrow)]
    AuthAck(AuthAck<'a>),
    /// Answers `conn`, or ends a session with the reason.
    #[serde(rename = "connAck", borrow)]
    ConnAck(ConnAck<'a>),
    /// Answers `hb`.
    #[serde(rename = "hbAck")]
    HbAck(serde::de::IgnoredAny),
    /// Answers `sub`.
    #[serde(rename = "subAck", borrow)]
    SubAck(ChannelAck<'a>),
    /// Answers `unsub`.
    #[serde(rename = "unsubAck", borrow)]
    UnsubAck(ChannelAck<'a>),
    /// Answers `pub`.
    #[serde(rename = "pubAck", borrow)]
    PubAck(PubAck<'a>),
    /// Delivers a message.
    #[serde(rename = "push", borrow)]
    Push(Push<'a>),
}

/// A frame that is no packet of a JMQT server.
#[derive(Debug, thiserror::Error)]
#[error("not a packet of a JMQT server: {0}")]
pub struct Unreadable(#[from] serde_json::Error);

/// The outcome of `auth`.
#[derive(Debug, Clone, Deserialize)]
pub struct AuthAck<'a> {
    /// Status code; see [`status`](super::status).
    pub st: u8,
    /// The token, when the status is OK.
    #[serde(borrow, default)]
    pub at: Option<Cow<'a, str>>,
    /// The client id, when the status is OK.
    #[serde(borrow, default)]
    pub cl: Option<Cow<'a, str>>,
    /// The reason, when it is not.
    #[serde(borrow, default)]
    pub mg: Option<Cow<'a, str>>,
}

/// The outcome of `conn`.
#[derive(Debug, Clone, Deserialize)]
pub struct ConnAck<'a> {
    /// Status code; see [`status`](super::status).
    pub st: u8,
    /// Seconds of silence after which the server closes, when the status is OK; `None` where it is
    /// missing or no number above 0.
    #[serde(default, deserialize_with = "lenient_seconds")]
    pub ts: Option<u64>,
    /// The reason, where the server gives one.
    #[serde(borrow, default)]
    pub mg: Option<Cow<'a, str>>,
    /// The reason as a word for programs, where the server gives one.
    #[serde(borrow, default)]
    pub rs: Option<Cow<'a, str>>,
    /// 1 when the session that was lost goes on.
    #[serde(default, deserialize_with = "lenient_bit")]
    pub resumed: u8,
}

/// The outcome of `sub` or `unsub`.
#[derive(Debug, Clone, Deserialize)]
pub struct ChannelAck<'a> {
    /// Status code; see [`status`](super::status).
    pub st: u8,
    /// The channel as it was asked for.
    #[serde(borrow)]
    pub cn: Cow<'a, str>,
    /// The reason of a refusal, where the server gives one.
    #[serde(borrow, default)]
    pub mg: Option<Cow<'a, str>>,
}

/// The outcome of `pub`.
#[derive(Debug, Clone, Deserialize)]
pub struct PubAck<'a> {
    /// Status code; see [`status`](super::status).
    pub st: u8,
    /// The publisher's packet id; absent only when the publish had none.
    #[serde(borrow, default)]
    pub id: Option<Cow<'a, str>>,
    /// The answer of a control channel.
    #[serde(borrow, default)]
    pub dt: Option<&'a RawValue>,
    /// The reason of a refusal, where the server gives one.
    #[serde(borrow, default)]
    pub mg: Option<Cow<'a, str>>,
}

/// A delivered message.
#[derive(Debug, Clone, Deserialize)]
pub struct Push<'a> {
    /// The channel.
    #[serde(borrow)]
    pub cn: Cow<'a, str>,
    /// The message, raw.
    #[serde(borrow)]
    pub dt: &'a RawValue,
    /// Who published it; empty for the server.
    #[serde(borrow)]
    pub cl: Cow<'a, str>,
    /// 1 when the push must be acknowledged.
    #[serde(default, deserialize_with = "lenient_bit")]
    pub q: u8,
    /// What to acknowledge it by.
    #[serde(borrow, default)]
    pub id: Option<Cow<'a, str>>,
    /// 1 when this is the channel's retained message.
    #[serde(default, deserialize_with = "lenient_bit")]
    pub rt: u8,
}

/// Reads a bit as leniently as the server does: `1`, `"1"` and `true` are 1 (J-116).
fn lenient_bit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    flag(Some(raw)).map(u8::from).ok_or_else(|| D::Error::custom("neither on nor off"))
}

/// Reads whole seconds, at least 1, from any number above 0.
fn lenient_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    let seconds: Option<f64> = raw.get().trim_matches('"').parse().ok();
    // A number that is too large becomes the largest.
    Ok(seconds.filter(|seconds| 0.0 < *seconds).map(|seconds| (seconds as u64).max(1)))
}
