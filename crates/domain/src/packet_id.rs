//! The ids of QoS 1 deliveries.

use std::fmt;

use crate::{LogId, Sequence};

/// Names one QoS 1 delivery; the same for all its receivers and for every time it is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PacketId {
    /// A stored message.
    Stored(LogId, Sequence),
    /// A message that went to live subscribers only; unique over restarts.
    Live(u64),
}

/// Begins the text of a [`PacketId::Live`].
const LIVE_MARK: char = 'l';

impl PacketId {
    /// Reads the text that [`Display`](fmt::Display) writes; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(count) = text.strip_prefix(LIVE_MARK) {
            return Some(PacketId::Live(number(count)?));
        }
        let (log, sequence) = text.split_once('-')?;
        Some(PacketId::Stored(LogId(number(log)?), number(sequence)?))
    }
}

/// Reads a number in the one form it is written in: no sign, no leading zeros.
fn number(digits: &str) -> Option<u64> {
    let is_other_form = digits.starts_with('+') || (digits.len() > 1 && digits.starts_with('0'));
    if is_other_form { None } else { digits.parse().ok() }
}

impl fmt::Display for PacketId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PacketId::Stored(LogId(log), sequence) => write!(out, "{log}-{sequence}"),
            PacketId::Live(number) => write!(out, "{LIVE_MARK}{number}"),
        }
    }
}
