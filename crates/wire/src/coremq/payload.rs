//! The same message as CoreMQ says it and as everybody does.
//!
//! In CoreMQ a message is an object to which servers add members of their own, and a text is an
//! object with a `coremq_string`. Elsewhere a message is any JSON value, and a text a string.

use std::{borrow::Cow, sync::LazyLock};

use memchr::memmem::Finder;

use super::members::{Members, RESERVED};
use crate::json::{compact, put_ascii};

/// Finds a name that only CoreMQ gives; made once, because that takes longer than a search.
static RESERVED_FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(RESERVED));

/// The member that holds a text.
const STRING: &str = "coremq_string";

/// Returns the JSON value that a client's object stands for (C-27, C-30): a text, or the object
/// without reserved members.
pub(super) fn canonical<'a>(json: &'a str, members: &Members<'a>) -> Cow<'a, str> {
    let is_reserved = |name: &str| name.starts_with(RESERVED);
    let is_lone = members.iter().all(|(name, _)| is_reserved(name));
    if is_lone && members.text(STRING).is_some() {
        return Cow::Borrowed(members.raw(STRING).expect("it was found above"));
    }
    if !members.iter().any(|(name, _)| is_reserved(name)) {
        return Cow::Borrowed(json);
    }
    let mut out = Vec::with_capacity(json.len());
    members.put_some(|name| !is_reserved(name), &mut out);
    Cow::Owned(String::from_utf8(out).expect("JSON texts are UTF-8"))
}

/// Returns an object that can go as it is, save its closing brace, and that has members: ASCII, and
/// without names that only servers give.
pub(super) fn plain_open_object(payload: &[u8]) -> Option<&[u8]> {
    let open = payload.strip_prefix(b"{")?.strip_suffix(b"}")?.trim_ascii();
    let is_plain = !open.is_empty() && payload.is_ascii() && !may_have_reserved(payload, None);
    is_plain.then(|| &payload[..payload.len() - 1])
}

/// Appends a JSON value as one of CoreMQ's objects, in ASCII and without its closing brace; says
/// whether it has members already. `also_reserved` is a further name that only servers give.
///
/// # Spec
/// C-6, C-30: members of other protocols that look like a server's are left out.
pub(super) fn put_open_object(
    payload: &[u8],
    also_reserved: Option<&str>,
    out: &mut Vec<u8>,
) -> bool {
    let payload = payload.trim_ascii();
    let text = || std::str::from_utf8(payload).expect("a JSON text is UTF-8");
    match payload.first() {
        Some(b'{') if may_have_reserved(payload, also_reserved) => {
            put_without_reserved(text(), also_reserved, out)
        }
        Some(b'{') => {
            let open = &payload[..payload.len() - 1];
            if payload.is_ascii() {
                out.extend_from_slice(open);
            } else {
                let text = text();
                put_ascii(&text[..text.len() - 1], out);
            }
            !open[1..].trim_ascii().is_empty()
        }
        Some(b'"') => {
            put_string_member(out);
            put_ascii(text(), out);
            true
        }
        _ => {
            put_string_member(out);
            let text = serde_json::to_string(&compact(text())).expect("text serialises");
            put_ascii(&text, out);
            true
        }
    }
}

fn put_string_member(out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"coremq_string\":");
}

/// Says whether an object has to be looked at closely: a name may be written with escapes.
fn may_have_reserved(object: &[u8], also_reserved: Option<&str>) -> bool {
    let has = |text: &str| memchr::memmem::find(object, text.as_bytes()).is_some();
    RESERVED_FINDER.find(object).is_some()
        || (memchr::memchr(b'\\', object).is_some() && has("\\u"))
        || also_reserved.is_some_and(has)
}

fn put_without_reserved(object: &str, also_reserved: Option<&str>, out: &mut Vec<u8>) -> bool {
    let mut kept = Vec::with_capacity(object.len());
    if let Some(members) = Members::read(object) {
        let is_reserved = |name: &str| name.starts_with(RESERVED) || Some(name) == also_reserved;
        members.put_some(|name| !is_reserved(name), &mut kept);
    } else {
        kept.extend_from_slice(b"{}");
    }
    kept.pop();
    put_ascii(std::str::from_utf8(&kept).expect("JSON texts are UTF-8"), out);
    1 < kept.len()
}
