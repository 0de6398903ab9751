//! Names of items.

use std::borrow::Borrow;

/// Longest key, in bytes.
pub const KEY_BYTES_MAX: usize = 250;

/// The name of an item: bytes, text or not.
///
/// # Limits
/// 1 to [`KEY_BYTES_MAX`] bytes, none of them a blank or an ASCII control character.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key(Box<[u8]>);

impl Key {
    /// Checks `bytes` and keeps them; `None` when they cannot be a key.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Key> {
        let has_length = (1..=KEY_BYTES_MAX).contains(&bytes.len());
        let is_plain = bytes.iter().all(|byte| *byte != b' ' && !byte.is_ascii_control());
        (has_length && is_plain).then(|| Key(bytes.into()))
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// So that a look-up needs no copy of the key.
impl Borrow<[u8]> for Key {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}
