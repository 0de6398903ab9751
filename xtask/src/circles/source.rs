//! What one source file defines, declares, imports and names by path. What is compiled for tests only is left out.

use std::collections::BTreeSet;

use super::{
    cursor::Cursor,
    token::{Token, tokens},
};

/// A module as its text has it.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// Names of what is defined in it.
    pub(super) items: BTreeSet<String>,
    pub(super) children: Vec<Child>,
    pub(super) imports: Vec<Import>,
    /// Paths of two names or more that stand anywhere but in a `use`.
    pub(super) paths: Vec<Vec<String>>,
    /// Names that stand anywhere but in a `use`, unless they are a field's or a function's own.
    pub(super) words: BTreeSet<String>,
    /// Types that it implements methods or traits of.
    pub(super) implemented: BTreeSet<String>,
}

/// A `mod` declaration.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) name: String,
    pub(super) place: Place,
}

/// Where a module's text is.
#[derive(Debug)]
pub(super) enum Place {
    /// In a file of its own, whose name a `path` attribute may give.
    File(Option<String>),
    Inline(Module),
}

/// One name of a `use`, or all names of a module.
#[derive(Debug, Clone)]
pub(super) struct Import {
    pub(super) path: Vec<String>,
    /// The name that the importing module knows it by; `None` where it imports all names.
    pub(super) name: Option<String>,
    /// Whether it is handed on to other modules.
    pub(super) is_public: bool,
}

/// Reads a source file.
pub(super) fn parse(source: &str) -> Module {
    let tokens = tokens(source);
    let mut parser = Parser::new(Cursor { tokens: &tokens, at: 0 }, 0);
    parser.read();
    parser.module
}

/// Words before the name of what is defined.
const DEFINING: [&str; 10] =
    ["const", "enum", "fn", "macro_rules", "mod", "static", "struct", "trait", "type", "union"];

struct Parser<'t, 'a> {
    cursor: Cursor<'t, 'a>,
    /// How many brackets are open: names defined within one are not the module's.
    depth: usize,
    module: Module,
}

/// What stands before an item.
#[derive(Default)]
struct Attributes {
    is_for_tests: bool,
    path: Option<String>,
}

impl<'t, 'a> Parser<'t, 'a> {
    fn new(cursor: Cursor<'t, 'a>, depth: usize) -> Self {
        Self { cursor, depth, module: Module::default() }
    }

    /// Reads up to the end of the module: of the text, or the bracket that closes it.
    fn read(&mut self) {
        let mut is_public = false;
        let mut attributes = Attributes::default();
        while let Some(token) = self.cursor.peek(0) {
            match token {
                Token::Sign('#') => self.read_attribute(&mut attributes),
                Token::Sign('}') if self.depth == 0 => return,
                _ if attributes.is_for_tests => {
                    self.cursor.skip_item();
                    attributes = Attributes::default();
                }
                Token::Word("pub") => {
                    is_public = true;
                    self.cursor.skip_visibility();
                }
                // `use<'a>` in a type names lifetimes.
                Token::Word("use") if !self.cursor.is_sign(1, '<') => self.read_use(is_public),
                Token::Word("mod") if self.depth == 0 => self.read_module(attributes.path.take()),
                token => self.read_token(token),
            }
            if !matches!(token, Token::Sign('#') | Token::Word("pub")) {
                is_public = false;
                attributes = Attributes::default();
            }
        }
    }

    fn read_token(&mut self, token: Token<'a>) {
        match token {
            Token::Word("impl") if self.depth == 0 => {
                let mut cursor = self.cursor;
                self.module.implemented.extend(cursor.implemented().map(str::to_owned));
            }
            Token::Sign('{' | '(' | '[') => self.depth += 1,
            Token::Sign('}' | ')' | ']') => self.depth = self.depth.saturating_sub(1),
            Token::Word(word) => return self.read_word(word),
            Token::PathSeparator => return self.skip_foreign_path(),
            _ => {}
        }
        self.cursor.at += 1;
    }

    /// Passes the rest of a path whose beginning is a type in brackets, or another crate.
    fn skip_foreign_path(&mut self) {
        self.cursor.at += 1;
        while self.cursor.word(0).is_some() && self.cursor.peek(1) == Some(Token::PathSeparator) {
            self.cursor.at += 2;
        }
        self.cursor.at += usize::from(self.cursor.word(0).is_some());
    }

