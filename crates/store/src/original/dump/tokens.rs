//! The words, numbers and texts of SQL as a dump has them.

use rusqlite::types::Value;

/// A piece of a statement.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name, a word of SQL or a number.
    Word(String),
    /// A text.
    Text(String),
    Open,
    Close,
    Comma,
    /// Something else, of no interest.
    Other,
}

/// The pieces of a statement, one behind the other.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(statement: &'a str) -> Self {
        Tokens { rest: statement }
    }

    /// Returns the next piece, if it is a word, in lower case.
    pub(super) fn word(&mut self) -> Option<String> {
        match self.peek() {
            Some(Token::Word(word)) => {
                self.next();
                Some(word.to_ascii_lowercase())
            }
            _ => None,
        }
    }

    /// Returns the next piece and leaves it there.
    pub(super) fn peek(&self) -> Option<Token> {
        Tokens { rest: self.rest }.next()
    }

    /// Returns the values of the next row, which is between parentheses.
    pub(super) fn row(&mut self) -> Option<Result<Vec<Option<Value>>, String>> {
        loop {
            match self.next()? {
                Token::Open => break,
                Token::Comma => {}
                _ => return None,
            }
        }
        let mut values = Vec::new();
        loop {
            match self.next() {
                Some(Token::Word(word)) if word.starts_with('_') => {} // The character set of a text.
                Some(Token::Word(word)) => values.push(value(&word)),
                Some(Token::Text(text)) => values.push(Some(Value::Text(text))),
                Some(Token::Comma) => {}
                Some(Token::Close) => return Some(Ok(values)),
                other => return Some(Err(format!("{other:?} stands for a value"))),
            }
        }
    }

    fn text(&mut self, quote: char) -> String {
        let mut text = String::new();
        let mut characters = self.rest.char_indices().skip(1).peekable();
        let mut end = self.rest.len();
        while let Some((place, character)) = characters.next() {
            if character == quote {
                if characters.next_if(|(_, next)| *next == quote).is_none() {
                    end = place + quote.len_utf8();
                    break;
                }
                text.push(quote);
            } else if character == '\\' && quote != '`' {
                let Some((_, escaped)) = characters.next() else { break };
                text.push(unescaped(escaped));
            } else {
                text.push(character);
            }
        }
        self.rest = &self.rest[end..];
        text
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        self.rest = self.rest.trim_start();
        let first = self.rest.chars().next()?;
        match first {
            '\'' | '"' => Some(Token::Text(self.text(first))),
            '`' => Some(Token::Word(self.text(first))),
            _ if is_of_a_word(first) => {
                let end = self.rest.find(|c| !is_of_a_word(c)).unwrap_or(self.rest.len());
                let (word, rest) = self.rest.split_at(end);
                self.rest = rest;
                Some(Token::Word(word.to_owned()))
            }
            _ => {
                self.rest = &self.rest[first.len_utf8()..];
                Some(match first {
                    '(' => Token::Open,
                    ')' => Token::Close,
                    ',' => Token::Comma,
                    _ => Token::Other,
                })
            }
        }
    }
}

fn is_of_a_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '.' | '-' | '+' | '$')
}

/// Returns what a letter behind a backslash stands for.
fn unescaped(character: char) -> char {
    match character {
        '0' => '\0',
        'b' => '\u{8}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'Z' => '\u{1a}',
        other => other,
    }
}

/// Returns what a word stands for where a value is: a number, bytes in hexadecimal; `None` for NULL.
fn value(word: &str) -> Option<Value> {
    if let Some(digits) = word.strip_prefix("0x") {
        let pairs = digits.as_bytes().chunks(2);
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Option<Vec<u8>> = pairs.map(byte).collect();
        return bytes.and_then(|bytes| String::from_utf8(bytes).ok()).map(Value::Text);
    }
    let integer = word.parse().ok().map(Value::Integer);
    integer.or_else(|| word.parse().ok().map(Value::Real))
}
