//! The members of a JSON object, each still raw, and objects put together from them.

use std::{borrow::Cow, fmt};

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::Text;

/// What the names begin with that only CoreMQ itself gives to members.
pub(super) const RESERVED: &str = "coremq_";

/// A JSON object's members in their order; a name may stand twice, and then the last one counts.
#[derive(Debug)]
pub(super) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// Reads a JSON object; `None` when it is none.
    pub(super) fn read(json: &'a str) -> Option<Self> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let members = deserializer.deserialize_map(MembersVisitor).ok()?;
        deserializer.end().ok()?;
        Some(members)
    }

    /// Returns the value of a member as it stands.
    pub(super) fn raw(&self, name: &str) -> Option<&'a str> {
        self.find(name).map(RawValue::get)
    }

    /// Returns the value of a member that is a string.
    pub(super) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        text(self.find(name)?)
    }

    /// Iterates over all members.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.0.iter().map(|(name, value)| (&**name, value.get()))
    }

    /// Writes an object of those members whose names `is_wanted` accepts.
    pub(super) fn put_some(&self, is_wanted: impl Fn(&str) -> bool, out: &mut Vec<u8>) {
        out.push(b'{');
        let start = out.len();
        for (name, value) in self.iter().filter(|(name, _)| is_wanted(name)) {
            if start < out.len() {
                out.push(b',');
            }
            serde_json::to_writer(&mut *out, name).expect("text serialises to memory");
            out.push(b':');
            out.extend_from_slice(value.as_bytes());
        }
        out.push(b'}');
    }

    fn find(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| *value)
    }
}

/// Reads a string.
pub(super) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Text<'_>>(raw.get()).ok().map(|Text(text)| text)
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some((Text(name), value)) = map.next_entry::<Text<'de>, &RawValue>()? {
            members.push((name, value));
        }
        Ok(Members(members))
    }
}
