//! What may follow on a line, shown behind it. Pure.

use rustyline::hint::Hint;

use super::super::grammar::Grammar;

/// Bytes of a line that is still one somebody types word by word.
const LINE_BYTES_MAX: usize = 1_000;

/// What may follow.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LineHint {
    text: String,
    /// Whether it is taken over by the arrow key: the rest of a name is, what describes words is not.
    is_literal: bool,
}

impl Hint for LineHint {
    fn display(&self) -> &str {
        &self.text
    }

    fn completion(&self) -> Option<&str> {
        self.is_literal.then_some(&self.text)
    }
}

/// Returns what may follow `line`, on which the cursor is at the end.
pub(super) fn hint(line: &str, grammar: Grammar) -> Option<LineHint> {
    if line.is_empty() || LINE_BYTES_MAX < line.len() || line.contains('\n') {
        return None;
    }
    match line.split_once(char::is_whitespace) {
        None => rest_of_name(line, grammar),
        Some((command, words)) => usage(command, words, grammar),
    }
}

/// Returns the rest of the only command that begins so.
fn rest_of_name(word: &str, grammar: Grammar) -> Option<LineHint> {
    let lower = word.to_lowercase();
    let mut names = grammar.entries().iter().map(|entry| entry.name().to_lowercase());
    let name = names.find(|name| name.starts_with(&*lower))?;
    if names.any(|name| name.starts_with(&*lower)) {
        return None;
    }
    let rest = &name[lower.len()..];
    let is_upper = !word.contains(|c: char| c.is_lowercase());
    let text = if is_upper { rest.to_uppercase() } else { rest.to_owned() };
    (!text.is_empty()).then_some(LineHint { text, is_literal: true })
}

/// Returns how the command goes on behind the words that are there.
fn usage(command: &str, words: &str, grammar: Grammar) -> Option<LineHint> {
    let entry = grammar.find(command)?;
    if !words.is_empty() && !words.ends_with(char::is_whitespace) {
        return None;
    }
    let count = words.split_whitespace().filter(|word| !word.starts_with("--")).count();
    let text: Vec<&str> = entry.usage.split(' ').skip(count).collect();
    let text = text.join(" ");
    (!text.is_empty()).then_some(LineHint { text, is_literal: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<(&str, bool)>) {
        let found = hint(line, Grammar::Jmqt);
        let expected =
            expected.map(|(text, is_literal)| LineHint { text: text.to_owned(), is_literal });
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn the_only_command_that_begins_so_is_offered_and_then_what_it_takes() {
        check("pu", Some(("blish", true)));
        check("PU", Some(("BLISH", true)));
        check("re", None);
        check("publish", None);
        check("publish ", Some(("CHANNEL DATA [--qos 0|1] [--retain] [--text|--json]", false)));
        check("publish room ", Some(("DATA [--qos 0|1] [--retain] [--text|--json]", false)));
        check("publish ro", None);
        check("frob ", None);
        check("", None);
    }
}
