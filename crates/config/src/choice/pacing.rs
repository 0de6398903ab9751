//! The one choice that is written as a boolean, or a word.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::scalar::Scalar;

/// The word for [`Pacing::Auto`].
const AUTO: &str = "auto";

/// Whose connections on a listener are written to in small units with pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pacing {
    /// Nobody's: `false`.
    Never,
    /// Everybody's: `true`.
    Always,
    /// Those of the original Python client of JMQT, by what it writes first: `"auto"`.
    Auto,
}

/// As a source writes it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Forced(bool),
    Word(String),
}

impl Serialize for Pacing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Pacing::Never => serializer.serialize_bool(false),
            Pacing::Always => serializer.serialize_bool(true),
            Pacing::Auto => serializer.serialize_str(AUTO),
        }
    }
}

impl<'de> Deserialize<'de> for Pacing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Forced(true) => Ok(Pacing::Always),
            Written::Forced(false) => Ok(Pacing::Never),
            Written::Word(word) if word == AUTO => Ok(Pacing::Auto),
            Written::Word(_) => Err(D::Error::custom(Self::EXPECTED)),
        }
    }
}

impl Scalar for Pacing {
    const EXPECTED: &'static str = r#"true, false or "auto""#;
}
