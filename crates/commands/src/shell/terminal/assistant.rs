//! What helps with a line: completion, hints, and how it is drawn.

use std::borrow::Cow;
use std::sync::Arc;

use rialto_client::shown::is_shown;
use rustyline::completion::Completer;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper};

use super::super::colour::Colour;
use super::super::grammar::Grammar;
use super::super::seen::Seen;
use super::complete::{Names, candidates};
use super::gate::Gate;
use super::hint::{LineHint, hint};

/// Helps with lines of one grammar.
pub(super) struct Assistant {
    grammar: Grammar,
    has_colours: bool,
    seen: Seen,
    gate: Arc<Gate>,
}

impl Assistant {
    pub(super) fn new(grammar: Grammar, has_colours: bool, seen: Seen, gate: Arc<Gate>) -> Self {
        Assistant { grammar, has_colours, seen, gate }
    }

    fn paint<'a>(&self, colour: Colour, text: &'a str) -> Cow<'a, str> {
        if self.has_colours { Cow::Owned(colour.paint(text)) } else { Cow::Borrowed(text) }
    }
}

impl Helper for Assistant {}

impl Validator for Assistant {}

impl Completer for Assistant {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let names = Names { channels: self.seen.channels(), clients: self.seen.clients() };
        Ok(candidates(&line[..pos], self.grammar, &names))
    }
}

impl Hinter for Assistant {
    type Hint = LineHint;

    /// Called whenever a line is begun or has changed, with the terminal in the editor's mode.
    fn hint(&self, line: &str, pos: usize, _: &Context<'_>) -> Option<LineHint> {
        self.gate.open();
        if pos == line.len() { hint(line, self.grammar) } else { None }
    }
}

impl Highlighter for Assistant {
    /// Leaves out what the terminal would obey, which has no width for the editor either.
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        let may_stay = |c: char| is_shown(c) || matches!(c, '\n' | '\t');
        let line = if line.chars().all(may_stay) {
            Cow::Borrowed(line)
        } else {
            Cow::Owned(line.chars().filter(|c| may_stay(*c)).collect())
        };
        let Some(word) = line.split_whitespace().next() else { return line };
        if !self.has_colours || self.grammar.find(word).is_none() {
            return line;
        }
        let (before, rest) = line.split_at(line.len() - line.trim_start().len());
        Cow::Owned(format!("{before}{}{}", Colour::Verb.paint(word), &rest[word.len()..]))
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        self.gate.note_drawn();
        self.paint(Colour::Prompt, prompt)
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        self.paint(Colour::Talk, hint)
    }

    fn highlight_char(&self, line: &str, _: usize, kind: CmdKind) -> bool {
        // The first word changes its looks with every letter.
        self.has_colours && kind != CmdKind::MoveCursor && !line.trim_start().contains(' ')
    }
}
