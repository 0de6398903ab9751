//! A text that is never printed.

use std::{fmt, sync::Arc};

use serde::Deserialize;
use subtle::ConstantTimeEq as _;

/// A password, a token or a hash: `Debug` gives a row of stars. Cheap to clone.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Returns the text itself; never for printing.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Compares in a time that depends on the lengths only. The empty text is like nothing.
    #[must_use]
    pub fn is(&self, other: &str) -> bool {
        !other.is_empty() & bool::from(self.0.as_bytes().ct_eq(other.as_bytes()))
    }
}

impl<T: Into<Arc<str>>> From<T> for Secret {
    fn from(text: T) -> Self {
        Secret(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("********")
    }
}
