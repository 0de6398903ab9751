//! Choices that are written as a boolean, or the word "auto".

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::scalar::Scalar;

/// The word for what the broker decides by itself.
const AUTO: &str = "auto";
/// What may be written.
const EXPECTED: &str = r#"true, false or "auto""#;

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

/// Whom the console is served to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConsoleServed {
    /// Nobody: `false`.
    Never,
    /// Everybody, which the listeners must be fit for: `true`.
    Always,
    /// Those who come from this machine, or over TLS where somebody can sign in: `"auto"`.
    Auto,
}

/// As a source writes it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Forced(bool),
    Word(String),
}

/// Has choices with `Never`, `Always` and `Auto` read and written.
macro_rules! automatic {
    ($($name:ident)*) => { $(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $name::Never => serializer.serialize_bool(false),
                    $name::Always => serializer.serialize_bool(true),
                    $name::Auto => serializer.serialize_str(AUTO),
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                match Written::deserialize(deserializer)? {
                    Written::Forced(true) => Ok($name::Always),
                    Written::Forced(false) => Ok($name::Never),
                    Written::Word(word) if word == AUTO => Ok($name::Auto),
                    Written::Word(_) => Err(D::Error::custom(EXPECTED)),
                }
            }
        }

        impl Scalar for $name {
            const EXPECTED: &'static str = EXPECTED;
        }
    )* };
}

automatic! { Pacing ConsoleServed }
