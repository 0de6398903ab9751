//! Reads members one behind the other, each within what is there.

use bytes::Bytes;
use rialto_domain::Payloads;

use super::error::DecodeError;

/// What begins and ends each text of a sequence.
const RECORD_SEPARATOR: u8 = 0x1E;
const LINE_FEED: u8 = b'\n';

pub(super) struct Members<'a> {
    bytes: &'a Bytes,
    at: usize,
}

impl<'a> Members<'a> {
    pub(super) fn new(bytes: &'a Bytes) -> Self {
        Members { bytes, at: 0 }
    }

    pub(super) fn malformed(&self) -> DecodeError {
        DecodeError::Malformed { at: self.at }
    }

    pub(super) fn u8(&mut self) -> Result<u8, DecodeError> {
        self.number().map(|[byte]| byte)
    }

    pub(super) fn u64(&mut self) -> Result<u64, DecodeError> {
        self.number().map(u64::from_be_bytes)
    }

    /// Reads flags of which only these may be set.
    pub(super) fn flags(&mut self, known: u8) -> Result<u8, DecodeError> {
        match self.u8()? {
            flags if flags & !known == 0 => Ok(flags),
            _ => Err(self.malformed()),
        }
    }

    /// Reads how many messages there are: one at least.
    pub(super) fn count(&mut self) -> Result<u32, DecodeError> {
        match self.number().map(u32::from_be_bytes)? {
            0 => Err(self.malformed()),
            count => Ok(count),
        }
    }

    pub(super) fn text(&mut self) -> Result<&'a str, DecodeError> {
        let length = self.number().map(u16::from_be_bytes)?;
        let text = self.take(usize::from(length))?;
        std::str::from_utf8(&self.bytes[text]).map_err(|_| self.malformed())
    }

    /// Reads messages, and how many they are.
    pub(super) fn payloads(&mut self) -> Result<(u32, Payloads), DecodeError> {
        let count = self.count()?;
        let length = self.number().map(u32::from_be_bytes)?;
        let sequence = self.bytes.slice(self.take(length as usize)?);
        if !is_sequence(&sequence, count) {
            return Err(self.malformed());
        }
        Ok((count, Payloads::from_sequence(sequence)))
    }

    /// Sees to it that nothing is left.
    pub(super) fn end(&self) -> Result<(), DecodeError> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(self.malformed()) }
    }

    fn number<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let range = self.take(N)?;
        self.bytes[range].try_into().map_err(|_| self.malformed())
    }

    fn take(&mut self, length: usize) -> Result<std::ops::Range<usize>, DecodeError> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| self.malformed())?;
        Ok(std::mem::replace(&mut self.at, end)..end)
    }
}

/// Says whether this is a sequence of so many texts, none of them empty, in UTF-8.
fn is_sequence(bytes: &[u8], count: u32) -> bool {
    let Some((RECORD_SEPARATOR, rest)) = bytes.split_first().map(|(first, rest)| (*first, rest))
    else {
        return false;
    };
    let mut texts = 0;
    let are_ended = rest.split(|byte| *byte == RECORD_SEPARATOR).all(|text| {
        texts += 1;
        text.len() > 1 && text.last() == Some(&LINE_FEED)
    });
    are_ended && texts == count && std::str::from_utf8(bytes).is_ok()
}
