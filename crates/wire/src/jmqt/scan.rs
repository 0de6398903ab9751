//! The quick way through the two packets that make up nearly all traffic: `pub` and `pushAck`.
//!
//! It accepts a strict subset of valid packets (as the [scanner](Scanner) does, and no duplicate or
//! unknown keys); for anything else it answers `None` and the general parser decides. A property test
//! holds it to that.

use std::borrow::Cow;

use super::packet::{ClientPacket, Publish};
use crate::json::Scanner;

/// Reads a `pub` or `pushAck` packet of ordinary form.
pub(super) fn packet(text: &str, json_depth_max: usize) -> Option<ClientPacket<'_>> {
    let mut scanner = Scanner::new(text, json_depth_max);
    scanner.token(b'{')?;
    let kind = scanner.key()?;
    scanner.token(b'{')?;
    let packet = match kind {
        "pub" => publish(&mut scanner)?,
        "pushAck" => push_ack(&mut scanner)?,
        _ => return None,
    };
    scanner.token(b'}')?;
    scanner.is_at_end().then_some(packet)
}

fn publish<'a>(scanner: &mut Scanner<'a>) -> Option<ClientPacket<'a>> {
    let (mut channel, mut payload, mut qos, mut retain, mut id) = (None, None, None, None, None);
    loop {
        match scanner.key()? {
            "cn" => set(&mut channel, scanner.string()?)?,
            "dt" => set(&mut payload, scanner.value()?)?,
            "q" => set(&mut qos, scanner.bit()?)?,
            "rt" => set(&mut retain, scanner.bit()?)?,
            "id" => set(&mut id, scanner.string()?)?,
            _ => return None,
        }
        if scanner.ends_members()? {
            break;
        }
    }
    let acknowledged = qos.unwrap_or(false);
    if acknowledged && id.is_none() {
        return None;
    }
    Some(ClientPacket::Pub(Publish {
        channel: Cow::Borrowed(channel?),
        payload: payload?,
        acknowledged,
        retain: retain.unwrap_or(false),
        id: id.map(Cow::Borrowed),
    }))
}

fn push_ack<'a>(scanner: &mut Scanner<'a>) -> Option<ClientPacket<'a>> {
    let (mut id, mut accepted) = (None, None);
    loop {
        match scanner.key()? {
            "id" => set(&mut id, scanner.string()?)?,
            "st" => set(&mut accepted, scanner.bit()?)?,
            _ => return None,
        }
        if scanner.ends_members()? {
            break;
        }
    }
    Some(ClientPacket::PushAck { id: Cow::Borrowed(id?), accepted: accepted.unwrap_or(true) })
}

/// Fills a slot that must still be empty: a key that stands twice is unusual.
#[inline]
fn set<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    slot.replace(value).is_none().then_some(())
}

#[cfg(test)]
mod tests;
