//! The value at a JSON pointer, found in the text without making anything of the rest.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

/// Returns the value at a pointer, as it is written; `None` if there is none. Of two members with one
/// name it is the last.
pub(super) fn find<'a>(json: &'a str, path: &[String]) -> Option<&'a str> {
    path.iter().try_fold(json.trim_ascii(), |value, part| step(value, part))
}

fn step<'a>(value: &'a str, part: &str) -> Option<&'a str> {
    let mut reader = serde_json::Deserializer::from_str(value);
    let found = match value.as_bytes().first()? {
        b'{' => reader.deserialize_map(Member(part)),
        b'[' => reader.deserialize_seq(Element(index(part)?)),
        _ => return None,
    };
    found.ok()?.map(RawValue::get)
}

/// Reads an index as RFC 6901 writes it.
fn index(part: &str) -> Option<usize> {
    let is_plain = part == "0" || !part.starts_with('0');
    let is_digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain && is_digits { part.parse().ok() } else { None }
}

/// Looks for the member of an object that has this name.
struct Member<'n>(&'n str);

/// Looks for this element of an array.
struct Element(usize);

/// Reads a name, and says whether it is this one.
struct IsName<'n>(&'n str);

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(is_it) = map.next_key_seed(IsName(self.0))? {
            if is_it {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

impl<'de> Visitor<'de> for Element {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        for _ in 0..self.0 {
            if sequence.next_element::<IgnoredAny>()?.is_none() {
                return Ok(None);
            }
        }
        let found = sequence.next_element()?;
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }
}

impl<'de> DeserializeSeed<'de> for IsName<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for IsName<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
    }
}
