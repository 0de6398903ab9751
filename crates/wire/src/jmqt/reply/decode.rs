//! Frame to packet, for clients.
//!
//! Pushes and acknowledgements of ordinary form, which are nearly all that a server says, take a quick
//! way; whatever is unusual goes through serde, which alone decides what is valid.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{PubAck, Push, ServerPacket, Unreadable};
use crate::json::Scanner;

/// Values are taken by serde_json, which bounds no nesting; the scanner itself sees flat members only.
const DEPTH_MAX: usize = 0;

impl<'a> ServerPacket<'a> {
    /// Decodes one frame.
    ///
    /// # Errors
    /// [`Unreadable`] when it is not JSON or not a packet this version knows.
    ///
    /// # Cost
    /// One pass for an ordinary `push` or `pubAck`, nothing copied.
    pub fn decode(frame: &'a [u8]) -> Result<Self, Unreadable> {
        let quick = simdutf8::basic::from_utf8(frame).ok().and_then(quick);
        quick.map_or_else(|| general(frame), Ok)
    }
}

/// Decodes whatever is valid, the ordinary included.
fn general(frame: &[u8]) -> Result<ServerPacket<'_>, Unreadable> {
    Ok(serde_json::from_slice(frame)?)
}

/// Reads a `push` or a `pubAck` of ordinary form.
fn quick(text: &str) -> Option<ServerPacket<'_>> {
    let mut scanner = Scanner::new(text, DEPTH_MAX);
    scanner.token(b'{')?;
    let kind = scanner.key()?;
    scanner.token(b'{')?;
    let packet = match kind {
        "push" => ServerPacket::Push(push(&mut scanner)?),
        "pubAck" => ServerPacket::PubAck(pub_ack(&mut scanner)?),
        _ => return None,
    };
    scanner.token(b'}')?;
    scanner.is_at_end().then_some(packet)
}

fn push<'a>(scanner: &mut Scanner<'a>) -> Option<Push<'a>> {
    let (mut channel, mut payload, mut publisher) = (None, None, None);
    let (mut qos, mut id, mut retained) = (None, None, None);
    loop {
        match scanner.key()? {
            "cn" => set(&mut channel, scanner.string()?)?,
            "dt" => set(&mut payload, scanner.raw()?)?,
            "cl" => set(&mut publisher, scanner.string()?)?,
            "q" => set(&mut qos, scanner.bit()?)?,
            "id" => set(&mut id, scanner.string()?)?,
            "rt" => set(&mut retained, scanner.bit()?)?,
            _ => return None,
        }
        if scanner.ends_members()? {
            break;
        }
    }
    Some(Push {
        cn: Cow::Borrowed(channel?),
        dt: payload?,
        cl: Cow::Borrowed(publisher?),
        q: qos.unwrap_or(false).into(),
        id: id.map(Cow::Borrowed),
        rt: retained.unwrap_or(false).into(),
    })
}

fn pub_ack<'a>(scanner: &mut Scanner<'a>) -> Option<PubAck<'a>> {
    let (mut status, mut id) = (None, None);
    let mut data: Option<&RawValue> = None;
    loop {
        match scanner.key()? {
            "st" => set(&mut status, scanner.bit()?)?,
            "id" => set(&mut id, scanner.string()?)?,
            // An answer of `null` is none, as for serde.
            "dt" => set(&mut data, scanner.raw().filter(|raw| raw.get() != "null")?)?,
            _ => return None,
        }
        if scanner.ends_members()? {
            break;
        }
    }
    Some(PubAck { st: status?.into(), id: id.map(Cow::Borrowed), dt: data, mg: None })
}

/// Fills a slot that must still be empty: a key that stands twice is unusual.
fn set<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    slot.replace(value).is_none().then_some(())
}

#[cfg(test)]
mod tests;
