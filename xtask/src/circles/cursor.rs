//! A place in a file's tokens.

use super::token::Token;

/// The tokens of a file, and how many have been passed.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'t, 'a> {
    pub(super) tokens: &'t [Token<'a>],
    pub(super) at: usize,
}

impl<'a> Cursor<'_, 'a> {
    /// Returns a token without passing it.
    pub(super) fn peek(&self, ahead: usize) -> Option<Token<'a>> {
        self.tokens.get(self.at + ahead).copied()
    }

    pub(super) fn word(&self, ahead: usize) -> Option<&'a str> {
        match self.peek(ahead) {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    pub(super) fn is_sign(&self, ahead: usize, sign: char) -> bool {
        self.peek(ahead) == Some(Token::Sign(sign))
    }

    /// Passes `pub` and what says for whom.
    pub(super) fn skip_visibility(&mut self) {
        self.at += 1;
        let is_limited = matches!(self.word(1), Some("crate" | "super" | "self" | "in"));
        if self.is_sign(0, '(') && is_limited {
            self.skip_brackets();
        }
    }

    /// Passes a bracket and everything up to the one that closes it.
    pub(super) fn skip_brackets(&mut self) {
        let mut depth = 0;
        while let Some(token) = self.peek(0) {
            self.at += 1;
            match token {
                Token::Sign('{' | '(' | '[') => depth += 1,
                Token::Sign('}' | ')' | ']') => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// Passes what an attribute stands before: an item, a statement, a field or an arm of a match.
    pub(super) fn skip_item(&mut self) {
        if self.word(0) == Some("pub") {
            self.skip_visibility();
        }
        let first = self.word(0).unwrap_or_default();
        let ends_with_body = matches!(
            first,
            "async"
                | "enum"
                | "fn"
                | "impl"
                | "macro_rules"
                | "mod"
                | "struct"
                | "trait"
                | "unsafe"
        ) || (first == "const" && self.word(1) == Some("fn"));
        let ends_with_comma =
            !matches!(first, "const" | "extern" | "let" | "static" | "type" | "use");
        while let Some(token) = self.peek(0) {
            match token {
                Token::Sign('}' | ')' | ']') => return,
                Token::Sign('{') if ends_with_body => return self.skip_brackets(),
                Token::Sign('{' | '(' | '[') => self.skip_brackets(),
                Token::Sign(';') => break,
                Token::Sign(',') if ends_with_comma && !ends_with_body => break,
                _ => self.at += 1,
            }
        }
        self.at += 1;
    }

    /// Returns the type of an `impl`, which is the last name before its body or conditions that
    /// stands in no angle bracket.
    pub(super) fn implemented(&mut self) -> Option<&'a str> {
        let mut depth = 0;
        let mut name = None;
        loop {
            self.at += 1;
            match self.peek(0)? {
                Token::Sign('{') | Token::Word("where") => return name,
                Token::Sign('<') => depth += 1,
                // An arrow closes no bracket.
                Token::Sign('>') if self.tokens[self.at - 1] != Token::Sign('-') => depth -= 1,
                Token::Word(word) if depth == 0 => name = Some(word),
                _ => {}
            }
        }
    }
}
