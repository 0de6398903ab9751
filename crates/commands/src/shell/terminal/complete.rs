//! What the word under the cursor may become. Pure.

use rialto_client::shown::is_shown;

use super::super::grammar::{Argument, CONTROLS, Entry, Grammar, Verb};

/// Names that may stand in a line.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) channels: Vec<String>,
    pub(super) clients: Vec<String>,
}

/// Returns where the last word of `line` begins, and what may stand there.
pub(super) fn candidates(line: &str, grammar: Grammar, names: &Names) -> (usize, Vec<String>) {
    let start = line.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let word = &line[start..];
    let before: Vec<&str> = line[..start].split_whitespace().collect();
    let found = match place(&before, grammar) {
        Place::Command => commands(word, grammar),
        Place::Behind(entry, _) if word.starts_with('-') && !entry.options.is_empty() => {
            fitting(word, entry.options.iter().map(|option| (*option).to_owned()))
        }
        Place::Behind(entry, index) => match argument(entry, index) {
            Argument::Command => commands(word, grammar),
            argument => named(word, argument, names),
        },
        Place::Nowhere => Vec::new(),
    };
    (start, found)
}

/// Where a word stands.
enum Place {
    /// It is a command.
    Command,
    /// It is a word behind a command, and which one, options not counted.
    Behind(&'static Entry, usize),
    Nowhere,
}

fn place(before: &[&str], grammar: Grammar) -> Place {
    let Some((command, rest)) = before.split_first() else { return Place::Command };
    let Some(entry) = grammar.find(command) else { return Place::Nowhere };
    let mut index = 0;
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        match *word {
            "--qos" | "--every" | "--timeout" => {
                if words.next().is_none() {
                    return Place::Nowhere;
                }
            }
            word if word.starts_with("--") => {}
            _ => {
                let repeats = matches!(entry.verb, Verb::Repeat | Verb::Watch);
                if repeats && argument(entry, index) == Argument::Command {
                    let rest: Vec<&str> = std::iter::once(*word).chain(words.copied()).collect();
                    return place(&rest, grammar);
                }
                index += 1;
            }
        }
    }
    Place::Behind(entry, index)
}

fn argument(entry: &Entry, index: usize) -> Argument {
    // Only what is for several names has more words than are named.
    let is_list = matches!(entry.verb, Verb::Subscribe | Verb::Unsubscribe);
    let last = if is_list { entry.arguments.last() } else { None };
    entry.arguments.get(index).or(last).copied().unwrap_or(Argument::Other)
}

fn named(word: &str, argument: Argument, names: &Names) -> Vec<String> {
    // A stranger may have chosen the name.
    let written = |name: &String| name.chars().all(is_shown).then(|| as_word(name));
    match argument {
        Argument::Channel => {
            let own = names.clients.iter().map(|name| format!("#{name}"));
            let own = own.filter(|_| word.starts_with('#'));
            let channels = names.channels.iter().cloned().chain(own);
            fitting(word, channels.filter_map(|name| written(&name)))
        }
        Argument::Client => fitting(word, names.clients.iter().filter_map(written)),
        Argument::Control => fitting(word, CONTROLS.iter().map(|it| (*it).to_owned())),
        Argument::Command | Argument::Address | Argument::Other => Vec::new(),
    }
}

/// Returns a name as it is written in a line.
fn as_word(name: &str) -> String {
    let is_plain = !name.contains(char::is_whitespace) && !name.starts_with(['"', '\'', '-']);
    if is_plain { name.to_owned() } else { serde_json::Value::from(name).to_string() }
}

fn commands(word: &str, grammar: Grammar) -> Vec<String> {
    let lower = word.to_lowercase();
    let is_upper = !word.is_empty() && !word.contains(|c: char| c.is_lowercase());
    let names = grammar.entries().iter().map(Entry::name);
    let in_case = |name: String| if is_upper { name.to_uppercase() } else { name };
    let names = names.map(str::to_lowercase);
    names.filter(|name| name.starts_with(&*lower)).map(in_case).collect()
}

fn fitting(word: &str, names: impl Iterator<Item = String>) -> Vec<String> {
    names.filter(|name| name.starts_with(word)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, start: usize, expected: &[&str]) {
        let to_owned = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect();
        let names = Names {
            channels: to_owned(&["room", "roof", "my room", "x\u{1b}[2J"]),
            clients: to_owned(&["ada", "bob"]),
        };
        assert_eq!(candidates(line, Grammar::Jmqt, &names), (start, to_owned(expected)), "{line}");
    }

    #[test]
    fn commands_are_completed_in_the_case_they_are_typed_in() {
        check("pub", 0, &["publish"]);
        check("SU", 0, &["SUBSCRIBE"]);
        check("re", 0, &["request", "retained", "repeat"]);
        check("help un", 5, &["unsubscribe"]);
        check("repeat 3 --every 1s pub", 20, &["publish"]);
        check("frob ro", 5, &[]);
    }

    #[test]
    fn names_that_were_seen_are_completed_where_they_belong() {
        check("publish ro", 8, &["room", "roof"]);
        check("publish --qos 0 roo", 16, &["room", "roof"]);
        check("publish room ro", 13, &[]);
        check("subscribe room roo", 15, &["room", "roof"]);
        check("send b", 5, &["bob"]);
        check("publish #a", 8, &["#ada"]);
        check("watch subscribe roo", 16, &["room", "roof"]);
        check("request $t", 8, &["$time"]);
        check("publish --r", 8, &["--retain"]);
        // One with blanks is quoted, one that a terminal would obey is not offered.
        check("publish \"", 8, &["\"my room\""]);
        check("publish x", 8, &[]);
    }
}
