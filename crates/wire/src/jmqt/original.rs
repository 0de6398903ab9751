//! How the original Python client writes its packets, by which it is told from all others.
//!
//! It dumps dictionaries with the standard library's defaults: `", "` and `": "` between tokens, ASCII
//! only, always the same keys in the same order. Other programs may write so too; what only one of
//! them writes, such as a `sub` without `pr`, proves that it is another. Read [`opens`] first.

/// Begins of the packets with which it opens a connection.
const OPENINGS: [&[u8]; 2] = [b"{\"auth\": {\"dt\": ", b"{\"conn\": {\"at\": "];

/// A packet of the original Python client, as far as its server has to tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `auth`
    Auth,
    /// `conn`
    Conn,
    /// `hb`
    Heartbeat,
    /// Any other.
    Other,
}

/// Says whether a connection that begins with these bytes may be the original Python client's, as far
/// as they go.
#[must_use]
pub fn may_open(bytes: &[u8]) -> bool {
    OPENINGS.iter().any(|opening| bytes.starts_with(opening))
}

/// Says whether what was read first of a connection is one whole frame, its NUL included, that the
/// original Python client could have written.
#[must_use]
pub fn opens(bytes: &[u8]) -> bool {
    let Some((0, frame)) = bytes.split_last() else { return false };
    matches!(kind(frame), Some(Kind::Auth | Kind::Conn))
}

/// Returns what a frame, without its NUL, is to the original Python client; `None` if that would never
/// have written it.
///
/// # Cost
/// One pass over the frame.
#[must_use]
pub fn kind(frame: &[u8]) -> Option<Kind> {
    let mut text = Text { rest: frame };
    text.literal("{\"")?;
    let kind = match text.until_quote()? {
        b"auth" => text.literal(": {\"dt\": ").and_then(|()| text.value()).map(|()| Kind::Auth)?,
        b"conn" => {
            text.literal(": {\"at\": ")?;
            text.string()?;
            text.literal(", \"cl\": ")?;
            text.string()?;
            Kind::Conn
        }
        b"hb" => text.literal(": {").map(|()| Kind::Heartbeat)?,
        b"disconn" => text.literal(": {").map(|()| Kind::Other)?,
        b"unsub" => {
            text.literal(": {\"cn\": ").and_then(|()| text.string()).map(|_| Kind::Other)?
        }
        b"pushAck" => {
            text.literal(": {\"id\": ").and_then(|()| text.string()).map(|_| Kind::Other)?
        }
        b"sub" => Subscribe::default().read(&mut text)?,
        b"pub" => Publish::default().read(&mut text)?,
        _ => return None,
    };
    text.literal("}}")?;
    text.rest.is_empty().then_some(kind)
}

/// Says whether a frame, without its NUL, acknowledges a push, whoever wrote it.
#[must_use]
pub fn is_push_ack(frame: &[u8]) -> bool {
    let rest = frame.trim_ascii_start().strip_prefix(b"{").unwrap_or_default();
    rest.trim_ascii_start().starts_with(b"\"pushAck\"")
}

/// Says whether a frame of this server, without its NUL, is a push that is to be acknowledged.
#[must_use]
pub fn is_owed_push(frame: &[u8]) -> bool {
    // A payload that ends like this has at least one more brace behind it.
    frame.starts_with(b"{\"push\":") && frame.ends_with(b"\",\"q\":1}}")
}

/// What a `sub` has: both, always. Python 2 orders them by their hashes.
#[derive(Default)]
struct Subscribe {
    has_channel: bool,
    has_persistence: bool,
}

impl Subscribe {
    fn read(mut self, text: &mut Text<'_>) -> Option<Kind> {
        text.members(|key, text| match key {
            b"cn" => text.string().map(|_| self.has_channel = true),
            b"pr" => matches!(text.digits()?, b"0" | b"1").then(|| self.has_persistence = true),
            _ => None,
        })?;
        (self.has_channel && self.has_persistence).then_some(Kind::Other)
    }
}

/// What a `pub` has: `q` and `id` or neither, `id` alone to a control channel, `rt` only where it is on.
#[derive(Default)]
struct Publish {
    has_channel: bool,
    is_control: bool,
    has_payload: bool,
    has_qos: bool,
    has_id: bool,
}

impl Publish {
    fn read(mut self, text: &mut Text<'_>) -> Option<Kind> {
        text.members(|key, text| match key {
            b"cn" => {
                self.is_control = text.string()?.starts_with(b"$");
                self.has_channel = true;
                Some(())
            }
            b"dt" => text.value().map(|()| self.has_payload = true),
            b"q" => (text.digits()? != b"0").then(|| self.has_qos = true),
            // It counts its packets.
            b"id" => {
                let is_number = text.string()?.iter().all(u8::is_ascii_digit);
                is_number.then(|| self.has_id = true)
            }
            b"rt" => (text.digits()? == b"1").then_some(()),
            _ => None,
        })?;
        let is_marked = if self.is_control {
            self.has_id && !self.has_qos
        } else {
            self.has_id == self.has_qos
        };
        (self.has_channel && self.has_payload && is_marked).then_some(Kind::Other)
    }
}

/// What is left of a frame; each step is `None` where Python would have written something else.
struct Text<'a> {
    rest: &'a [u8],
}

impl<'a> Text<'a> {
    fn literal(&mut self, literal: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(literal.as_bytes())?;
        Some(())
    }

    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(count);
        self.rest = rest;
        taken
    }

    /// Takes a key up to the quote behind it, and that quote.
    fn until_quote(&mut self) -> Option<&'a [u8]> {
        let end = self.rest.iter().position(|&byte| byte == b'"')?;
        let key = self.take(end);
        self.take(1);
        Some(key)
    }

    /// Takes the members of the packet's object, up to the brace that ends it.
    fn members(&mut self, mut take: impl FnMut(&[u8], &mut Self) -> Option<()>) -> Option<()> {
        self.literal(": {\"")?;
        loop {
            let key = self.until_quote()?;
            self.literal(": ")?;
            take(key, self)?;
            if self.literal(", \"").is_none() {
                return Some(());
            }
        }
    }

    fn digits(&mut self) -> Option<&'a [u8]> {
        let count = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        (0 < count).then(|| self.take(count))
    }

    /// Takes a string and returns what is between its quotes.
    fn string(&mut self) -> Option<&'a [u8]> {
        self.literal("\"")?;
        let mut count = 0;
        loop {
            count += match self.rest.get(count..)? {
                [b'"', ..] => break,
                [b'\\', b'u', digits @ ..] if digits.iter().take(4).all(is_lower_hex) => 6,
                [b'\\', b'"' | b'\\' | b'n' | b'r' | b't' | b'b' | b'f', ..] => 2,
                [b'\\' | 0..0x20 | 0x80.., ..] | [] => return None,
                _ => 1,
            };
        }
        let string = self.take(count);
        self.take(1);
        Some(string)
    }

    /// Takes a value. That it is JSON at all is somebody else's to find out.
    fn value(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match *self.rest.first()? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' | b',' if depth == 0 => return Some(()),
                b'}' | b']' => depth -= 1,
                b',' | b':' => {
                    self.take(1);
                    self.literal(" ")?;
                    continue;
                }
                0..=b' ' | 0x7f.. => return None,
                _ => {}
            }
            self.take(1);
        }
    }
}

fn is_lower_hex(byte: &u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests;
