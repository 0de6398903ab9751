//! One message of an inbox as bytes: numbers in as few bytes as they need, before the payload.

use std::collections::VecDeque;

use rialto_domain::UnixMs;

/// When a message was published, and its place among those of its origin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) at: UnixMs,
    pub(crate) sequence: u64,
}

/// What stands before a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    /// Place of what is known about the message.
    pub(super) about: usize,
    /// Whether the payload stands elsewhere.
    pub(super) is_shared: bool,
    pub(super) stamp: Stamp,
    pub(super) payload_bytes: usize,
}

impl Record {
    /// Writes it, as it differs from the message before it.
    pub(super) fn encode(&self, before: Stamp) -> impl ExactSizeIterator<Item = u8> + use<> {
        let numbers = [
            (self.about as u64) << 1 | u64::from(self.is_shared),
            folded(self.stamp.at.wrapping_sub(before.at)),
            folded(self.stamp.sequence.wrapping_sub(before.sequence)),
            self.payload_bytes as u64,
        ];
        // Ten bytes hold any number.
        let (mut bytes, mut length) = ([0; 40], 0);
        for mut number in numbers {
            while 0x80 <= number {
                bytes[length] = number as u8 | 0x80;
                number >>= 7;
                length += 1;
            }
            bytes[length] = number as u8;
            length += 1;
        }
        bytes.into_iter().take(length)
    }

    /// Takes the next one out of the bytes in front.
    pub(super) fn decode(bytes: &mut VecDeque<u8>, before: Stamp) -> Option<Self> {
        let about = take_number(bytes)?;
        let at = before.at.wrapping_add(unfolded(take_number(bytes)?));
        let sequence = before.sequence.wrapping_add(unfolded(take_number(bytes)?));
        Some(Record {
            about: (about >> 1) as usize,
            is_shared: about & 1 == 1,
            stamp: Stamp { at, sequence },
            payload_bytes: take_number(bytes)? as usize,
        })
    }
}

fn take_number(bytes: &mut VecDeque<u8>) -> Option<u64> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let byte = bytes.pop_front()?;
        number |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Some(number);
        }
        shift += 7;
    }
}

/// Makes small numbers of small differences, whichever sign they have.
fn folded(difference: u64) -> u64 {
    let signed = difference as i64;
    ((signed << 1) ^ (signed >> 63)) as u64
}

fn unfolded(number: u64) -> u64 {
    (number >> 1) ^ (number & 1).wrapping_neg()
}

#[cfg(test)]
mod tests;
