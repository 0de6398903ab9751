//! Rust's text as words and signs, without comments: as much of its grammar as imports need.

/// A piece of source text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name or a keyword.
    Word(&'a str),
    /// What stands between the quotes of a string.
    Text(&'a str),
    /// `::`.
    PathSeparator,
    /// Any other character that is neither space nor part of a number, a character or a lifetime.
    Sign(char),
}

/// Returns the tokens of a source file.
pub(super) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer { source, at: 0 };
    let mut tokens = Vec::new();
    while let Some(first) = lexer.rest().chars().next() {
        tokens.extend(lexer.next_token(first));
    }
    tokens
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    /// Takes the next bytes, or what is left of them.
    fn take(&mut self, bytes: usize) -> &'a str {
        let rest = self.rest();
        let taken = &rest[..bytes.min(rest.len())];
        self.at += taken.len();
        taken
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        self.take(rest.find(|c| !belongs(c)).unwrap_or(rest.len()))
    }

    /// Takes everything up to an end and the end itself; returns what stands before it.
    fn take_past(&mut self, end: &str) -> &'a str {
        let rest = self.rest();
        let length = rest.find(end).unwrap_or(rest.len());
        self.take(length + end.len());
        &rest[..length]
    }

    fn next_token(&mut self, first: char) -> Option<Token<'a>> {
        let rest = self.rest();
        if rest.starts_with("//") {
            self.take_past("\n");
            None
        } else if rest.starts_with("/*") {
            self.skip_block_comment();
            None
        } else if rest.starts_with("::") {
            self.take(2);
            Some(Token::PathSeparator)
        } else if first == '"' {
            Some(Token::Text(self.take_string()))
        } else if first == '\'' {
            self.skip_character_or_lifetime();
            None
        } else if first.is_ascii_digit() {
            self.take_while(is_word);
            None
        } else if is_word(first) {
            Some(self.take_word())
        } else {
            self.take(first.len_utf8());
            (!first.is_whitespace()).then_some(Token::Sign(first))
        }
    }

    /// Block comments stand within each other.
    fn skip_block_comment(&mut self) {
        let mut depth = 0;
        while !self.rest().is_empty() {
            if self.rest().starts_with("/*") {
                depth += 1;
                self.take(2);
            } else if self.rest().starts_with("*/") {
                depth -= 1;
                self.take(2);
                if depth == 0 {
                    return;
                }
            } else {
                self.take_while(|c| c != '/' && c != '*');
                let is_mark = self.rest().starts_with("/*") || self.rest().starts_with("*/");
                self.take(usize::from(!is_mark));
            }
        }
    }

    fn take_string(&mut self) -> &'a str {
        self.take(1);
        let text = self.rest();
        let mut is_escaped = false;
        let end = text.find(|c| {
            let is_end = c == '"' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            is_end
        });
        let length = end.unwrap_or(text.len());
        self.take(length + 1);
        &text[..length]
    }

    /// Tells `'a'` from `'a`: a character has its closing quote right behind it.
    fn skip_character_or_lifetime(&mut self) {
        self.take(1);
        let mut characters = self.rest().chars();
        let first = characters.next().map_or(0, char::len_utf8);
        if self.rest().starts_with('\\') {
            self.take(2);
            self.take_past("'");
        } else if characters.next() == Some('\'') {
            self.take(first + 1);
        } else {
            self.take_while(is_word);
        }
    }

    /// Takes a word, or what a word begins: a raw string or a raw name.
    fn take_word(&mut self) -> Token<'a> {
        let word = self.take_while(is_word);
        let hashes = self.rest().len() - self.rest().trim_start_matches('#').len();
        let is_raw = matches!(word, "r" | "br" | "cr");
        if is_raw && self.rest()[hashes..].starts_with('"') {
            self.take(hashes + 1);
            return Token::Text(self.take_past(&format!("\"{}", "#".repeat(hashes))));
        }
        if word == "r" && hashes == 1 {
            self.take(1);
            return Token::Word(self.take_while(is_word));
        }
        Token::Word(word)
    }
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}
