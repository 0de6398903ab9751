//! What is to be known about a source of settings that is not wrong.

use std::fmt;

use crate::error::Origin;

/// Something that the settings do not take from a source, or take otherwise than it is written there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Where it stands.
    pub origin: Origin,
    /// What is to be known about it.
    pub text: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.text)
    }
}
