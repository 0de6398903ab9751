//! Where a part of a list ended, as the API tells it and takes it back.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

/// Where a part of a list ended. It says what stood there, not how many came before: what comes and goes moves
/// nothing that stays.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cursor {
    /// Among those that were counted.
    Counted(Place),
    /// Among those that are only stored, which stand behind all others, by name.
    Stored(String),
}

/// What stood where a part ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Place {
    /// What it was sorted by; nothing if by name.
    pub(super) number: f64,
    pub(super) name: String,
}

/// Stands in a cursor in place of a number.
const STORED: &str = "stored";

impl Place {
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl Cursor {
    /// Returns the one behind a name, in a list by name.
    pub(crate) fn name(name: &str) -> Self {
        Cursor::Counted(Place { number: 0.0, name: name.to_owned() })
    }

    /// Returns the name, in a list by name.
    pub(crate) fn as_name(&self) -> Option<&str> {
        match self {
            Cursor::Counted(place) => Some(&place.name),
            Cursor::Stored(_) => None,
        }
    }

    /// Returns it as a text that is good for this order only.
    pub(crate) fn encode(&self, order: &str, is_descending: bool) -> String {
        let (number, name) = match self {
            Cursor::Counted(Place { number, name }) => (format!("{:x}", number.to_bits()), name),
            Cursor::Stored(name) => (STORED.to_owned(), name),
        };
        let direction = direction(is_descending);
        BASE64_URL_SAFE_NO_PAD.encode(format!("{order} {direction} {number} {name}"))
    }

    /// Reads it; `None` if it is none, or one of another order.
    pub(crate) fn decode(text: &str, order: &str, is_descending: bool) -> Option<Self> {
        let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mut parts = text.splitn(4, ' ');
        let is_of_order = parts.next()? == order && parts.next()? == direction(is_descending);
        let (number, name) = (parts.next()?, parts.next()?.to_owned());
        if !is_of_order {
            return None;
        }
        if number == STORED {
            return Some(Cursor::Stored(name));
        }
        let number = f64::from_bits(u64::from_str_radix(number, 16).ok()?);
        Some(Cursor::Counted(Place { number, name }))
    }
}

fn direction(is_descending: bool) -> &'static str {
    if is_descending { "desc" } else { "asc" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_in_its_order_only() {
        for cursor in [
            Cursor::Counted(Place { number: 0.1, name: "a b\n".to_owned() }),
            Cursor::Counted(Place { number: -1.0, name: String::new() }),
            Cursor::Stored("ä".to_owned()),
        ] {
            let text = cursor.encode("lag", true);
            assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
            assert_eq!(Cursor::decode(&text, "lag", true), Some(cursor));
            assert_eq!(Cursor::decode(&text, "lag", false), None);
            assert_eq!(Cursor::decode(&text, "dropped", true), None);
        }
        for text in ["", "ada", "*", &BASE64_URL_SAFE_NO_PAD.encode("lag desc x ada")] {
            assert_eq!(Cursor::decode(text, "lag", true), None, "{text}");
        }
    }
}
