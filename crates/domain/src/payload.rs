//! Payloads: JSON texts that are carried, never looked into.

use bytes::{BufMut, Bytes, BytesMut};

/// Starts each text of a JSON text sequence (RFC 7464); cannot occur raw inside valid JSON.
const RECORD_SEPARATOR: u8 = 0x1E;
/// What stands around each text: a record separator and a line feed.
const FRAMING_BYTES: usize = 2;

/// One or more JSON texts in publishing order, as one RFC 7464 text sequence.
///
/// This is how a page of messages is stored and how it waits for its commit: one buffer, one
/// allocation, however many messages. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Payloads {
    sequence: Bytes,
}

/// Collects payloads into a [`Payloads`].
#[derive(Debug, Default)]
pub struct PayloadsBuilder {
    sequence: BytesMut,
    count: u32,
}

impl Payloads {
    /// Takes over a text sequence that an earlier [`as_bytes`](Self::as_bytes) gave.
    #[must_use]
    pub fn from_sequence(sequence: Bytes) -> Self {
        Payloads { sequence }
    }

    /// Makes a sequence of one payload.
    #[must_use]
    pub fn single(payload: &[u8]) -> Self {
        let mut builder = PayloadsBuilder::default();
        builder.push(payload);
        builder.finish()
    }

    /// Returns the sequence as stored: each text behind a record separator and before a line feed.
    #[must_use]
    pub fn as_bytes(&self) -> &Bytes {
        &self.sequence
    }

    /// Returns how many bytes the texts have, of which there are `count`.
    #[must_use]
    pub fn bytes(&self, count: u32) -> usize {
        self.sequence.len().saturating_sub(FRAMING_BYTES * count as usize)
    }

    /// Iterates over the JSON texts, each as a slice of the shared buffer.
    pub fn slices(&self) -> impl Iterator<Item = Bytes> {
        self.iter().map(|text| self.sequence.slice_ref(text))
    }

    /// Iterates over the JSON texts.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.sequence.get(1..).unwrap_or_default();
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let end = memchr::memchr(RECORD_SEPARATOR, rest).unwrap_or(rest.len());
            let text = &rest[..end];
            rest = rest.get(end + 1..).unwrap_or_default();
            Some(text.strip_suffix(b"\n").unwrap_or(text))
        })
    }
}

impl PayloadsBuilder {
    /// Appends one payload, which must be valid JSON.
    pub fn push(&mut self, payload: &[u8]) {
        self.sequence.reserve(payload.len() + 2);
        self.sequence.put_u8(RECORD_SEPARATOR);
        self.sequence.put_slice(payload);
        self.sequence.put_u8(b'\n');
        self.count += 1;
    }

    /// Returns how many payloads were pushed.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Returns the bytes the sequence takes so far.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.sequence.len()
    }

    /// Ends the sequence.
    #[must_use]
    pub fn finish(self) -> Payloads {
        Payloads { sequence: self.sequence.freeze() }
    }
}
