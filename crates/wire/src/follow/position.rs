//! Where a message stands among those of all channels, as text.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// Where a message stands: behind all whose position is less.
///
/// As text it is its three numbers with hyphens between them, the second in hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position {
    /// The moment of the logical clock, in milliseconds: about when it was taken in, by the Unix epoch.
    pub logical: u64,
    /// The run of the server that took it in.
    pub origin: u64,
    /// Its place among that run's messages, from 1.
    pub sequence: u64,
}

/// A text that is no position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("it is no id of a message")]
pub struct NoPosition;

impl Position {
    /// Returns the position before all messages of a moment and later ones.
    #[must_use]
    pub fn before(logical: u64) -> Self {
        Position { logical, origin: 0, sequence: 0 }
    }

    /// Returns that of the next message of the same source.
    pub(super) fn next(self) -> Self {
        Position { sequence: self.sequence.saturating_add(1), ..self }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { logical, origin, sequence } = self;
        write!(out, "{logical}-{origin:x}-{sequence}")
    }
}

impl FromStr for Position {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Self, NoPosition> {
        let mut parts = text.split('-');
        let mut number = |radix| {
            let part = parts.next().filter(|part| !part.starts_with('+'))?;
            u64::from_str_radix(part, radix).ok()
        };
        let (logical, origin, sequence) = (number(10), number(16), number(10));
        let position = logical.zip(origin).zip(sequence).filter(|_| parts.next().is_none());
        let ((logical, origin), sequence) = position.ok_or(NoPosition)?;
        Ok(Position { logical, origin, sequence })
    }
}
