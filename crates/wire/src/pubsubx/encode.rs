//! PubSubX's messages from the server.

use memchr::{memchr, memmem};

use super::frame::{END, MESSAGE_BYTES_MAX};
use crate::json::{compact, put_string};

/// Bytes the first answer to one that is back may have, since the original client reads it at once
/// (P-37).
const RESTORED_BYTES_MAX: usize = 1024;

/// What the first of its two messages begins with.
const RESTORED: &str = "RESTORED ";

/// Bytes a client's name may have, so that it and one short topic fit into that answer (P-43).
pub const NAME_BYTES_MAX: usize = RESTORED_BYTES_MAX - RESTORED.len() - 2 * END.len() - 1;

/// The part that all messages of one topic share.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The topic and a blank; `None` for a topic that cannot be said.
    head: Option<String>,
}

impl Envelope {
    /// Renders the part before the data.
    #[must_use]
    pub fn new(topic: &str) -> Self {
        Envelope { head: can_be_said(topic).then(|| format!("{topic} ")) }
    }
}

/// Says whether a topic is one to those who read it, and does not end the message that it stands in.
fn can_be_said(topic: &str) -> bool {
    !topic.contains(' ') && memmem::find(topic.as_bytes(), END).is_none()
}

/// Appends one message whose payload is any JSON text: a string as the text it is, any other value
/// as compact JSON (P-23, P-31).
///
/// One that the original client could not take (P-6), or that would not end where it should, is left
/// out.
pub fn put_message(out: &mut Vec<u8>, envelope: &Envelope, payload: &[u8]) {
    let Some(head) = &envelope.head else { return };
    let start = out.len();
    out.extend_from_slice(head.as_bytes());
    let has_breaks = put_data(payload, out);
    out.extend_from_slice(END);
    let message = &out[start..];
    let is_too_long = MESSAGE_BYTES_MAX < message.len();
    // Without a line break in it, data cannot end the message before its end.
    let ends_early = has_breaks && memmem::find(message, END) != Some(message.len() - END.len());
    if is_too_long || ends_early {
        out.truncate(start);
    }
}

/// Appends the text that a JSON value is here; says whether it may have line breaks.
fn put_data(payload: &[u8], out: &mut Vec<u8>) -> bool {
    let payload = payload.trim_ascii();
    match payload {
        [b'"', text @ .., b'"'] => put_unescaped(text, out),
        _ => {
            let json = std::str::from_utf8(payload).expect("a JSON text is UTF-8");
            out.extend_from_slice(compact(json).as_bytes());
            // Those inside its strings are escaped.
            false
        }
    }
}

/// Appends what a JSON string's text stands for.
fn put_unescaped(text: &[u8], out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let mut rest = text;
    while let Some(at) = memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        match rest.get(at + 1) {
            Some(plain @ (b'"' | b'\\' | b'/')) => out.push(*plain),
            // Anything else is for the library.
            _ => {
                out.truncate(start);
                let json = [b"\"", text, b"\""].concat();
                // Half a pair of surrogates is a JSON text and no text at all.
                let text = serde_json::from_slice::<String>(&json);
                out.extend_from_slice(text.as_ref().map_or(&json[..], |text| text.as_bytes()));
                return true;
            }
        }
        rest = &rest[at + 2..];
    }
    out.extend_from_slice(rest);
    false
}

/// Returns the payload that a client's data is: a JSON string.
#[must_use]
pub fn payload_of(data: &str) -> Vec<u8> {
    let mut payload = Vec::new();
    put_string(data, &mut payload);
    payload
}

/// Appends a message of the server's own words, which may have words of others among them, such as
/// the reason of a ban: a line feed becomes a blank, so that they cannot end the message, and what the
/// original client could not take (P-6) is cut off.
pub fn put_text(out: &mut Vec<u8>, text: &str) {
    let text = &text[..text.floor_char_boundary(MESSAGE_BYTES_MAX - END.len())];
    out.extend(text.bytes().map(|byte| if byte == b'\n' { b' ' } else { byte }));
    out.extend_from_slice(END);
}

/// Appends the answer to one that is back: its name and its topics, as many as the original client
/// can read at once (P-36, P-37). Topics of other dialects that cannot be said are left out.
pub fn put_restored<'a>(out: &mut Vec<u8>, name: &str, topics: impl IntoIterator<Item = &'a str>) {
    let start = out.len();
    put_text(out, &format!("{RESTORED}{name}"));
    let mut is_first = true;
    for topic in topics.into_iter().filter(|topic| can_be_said(topic)) {
        let blank = usize::from(!is_first);
        if RESTORED_BYTES_MAX < out.len() - start + blank + topic.len() + END.len() {
            break;
        }
        if !std::mem::take(&mut is_first) {
            out.push(b' ');
        }
        out.extend_from_slice(topic.as_bytes());
    }
    out.extend_from_slice(END);
}
