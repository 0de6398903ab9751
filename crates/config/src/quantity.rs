//! Sizes and times as people write them: `"64KiB"`, `"30d"`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A text that is neither a size nor a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct ParseQuantityError {
    expected: &'static str,
}

/// A number of bytes, 0 to 2^63 - 1.
///
/// Written as a number of bytes or with a unit: `B`, `KiB`, `MiB`, `GiB` (powers of 1,024) or
/// `KB`, `MB`, `GB` (powers of 1,000), in upper or lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ByteSize(u64);

impl ByteSize {
    pub(crate) const EXPECTED: &str = r#"a size such as 65536, "64KiB" or "16MB""#;

    /// The units, each with its bytes. The binary ones lead, from large to small, for display.
    const UNITS: [(&str, u64); 7] = [
        ("GiB", 1 << 30),
        ("MiB", 1 << 20),
        ("KiB", 1 << 10),
        ("GB", 1_000_000_000),
        ("MB", 1_000_000),
        ("KB", 1_000),
        ("B", 1),
    ];

    /// Makes a size of `bytes`; more than 2^63 - 1 becomes that.
    pub const fn new(bytes: u64) -> Self {
        ByteSize(if bytes > i64::MAX as u64 { i64::MAX as u64 } else { bytes })
    }

    /// Returns the bytes.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Returns the bytes as a length in memory, at most `usize::MAX`.
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// Returns the bytes, or `None` for 0, which stands for "unlimited" where a key says so.
    pub fn nonzero(self) -> Option<u64> {
        (self.0 != 0).then_some(self.0)
    }
}

impl FromStr for ByteSize {
    type Err = ParseQuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = ParseQuantityError { expected: Self::EXPECTED };
        let (number, unit) = split_unit(text).ok_or(error.clone())?;
        let scale = match Self::UNITS.iter().find(|(name, _)| unit.eq_ignore_ascii_case(name)) {
            Some((_, scale)) => *scale,
            None if unit.is_empty() => 1,
            None => return Err(error),
        };
        let bytes = number.checked_mul(scale).filter(|bytes| i64::try_from(*bytes).is_ok());
        bytes.map(ByteSize).ok_or(error)
    }
}

impl fmt::Display for ByteSize {
    /// Writes the largest binary unit that divides the size, or else the plain number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let divides = |(_, scale): &&(&str, u64)| self.0 != 0 && self.0.is_multiple_of(*scale);
        match Self::UNITS[..3].iter().find(divides) {
            Some((unit, scale)) => write!(f, "{}{unit}", self.0 / scale),
            None => write!(f, "{}", self.0),
        }
    }
}

/// A length of time in whole milliseconds, 0 to 2^53 ms.
///
/// Written as a number and a unit: `ms`, `s`, `m`, `h` or `d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Period(Duration);

impl Period {
    pub(crate) const EXPECTED: &str = r#"a time such as "500ms", "10s", "5m", "1h" or "30d""#;

    /// The units, each with its milliseconds, from large to small.
    const UNITS: [(&str, u64); 5] =
        [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

    const MILLIS_MAX: u64 = 1 << 53;

    /// Returns the time.
    pub const fn get(self) -> Duration {
        self.0
    }

    /// Returns the time, or `None` for 0, which stands for "unlimited" where a key says so.
    pub fn nonzero(self) -> Option<Duration> {
        (!self.0.is_zero()).then_some(self.0)
    }
}

impl From<Duration> for Period {
    /// Drops what is below a millisecond.
    fn from(time: Duration) -> Self {
        let millis = u64::try_from(time.as_millis()).unwrap_or(Self::MILLIS_MAX);
        Period(Duration::from_millis(millis.min(Self::MILLIS_MAX)))
    }
}

impl FromStr for Period {
    type Err = ParseQuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = ParseQuantityError { expected: Self::EXPECTED };
        let (number, unit) = split_unit(text).ok_or(error.clone())?;
        let (_, scale) = Self::UNITS.iter().find(|(name, _)| unit == *name).ok_or(error.clone())?;
        let millis = number.checked_mul(*scale).filter(|millis| *millis <= Self::MILLIS_MAX);
        millis.map(|millis| Period(Duration::from_millis(millis))).ok_or(error)
    }
}

impl fmt::Display for Period {
    /// Writes the largest unit that divides the time.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = u64::try_from(self.0.as_millis()).unwrap_or(Self::MILLIS_MAX);
        let divides = |(_, scale): &&(&str, u64)| millis != 0 && millis.is_multiple_of(*scale);
        let (unit, scale) = Self::UNITS.iter().find(divides).unwrap_or(&("s", 1_000));
        write!(f, "{}{unit}", millis / scale)
    }
}

/// Splits `"64 KiB"` into 64 and `"KiB"`.
fn split_unit(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    Some((number.parse().ok()?, unit.trim_start()))
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.to_string();
        if text.ends_with('B') {
            serializer.serialize_str(&text)
        } else {
            serializer.serialize_u64(self.0)
        }
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SizeVisitor;

        impl Visitor<'_> for SizeVisitor {
            type Value = ByteSize;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(ByteSize::EXPECTED)
            }

            fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<ByteSize, E> {
                u64::try_from(bytes).map(ByteSize::new).map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<ByteSize, E> {
                Ok(ByteSize::new(bytes))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ByteSize, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_any(SizeVisitor)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