    /// Reads a definition's name, a path, or a single name.
    fn read_word(&mut self, word: &'a str) {
        if self.depth == 0 && DEFINING.contains(&word) {
            let mark = usize::from(self.cursor.is_sign(1, '!'));
            if let Some(name) = self.cursor.word(1 + mark)
                && !DEFINING.contains(&name)
            {
                self.module.items.insert(name.to_owned());
                self.cursor.at += 2 + mark;
                return;
            }
        }
        let mut path = vec![word.to_owned()];
        let before =
            self.cursor.at.checked_sub(1).and_then(|before| self.cursor.tokens.get(before));
        self.cursor.at += 1;
        while self.cursor.peek(0) == Some(Token::PathSeparator)
            && let Some(next) = self.cursor.word(1)
        {
            path.push(next.to_owned());
            self.cursor.at += 2;
        }
        let is_member = matches!(before, Some(Token::Sign('.') | Token::Word("fn")));
        if path.len() > 1 {
            self.module.paths.push(path);
        } else if !is_member && !self.cursor.is_sign(0, ':') {
            self.module.words.insert(word.to_owned());
        }
    }

    /// Reads `#[...]`, whose strings may be paths too.
    fn read_attribute(&mut self, attributes: &mut Attributes) {
        self.cursor.at += 1 + usize::from(self.cursor.is_sign(1, '!'));
        let start = self.cursor.at;
        self.cursor.skip_brackets();
        let tokens = &self.cursor.tokens[start..self.cursor.at];
        let has = |word| tokens.contains(&Token::Word(word));
        attributes.is_for_tests |= has("cfg") && has("test") && !has("not") && !has("any");
        if let [_, Token::Word("path"), Token::Sign('='), Token::Text(path), ..] = tokens {
            attributes.path = Some((*path).to_owned());
        }
        for token in tokens {
            if let Token::Text(text) = token {
                let path: Vec<String> = text.split("::").map(str::to_owned).collect();
                let is_name = |name: &String| name.chars().all(|c| c == '_' || c.is_alphanumeric());
                if path.len() > 1 && path.iter().all(is_name) {
                    self.module.paths.push(path);
                }
            }
        }
        let mut inner = Parser::new(Cursor { tokens, at: 1 }, 1);
        while let Some(token) = inner.cursor.peek(0) {
            inner.read_token(token);
        }
        self.module.paths.extend(inner.module.paths);
        self.module.words.extend(inner.module.words);
    }

    fn read_module(&mut self, path: Option<String>) {
        let name = self.cursor.word(1).unwrap_or_default().to_owned();
        self.cursor.at += 2;
        let place = if self.cursor.is_sign(0, '{') {
            self.cursor.at += 1;
            let mut inner = Parser::new(self.cursor, 0);
            inner.read();
            self.cursor.at = inner.cursor.at;
            Place::Inline(inner.module)
        } else {
            Place::File(path)
        };
        self.cursor.at += 1;
        self.module.children.push(Child { name, place });
    }

    fn read_use(&mut self, is_public: bool) {
        self.cursor.at += 1;
        // A path that begins with `::` is another crate's.
        let is_foreign = self.cursor.peek(0) == Some(Token::PathSeparator);
        let before = self.module.imports.len();
        self.read_use_tree(&[], is_public);
        if is_foreign {
            self.module.imports.truncate(before);
        }
        while self.cursor.peek(0).is_some_and(|token| token != Token::Sign(';')) {
            self.cursor.at += 1;
        }
        self.cursor.at += 1;
    }

    /// Reads one path of a `use`, and those in the braces at its end.
    fn read_use_tree(&mut self, prefix: &[String], is_public: bool) {
        let mut path = prefix.to_vec();
        loop {
            match self.cursor.peek(0) {
                Some(Token::PathSeparator) => self.cursor.at += 1,
                Some(Token::Word("self")) if !path.is_empty() => self.cursor.at += 1,
                Some(Token::Word(word)) if word != "as" => {
                    path.push(word.to_owned());
                    self.cursor.at += 1;
                }
                Some(Token::Sign('{')) => return self.read_use_list(&path, is_public),
                Some(Token::Sign('*')) => {
                    self.cursor.at += 1;
                    self.module.imports.push(Import { path, name: None, is_public });
                    return;
                }
                _ => break,
            }
        }
        let mut name = path.last().cloned();
        if self.cursor.word(0) == Some("as") {
            name = self.cursor.word(1).map(str::to_owned);
            self.cursor.at += 2;
        }
        if name.is_some() {
            self.module.imports.push(Import { path, name, is_public });
        }
    }

    fn read_use_list(&mut self, prefix: &[String], is_public: bool) {
        self.cursor.at += 1;
        while let Some(token) = self.cursor.peek(0) {
            match token {
                Token::Sign('}') => {
                    self.cursor.at += 1;
                    return;
                }
                Token::Sign(',') => self.cursor.at += 1,
                Token::Word(_) | Token::PathSeparator | Token::Sign('{' | '*') => {
                    self.read_use_tree(prefix, is_public);
                }
                _ => return,
            }
        }
    }
}
