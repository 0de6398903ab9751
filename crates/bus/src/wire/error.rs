//! What may be wrong with a message.

use std::fmt;

/// What is wrong with bytes that came over the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeError {
    /// Of another version.
    Version(u8),
    /// Not in the form.
    Malformed {
        /// Where in the bytes.
        at: usize,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::Version(version) => write!(f, "a message of version {version}"),
            DecodeError::Malformed { at } => write!(f, "not in the form at byte {at}"),
        }
    }
}

impl std::error::Error for DecodeError {}
