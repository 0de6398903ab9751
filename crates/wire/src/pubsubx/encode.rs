//! PubSubX's messages from the server.

use super::frame::{END, MESSAGE_BYTES_MAX};
use crate::json::{Text, compact};

/// Bytes the first answer to one that is back may have, since the original client reads it at once
/// (P-37).
const RESTORED_BYTES_MAX: usize = 1024;

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
        let can_be_said = !topic.contains(' ') && !topic.contains("\n\nx");
        Envelope { head: can_be_said.then(|| format!("{topic} ")) }
    }
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
    put_data(payload, out);
    let is_too_long = MESSAGE_BYTES_MAX < out.len() - start + END.len();
    // Neither text nor topic may end the message before its end: it would forge what follows.
    out.extend_from_slice(END);
    let ends_early =
        memchr::memmem::find(&out[start..], END) != Some(out.len() - start - END.len());
    if is_too_long || ends_early {
        out.truncate(start);
    }
}

fn put_data(payload: &[u8], out: &mut Vec<u8>) {
    let payload = payload.trim_ascii();
    let is_plain = |text: &[u8]| memchr::memchr(b'\\', text).is_none();
    match payload {
        [b'"', text @ .., b'"'] if is_plain(text) => out.extend_from_slice(text),
        [b'"', ..] => {
            if let Ok(Text(text)) = serde_json::from_slice(payload) {
                out.extend_from_slice(text.as_bytes());
            }
        }
        _ => {
            let json = std::str::from_utf8(payload).expect("a JSON text is UTF-8");
            out.extend_from_slice(compact(json).as_bytes());
        }
    }
}

/// Appends a message of the server's own words.
pub fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(END);
}

/// Appends the answer to one that is back: its name and its topics, as many as the original client
/// can read at once (P-36, P-37).
pub fn put_restored<'a>(out: &mut Vec<u8>, name: &str, topics: impl IntoIterator<Item = &'a str>) {
    let start = out.len();
    put_text(out, &format!("RESTORED {name}"));
    let mut is_first = true;
    for topic in topics {
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
