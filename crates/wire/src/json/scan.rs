//! A quick way through JSON of ordinary form.
//!
//! One pass over text that is already known to be UTF-8. It accepts a strict subset of valid JSON
//! (no escapes, no exponents); for anything else it answers `None` and a general parser decides.
//! The property tests of the codecs that use it hold it to that.

use serde::Deserialize;
use serde_json::value::RawValue;

/// Nesting is kept as bits of one word: set for an object, clear for an array.
const DEPTH_MAX: usize = 64;
/// Bytes looked at in one step inside strings; measured best of 8, 16, 32 and 64.
const STRIDE: usize = 16;
/// Bytes looked at in one step behind the last whole stride, as one number.
const WORD: usize = 8;

/// Reads JSON from front to back.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    depth_max: usize,
}

impl<'a> Scanner<'a> {
    /// Begins at the front of a text that may nest `depth_max` levels deep in each value.
    pub(crate) fn new(text: &'a str, depth_max: usize) -> Self {
        Scanner { text, at: 0, depth_max: depth_max.min(DEPTH_MAX) }
    }

    /// Says whether nothing but blanks is left.
    pub(crate) fn is_at_end(&mut self) -> bool {
        self.skip_blanks();
        self.at == self.text.len()
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Takes `expected`, with blanks around it.
    #[inline]
    pub(crate) fn token(&mut self, expected: u8) -> Option<()> {
        self.skip_blanks();
        if self.peek()? != expected {
            return None;
        }
        self.at += 1;
        self.skip_blanks();
        Some(())
    }

    /// Takes a member's key and its colon.
    #[inline]
    pub(crate) fn key(&mut self) -> Option<&'a str> {
        let key = self.string()?;
        self.token(b':')?;
        Some(key)
    }

    /// Takes the comma before another member or the brace that ends the object.
    #[inline]
    pub(crate) fn ends_members(&mut self) -> Option<bool> {
        self.skip_blanks();
        let byte = self.peek()?;
        self.at += 1;
        self.skip_blanks();
        match byte {
            b',' => Some(false),
            b'}' => Some(true),
            _ => None,
        }
    }

    /// Takes the number 0 or 1.
    #[inline]
    pub(crate) fn bit(&mut self) -> Option<bool> {
        let bit = match self.peek()? {
            b'0' => false,
            b'1' => true,
            _ => return None,
        };
        self.at += 1;
        // A longer number is not a bit; what follows must be a comma, a brace or a blank.
        (!matches!(self.peek()?, b'0'..=b'9' | b'.' | b'e' | b'E')).then_some(bit)
    }

    /// Takes a string without escapes and returns what is between the quotes.
    #[inline]
    pub(crate) fn string(&mut self) -> Option<&'a str> {
        if self.peek()? != b'"' {
            return None;
        }
        let start = self.at + 1;
        let rest = &self.text.as_bytes()[start..];
        let end = start + plain_bytes(rest);
        if *self.text.as_bytes().get(end)? != b'"' {
            return None;
        }
        self.at = end + 1;
        self.text.get(start..end)
    }

    /// Takes any value that is valid, nested and escaped as it may be.
    #[inline]
    pub(crate) fn raw(&mut self) -> Option<&'a RawValue> {
        let rest = self.text.get(self.at..)?;
        let mut values = serde_json::Deserializer::from_str(rest);
        let raw = <&RawValue>::deserialize(&mut values).ok()?;
        self.at += raw.get().len();
        Some(raw)
    }

    /// Takes any value and returns its text.
    pub(crate) fn value(&mut self) -> Option<&'a str> {
        let start = self.at;
        let mut objects = 0_u64;
        let mut depth = 0;
        loop {
            let opened = match self.peek()? {
                open @ (b'{' | b'[') => {
                    if depth == self.depth_max {
                        return None;
                    }
                    depth += 1;
                    objects = objects << 1 | u64::from(open == b'{');
                    self.at += 1;
                    self.skip_blanks();
                    !matches!(self.peek()?, b'}' | b']')
                }
                _ => {
                    self.scalar()?;
                    false
                }
            };
            if !opened && self.close_finished(&mut objects, &mut depth)? {
                return self.text.get(start..self.at);
            }
            if objects & 1 == 1 && depth > 0 {
                self.key()?;
            }
        }
    }

    /// Behind a value: closes what ends here; says whether the outermost value is complete.
    fn close_finished(&mut self, objects: &mut u64, depth: &mut usize) -> Option<bool> {
        loop {
            if *depth == 0 {
                return Some(true);
            }
            self.skip_blanks();
            let close = if *objects & 1 == 1 { b'}' } else { b']' };
            match self.peek()? {
                b',' => {
                    // `[1,]` and `{,` are for the general parser to refuse.
                    self.at += 1;
                    self.skip_blanks();
                    return (!matches!(self.peek()?, b'}' | b']')).then_some(false);
                }
                byte if byte == close => self.at += 1,
                _ => return None,
            }
            *objects >>= 1;
            *depth -= 1;
        }
    }

    fn scalar(&mut self) -> Option<()> {
        let rest = &self.text[self.at..];
        match self.peek()? {
            b'"' => _ = self.string()?,
            b't' if rest.starts_with("true") => self.at += 4,
            b'f' if rest.starts_with("false") => self.at += 5,
            b'n' if rest.starts_with("null") => self.at += 4,
            b'-' | b'0'..=b'9' => self.number()?,
            _ => return None,
        }
        Some(())
    }

    /// Takes a number without exponent.
    fn number(&mut self) -> Option<()> {
        if self.peek()? == b'-' {
            self.at += 1;
        }
        let leading_zero = self.peek()? == b'0';
        let whole_digits = self.digits();
        if whole_digits == 0 || (leading_zero && whole_digits > 1) {
            return None;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return None;
            }
        }
        (!matches!(self.peek(), Some(b'e' | b'E'))).then_some(())
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }
}

/// Counts the bytes before the first quote, backslash or control character.
// Always: left to itself the compiler calls it, for 3 % of a message's time.
#[inline(always)]
pub(super) fn plain_bytes(bytes: &[u8]) -> usize {
    let is_special = |&byte: &u8| (byte == b'"') | (byte == b'\\') | (byte < 0x20);
    let mut plain = 0;
    // Folding without an early exit lets the compiler compare a whole stride at once.
    for stride in bytes.chunks_exact(STRIDE) {
        if stride.iter().fold(false, |found, byte| found | is_special(byte)) {
            break;
        }
        plain += STRIDE;
    }
    for word in bytes[plain..].chunks_exact(WORD) {
        let special = special_bytes(word);
        if special != 0 {
            return plain + special.trailing_zeros() as usize / 8;
        }
        plain += WORD;
    }
    plain + bytes[plain..].iter().position(is_special).unwrap_or(bytes.len() - plain)
}

/// Marks the quotes, backslashes and control characters of a word of bytes by their highest bits, of
/// which the lowest is right: a borrow marks bytes above a special one only.
#[inline]
fn special_bytes(bytes: &[u8]) -> u64 {
    const ONES: u64 = u64::MAX / 0xff;
    let word = bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word;
    let equal = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (equal(b'"') | equal(b'\\') | below(word, 0x20)) & (ONES * 0x80)
}

#[cfg(test)]
mod tests;
