//! Every clause of the specifications is cited by a test, and every citation is of a clause there is.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// A clause: its file's letter and its number.
type Clause = (char, u32);

/// The specifications whose clauses must be cited, and fewer clauses than each has.
const SPECIFICATIONS: [(char, &str, usize); 4] = [
    ('J', "spec/jmqt.md", 100),
    ('C', "spec/coremq.md", 40),
    ('P', "spec/pubsubx.md", 40),
    ('K', "spec/client.md", 40),
];

/// What may cite clauses: sources of all languages, and dialogues.
const CITING: [&str; 5] = ["rs", "js", "ts", "py", "json"];

/// What is no source of ours.
const SKIPPED: [&str; 4] = ["target", "node_modules", "corpus", "artifacts"];

#[test]
fn every_clause_is_cited_by_a_test() {
    let defined = defined();
    let tests: Vec<_> = sources().into_iter().filter(|source| is_test(source)).collect();
    let cited: BTreeSet<_> = citations(&tests).into_keys().collect();
    let uncited: Vec<_> = defined.difference(&cited).map(|clause| named(*clause)).collect();
    assert!(uncited.is_empty(), "no test cites {}", uncited.join(", "));
}

#[test]
fn every_citation_is_of_a_clause_there_is() {
    let defined = defined();
    let mut citations = citations(&sources());
    citations.retain(|clause, _| !defined.contains(clause));
    let unknown: Vec<_> = citations
        .into_iter()
        .map(|(clause, source)| format!("{} in {}", named(clause), source.display()))
        .collect();
    assert!(unknown.is_empty(), "the specifications have no {}", unknown.join(", no "));
}

/// Returns the clauses that the specifications define, each once.
fn defined() -> BTreeSet<Clause> {
    let mut defined = BTreeSet::new();
    for (letter, file, fewer) in SPECIFICATIONS {
        let text = fs::read_to_string(root().join(file)).unwrap();
        let before = defined.len();
        for item in text.lines().filter_map(|line| line.strip_prefix("- **")) {
            let Some(clause) = ids(item).next().filter(|_| item.starts_with(letter)) else {
                continue;
            };
            assert!(defined.insert(clause), "{} is defined twice", named(clause));
        }
        assert!(before + fewer < defined.len(), "the clauses of {file} were not found");
    }
    defined
}

/// Returns each clause that is cited, and one of the files that does.
fn citations(sources: &[PathBuf]) -> BTreeMap<Clause, PathBuf> {
    let mut citations = BTreeMap::new();
    for source in sources {
        let text = fs::read_to_string(source).unwrap();
        for clause in ids(&text) {
            citations.entry(clause).or_insert_with(|| source.clone());
        }
    }
    citations
}

/// Finds a specification's letter, `-` and a number, where no word leads into it.
fn ids(text: &str) -> impl Iterator<Item = Clause> {
    text.match_indices('-').filter_map(|(at, _)| {
        let mut before = text[..at].chars();
        let letter = before.next_back()?;
        SPECIFICATIONS.iter().find(|(known, ..)| *known == letter)?;
        let is_inside_word = before.next_back().is_some_and(char::is_alphanumeric);
        let digits = &text[at + 1..];
        let end = digits.find(|after: char| !after.is_ascii_digit()).unwrap_or(digits.len());
        let number = digits[..end].parse().ok()?;
        (!is_inside_word).then_some((letter, number))
    })
}

fn named((letter, number): Clause) -> String {
    format!("{letter}-{number}")
}

/// Says whether a file holds tests only: below a folder `tests`, `tests.rs`, or a dialogue.
fn is_test(source: &Path) -> bool {
    let below_root = source.strip_prefix(root()).unwrap();
    below_root.iter().any(|name| ["tests", "tests.rs", "dialogues"].iter().any(|it| name == *it))
}

/// Returns all files of the workspace that may cite clauses.
fn sources() -> Vec<PathBuf> {
    let mut sources = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && !SKIPPED.contains(&name) && !name.starts_with('.') {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| CITING.iter().any(|it| extension == *it))
                && name != "package-lock.json"
            {
                sources.push(path);
            }
        }
    }
    sources
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
