//! Filters as people write them.

use super::{
    number::Number,
    term::{Operator, Term, Test, Value},
};

/// Most characters of a filter.
const CHARACTERS_MAX: usize = 256;
/// Most terms of a filter.
const TERMS_MAX: usize = 16;

/// What operators are called. Of two that begin alike the longer stands first.
const OPERATORS: [(&str, Operator); 15] = [
    ("==", Operator::Eq),
    ("=", Operator::Eq),
    ("!=", Operator::Ne),
    ("<=", Operator::Le),
    ("<", Operator::Lt),
    (">=", Operator::Ge),
    (">", Operator::Gt),
    ("eq", Operator::Eq),
    ("ne", Operator::Ne),
    ("lt", Operator::Lt),
    ("le", Operator::Le),
    ("gt", Operator::Gt),
    ("ge", Operator::Ge),
    ("contains", Operator::Contains),
    ("prefix", Operator::Prefix),
];

/// Why a text is no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FilterError {
    /// It is too long.
    #[error("the filter has more than {CHARACTERS_MAX} characters")]
    TooLong,
    /// It has too many terms.
    #[error("the filter has more than {TERMS_MAX} terms")]
    TooManyTerms,
    /// Something else is expected there.
    #[error("at character {place} of the filter there must be {expected}")]
    Expected {
        /// Which character, from 1.
        place: usize,
        /// What is missing.
        expected: &'static str,
    },
}

/// What is left to read of a filter.
struct Reader<'a> {
    all: &'a str,
    rest: &'a str,
}

/// Reads the terms of a filter.
pub(super) fn filter(text: &str) -> Result<Vec<Term>, FilterError> {
    if CHARACTERS_MAX < text.chars().count() {
        return Err(FilterError::TooLong);
    }
    let mut reader = Reader { all: text, rest: text };
    let mut terms = vec![reader.term()?];
    while reader.skip_space() {
        if !reader.take_word("and") {
            return Err(reader.expected("`and`, or the end"));
        }
        if terms.len() == TERMS_MAX {
            return Err(FilterError::TooManyTerms);
        }
        terms.push(reader.term()?);
    }
    Ok(terms)
}

impl<'a> Reader<'a> {
    fn term(&mut self) -> Result<Term, FilterError> {
        self.skip_space();
        let path = self.path()?;
        self.skip_space();
        if self.take_word("exists") {
            return Ok(Term { path, test: Test::Exists });
        }
        let operator = self.operator()?;
        self.skip_space();
        if operator == Operator::Prefix && !self.rest.starts_with('"') {
            return Err(self.expected("a text in double quotes"));
        }
        let value = self.value()?;
        Ok(Term { path, test: Test::Is(operator, value) })
    }

    /// Reads a pointer: as it is, up to a space or the sign of an operator, or as a text in quotes.
    fn path(&mut self) -> Result<Vec<String>, FilterError> {
        const EXPECTED: &str =
            "a JSON pointer, such as /temperature or /lines/0/sku, or \"\" for all";
        let begin = self.rest;
        let pointer = if self.rest.starts_with('"') {
            self.text(EXPECTED)?
        } else {
            let is_end = |c: char| c.is_whitespace() || "=!<>\"".contains(c);
            let end = self.rest.find(is_end).unwrap_or(self.rest.len());
            self.take(end).to_owned()
        };
        let is_quoted_empty = pointer.is_empty() && begin.starts_with('"');
        if !pointer.starts_with('/') && !is_quoted_empty {
            self.rest = begin;
            return Err(self.expected(EXPECTED));
        }
        let parts = pointer.split('/').skip(1).map(unescaped).collect::<Option<_>>();
        parts.ok_or_else(|| {
            self.rest = begin;
            self.expected("a JSON pointer, in which ~ stands only in ~0 (for ~) and ~1 (for /)")
        })
    }

    fn operator(&mut self) -> Result<Operator, FilterError> {
        for (word, operator) in OPERATORS {
            let is_sign = !word.as_bytes()[0].is_ascii_alphabetic();
            if is_sign && self.rest.starts_with(word) {
                self.take(word.len());
                return Ok(operator);
            }
            if !is_sign && self.take_word(word) {
                return Ok(operator);
            }
        }
        Err(self.expected("one of = != < <= > >= contains prefix exists"))
    }

    fn value(&mut self) -> Result<Value, FilterError> {
        const EXPECTED: &str = "a number, a text in double quotes, true, false or null";
        if self.rest.starts_with('"') {
            return self.text(EXPECTED).map(Value::Text);
        }
        let end = self.rest.find(char::is_whitespace).unwrap_or(self.rest.len());
        let word = &self.rest[..end];
        let value = match word {
            "null" => Some(Value::Null),
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => Number::of(word).map(Value::Number),
        };
        let value = value.ok_or_else(|| self.expected(EXPECTED))?;
        self.take(end);
        Ok(value)
    }

    /// Reads a text in double quotes, as JSON writes it.
    fn text(&mut self, expected: &'static str) -> Result<String, FilterError> {
        let mut texts = serde_json::Deserializer::from_str(self.rest).into_iter::<String>();
        let Some(Ok(text)) = texts.next() else { return Err(self.expected(expected)) };
        let end = texts.byte_offset();
        self.take(end);
        Ok(text)
    }

    /// Takes a word with nothing behind it that belongs to it.
    fn take_word(&mut self, word: &str) -> bool {
        let Some(behind) = self.rest.strip_prefix(word) else { return false };
        let is_whole =
            behind.is_empty() || behind.starts_with(|c: char| c.is_whitespace() || c == '"');
        if is_whole {
            self.rest = behind;
        }
        is_whole
    }

    fn take(&mut self, end: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// Passes over space; says whether anything is left.
    fn skip_space(&mut self) -> bool {
        self.rest = self.rest.trim_start();
        !self.rest.is_empty()
    }

    fn expected(&self, expected: &'static str) -> FilterError {
        let read = &self.all[..self.all.len() - self.rest.len()];
        FilterError::Expected { place: read.chars().count() + 1, expected }
    }
}

/// Reads a part of a pointer (RFC 6901); `None` where a `~` stands for nothing.
fn unescaped(part: &str) -> Option<String> {
    let mut pieces = part.split('~');
    let mut text = pieces.next()?.to_owned();
    for piece in pieces {
        let (sign, rest) = match piece.as_bytes().first()? {
            b'0' => ('~', &piece[1..]),
            b'1' => ('/', &piece[1..]),
            _ => return None,
        };
        text.push(sign);
        text.push_str(rest);
    }
    Some(text)
}
