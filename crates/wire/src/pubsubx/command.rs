//! From a message to what a client wants (P-8 to P-10).

/// What a client sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command<'a> {
    /// Opens a session.
    Connect {
        /// Whose; empty if it has no name.
        name: &'a str,
        /// What proves it, where that is asked for.
        token: &'a str,
    },
    /// Says goodbye.
    Disconnect,
    /// Publishes data, any text, on a topic.
    Publish {
        /// Where.
        topic: &'a str,
        /// What.
        data: &'a str,
    },
    /// Wants what is published on a topic.
    Subscribe(&'a str),
    /// Wants no more of it.
    Unsubscribe(&'a str),
    /// Nothing that means anything: to be ignored within a session.
    Unknown,
}

/// Decodes a message.
#[must_use]
pub fn decode(frame: &[u8]) -> Command<'_> {
    let Ok(text) = simdutf8::basic::from_utf8(frame) else { return Command::Unknown };
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let (name, data) = rest.split_once(' ').unwrap_or((rest, ""));
    match word {
        "CONNECT" => Command::Connect { name, token: data },
        "DISCONNECT" => Command::Disconnect,
        "PUBLISH" if !name.is_empty() => Command::Publish { topic: name, data },
        "SUBSCRIBE" if !name.is_empty() => Command::Subscribe(name),
        "UNSUBSCRIBE" if !name.is_empty() => Command::Unsubscribe(name),
        _ => Command::Unknown,
    }
}
