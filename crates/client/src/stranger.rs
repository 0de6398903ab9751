//! Who answers where a broker was expected to, told by the first words.

use std::collections::HashMap;
use std::fmt;

use serde::de::IgnoredAny;

use crate::shown::one_line;

/// What answers in place of a JMQT broker, as far as its first words tell.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stranger {
    /// HTTP, as the status page and the HTTP API of a broker.
    Http,
    /// TLS, where none was asked for.
    Tls,
    /// CoreMQ, as a broker has it on port 6747.
    Coremq,
    /// PubSubX, as a broker has it on port 12000.
    Pubsubx,
    /// The protocol of memcached.
    Memcached,
    /// SSH.
    Ssh,
    /// Something else: the beginning of the first line that it said, at most 80 characters.
    Unknown(String),
}

/// What the first bytes of a connection are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Too few to tell.
    Open,
    /// The beginning of a packet.
    Packet,
    /// Those of somebody else.
    Stranger(Stranger),
}

/// Bytes that are enough to tell whatever can be told.
const BYTES_ENOUGH: usize = 80;
const CHARACTERS_MAX: usize = 80;

/// Judges the first bytes that came; `is_all` says that no more will.
pub(crate) fn judge(said: &[u8], is_all: bool) -> Verdict {
    // What JSON allows in front of a packet.
    let said = said.trim_ascii_start();
    match said {
        [] => return Verdict::Open,
        [b'{', ..] => return Verdict::Packet,
        // An alert or a handshake, and the major version.
        [0x15 | 0x16, 0x03, ..] => return Verdict::Stranger(Stranger::Tls),
        // A frame of JMQT, if no packet that is known (K-37).
        _ if said.contains(&0) => return Verdict::Packet,
        _ => {}
    }
    let line_end = said.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
    if line_end.is_none() && !is_all && said.len() < BYTES_ENOUGH {
        return Verdict::Open;
    }
    let line = &said[..line_end.unwrap_or(said.len())];
    Verdict::Stranger(recognise(line))
}

/// Returns who sent a whole frame that is no broker's, as far as that can be told: what is not known
/// may be a broker's of later (K-37).
pub(crate) fn sender_of(frame: &[u8]) -> Option<Stranger> {
    match judge(frame, true) {
        Verdict::Packet if !is_packet(frame) => Some(unknown(frame)),
        Verdict::Stranger(Stranger::Unknown(_)) | Verdict::Packet | Verdict::Open => None,
        Verdict::Stranger(stranger) => Some(stranger),
    }
}

/// Returns whether a frame has the form of a packet, be it one that a later version has.
pub(crate) fn is_packet(frame: &[u8]) -> bool {
    let packet = serde_json::from_slice::<HashMap<&str, HashMap<&str, IgnoredAny>>>(frame);
    packet.is_ok_and(|packet| packet.len() == 1)
}

fn recognise(line: &[u8]) -> Stranger {
    let is_coremq = matches!(line, [b'+', digit, ..] if digit.is_ascii_digit());
    match line {
        _ if line.starts_with(b"HTTP/") => Stranger::Http,
        _ if line.starts_with(b"SSH-") => Stranger::Ssh,
        _ if is_coremq => Stranger::Coremq,
        _ if line.starts_with(b"ERROR: This port speaks PubSubX") => Stranger::Pubsubx,
        // The first is also what a full cache of ours says.
        _ if line == b"ERROR" || line.starts_with(b"ERROR Too many") => Stranger::Memcached,
        _ if line.starts_with(b"CLIENT_ERROR") => Stranger::Memcached,
        _ => unknown(line),
    }
}

fn unknown(said: &[u8]) -> Stranger {
    Stranger::Unknown(String::from_utf8_lossy(said).chars().take(CHARACTERS_MAX).collect())
}

impl fmt::Display for Stranger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stranger::Http => f.write_str("an HTTP server"),
            Stranger::Tls => f.write_str("a server that speaks TLS"),
            Stranger::Coremq => f.write_str("a CoreMQ server"),
            Stranger::Pubsubx => f.write_str("a PubSubX server"),
            Stranger::Memcached => f.write_str("a memcached server"),
            Stranger::Ssh => f.write_str("an SSH server"),
            Stranger::Unknown(said) => write!(f, "a server that says \"{}\"", one_line(said)),
        }
    }
}

#[cfg(test)]
mod tests;
