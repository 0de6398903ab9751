//! Values with manners of their own: a text that is never shown, and a path that may be absent.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What stands for a secret in everything that is printed.
pub(crate) const MASK: &str = "********";

/// A text that is never printed: `Debug` and serialisation give a row of stars.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes a text to guard.
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    /// Returns the text itself, for comparing; never for printing.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // None at all is no secret.
        serializer.serialize_str(if self.0.is_empty() { "" } else { MASK })
    }
}

/// A path, or none, which is written as the empty text because TOML has no word for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct OptionalPath(Option<PathBuf>);

impl OptionalPath {
    /// Returns the path, if one is set.
    pub fn get(&self) -> Option<&Path> {
        self.0.as_deref()
    }
}

impl<P: Into<PathBuf>> From<P> for OptionalPath {
    fn from(path: P) -> Self {
        let path = path.into();
        OptionalPath((!path.as_os_str().is_empty()).then_some(path))
    }
}

impl Serialize for OptionalPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.get().unwrap_or(Path::new("")).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for OptionalPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        PathBuf::deserialize(deserializer).map(OptionalPath::from)
    }
}
