//! Every file, type and function that `ARCHITECTURE.md` names is there.
//!
//! A path is one from the root of the repository, or `crate/rest`, which is `crates/crate/src/rest`; a file without a
//! folder, or with the last of its folders only, is one of that name somewhere in a crate. A word with a capital and
//! lower case, with or without `::` behind it, is a name of the code.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Folders of what is built, or brought by others.
const NOT_OURS: [&str; 3] = ["target", "node_modules", ".git"];
/// Endings of files that are named without a folder.
const ENDINGS: [&str; 4] = [".rs", ".md", ".js", ".toml"];

#[test]
fn every_file_it_names_exists() {
    let files = files();
    let named: BTreeSet<_> = spans().into_iter().filter(|span| is_path(span)).collect();
    assert!(50 < named.len(), "the paths were not found");
    let missing: Vec<_> = named.iter().filter(|path| !exists(path, &files)).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md names what is not there: {missing:?}");
}

#[test]
fn every_name_in_it_is_one_of_the_code() {
    let sources = files().into_iter().filter(|file| file.starts_with("crates/"));
    let sources = sources.filter(|file| file.ends_with(".rs") && !file.contains("/tests"));
    let code: BTreeSet<String> =
        sources.flat_map(|file| words(&fs::read_to_string(root().join(file)).unwrap())).collect();
    let named: BTreeSet<_> = spans().iter().flat_map(|span| names(span)).collect();
    assert!(50 < named.len(), "the names were not found");
    let missing: Vec<_> = named.difference(&code).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md names what is not in the code: {missing:?}");
}

#[test]
fn what_is_named_behind_a_file_stands_in_it() {
    let files = files();
    let mut count = 0;
    for (path, name) in pairs() {
        let sources = files.iter().filter(|file| is_of(file, &path) && !file.contains("/tests"));
        let name = name.rsplit("::").next().unwrap();
        let has_it =
            |file: &String| words(&fs::read_to_string(root().join(file)).unwrap()).contains(name);
        assert!(sources.into_iter().any(has_it), "{path} has no {name}");
        count += 1;
    }
    assert!(20 < count, "the names behind files were not found");
}

/// Returns files with the name that stands behind each, as in "`net/outbox.rs`, `Outbox`".
fn pairs() -> Vec<(String, String)> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let parts: Vec<&str> = text.split('`').collect();
    let pair = |three: &[&str]| {
        let is_pair = three[0].ends_with(".rs") && three[1] == ", " && !three[2].contains('.');
        is_pair.then(|| (three[0].to_owned(), three[2].to_owned()))
    };
    parts.windows(3).filter_map(pair).collect()
}

/// Returns what stands in backquotes, outside blocks.
fn spans() -> Vec<String> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let outside = text.split("```").step_by(2);
    outside.flat_map(|part| part.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

fn is_path(span: &str) -> bool {
    let is_plain =
        |character: char| character.is_ascii_alphanumeric() || "_-./*".contains(character);
    let has_end = ENDINGS.iter().any(|ending| span.ends_with(ending));
    span.chars().all(is_plain) && (span.contains('/') || has_end)
}

/// Says whether a path is there; where it ends in `*`, one that begins so.
fn exists(path: &str, files: &[String]) -> bool {
    files.iter().any(|file| is_of(file, path))
}

/// Says whether a path stands for a file, or for a folder that it is in.
fn is_of(file: &str, path: &str) -> bool {
    let (path, is_begin) = path.strip_suffix('*').map_or((path, false), |begin| (begin, true));
    let path = path.trim_end_matches('/');
    let is_named = |file: &str, name: &str| {
        let rest = file.strip_prefix(name);
        // A decision is named by its number.
        rest.is_some_and(|rest| {
            is_begin || rest.is_empty() || rest.starts_with('/') || rest.starts_with('-')
        })
    };
    let below = || file.match_indices('/').map(|(at, _)| &file[at + 1..]);
    match path.split_once('/') {
        Some((name, rest)) if is_named(file, &format!("crates/{name}/src/{rest}")) => true,
        _ if is_named(file, path) => true,
        _ if file.starts_with("crates/") => below().any(|end| is_named(end, path)),
        _ => file.starts_with("clients/js/") && below().any(|end| is_named(end, path)),
    }
}

/// Returns the names of the code in a span, such as `Broker` and `command` of `Broker::command`.
fn names(span: &str) -> Vec<String> {
    let is_type = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_uppercase())
            && word.contains(|character: char| character.is_ascii_lowercase())
    };
    let is_name = span.split("::").all(|word| {
        !word.is_empty() && word.chars().all(|it| it.is_ascii_alphanumeric() || it == '_')
    });
    let parts: Vec<&str> = span.split("::").collect();
    let counts = is_name && (parts.iter().any(|part| is_type(part)));
    parts.into_iter().filter(|_| counts).map(str::to_owned).collect()
}

fn words(text: &str) -> BTreeSet<String> {
    let is_between = |character: char| !character.is_ascii_alphanumeric() && character != '_';
    text.split(is_between).map(str::to_owned).collect()
}

/// Returns all files of the repository, by their paths in it.
fn files() -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy();
            if path.is_dir() {
                if !NOT_OURS.contains(&&*name) {
                    folders.push(path);
                }
            } else {
                let path = path.strip_prefix(root()).unwrap();
                files.push(path.to_string_lossy().into_owned());
            }
        }
    }
    files
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
