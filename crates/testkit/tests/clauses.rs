//! Every clause of `spec/jmqt.md` is cited by a test, and every citation is of a clause there is.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The number of a clause: 12 for J-12.
type Clause = u32;

const PREFIX: &str = "J-";

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
    assert!(unknown.is_empty(), "spec/jmqt.md has no {}", unknown.join(", no "));
}

/// Returns the clauses that `spec/jmqt.md` defines, each once.
fn defined() -> BTreeSet<Clause> {
    let text = fs::read_to_string(root().join("spec/jmqt.md")).unwrap();
    let mut defined = BTreeSet::new();
    for line in text.lines() {
        let Some(item) = line.strip_prefix("- **").filter(|item| item.starts_with(PREFIX)) else {
            continue;
        };
        let clause = ids(item).next().unwrap();
        assert!(defined.insert(clause), "{} is defined twice", named(clause));
    }
    assert!(100 < defined.len(), "the clauses were not found");
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

/// Finds `J-` and a number, where no word leads into it.
fn ids(text: &str) -> impl Iterator<Item = Clause> {
    text.match_indices(PREFIX).filter_map(|(at, _)| {
        let is_inside_word = text[..at].ends_with(|before: char| before.is_alphanumeric());
        let digits = &text[at + PREFIX.len()..];
        let end = digits.find(|after: char| !after.is_ascii_digit()).unwrap_or(digits.len());
        let clause = digits[..end].parse().ok()?;
        (!is_inside_word).then_some(clause)
    })
}

fn named(clause: Clause) -> String {
    format!("{PREFIX}{clause}")
}

/// Says whether a file holds tests only: below a folder `tests`, or `tests.rs`.
fn is_test(source: &Path) -> bool {
    let below_root = source.strip_prefix(root()).unwrap();
    below_root.iter().any(|name| name == "tests" || name == "tests.rs")
}

/// Returns all Rust files of the workspace.
fn sources() -> Vec<PathBuf> {
    let mut sources = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && !SKIPPED.contains(&name) && !name.starts_with('.') {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push(path);
            }
        }
    }
    sources
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
