//! What a broken rule says, and how rules find it.

use std::collections::BTreeSet;

/// A rule that the settings break.
#[derive(Debug)]
pub(crate) struct Violation {
    /// The key whose source is to be blamed.
    pub(crate) key: String,
    /// Which entry of the list that the key holds is to be blamed, counted from 0.
    pub(crate) entry: Option<usize>,
    pub(crate) problem: String,
    pub(crate) hint: String,
}

impl Violation {
    pub(crate) fn new(
        key: impl Into<String>,
        problem: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Violation { key: key.into(), entry: None, problem: problem.into(), hint: hint.into() }
    }

    /// Blames one entry of the list that the key holds.
    pub(crate) fn of_entry(self, index: usize) -> Self {
        Violation { entry: Some(index), ..self }
    }
}

/// What is wrong with an entry of a list, and what to do about it.
pub(super) type Fault = (String, &'static str);

/// Returns each text that was there before, with its place; an empty one is a mistake of another kind.
pub(super) fn names_used_twice<'a>(names: impl Iterator<Item = &'a str>) -> Vec<(usize, &'a str)> {
    let mut seen = BTreeSet::new();
    let is_twice = |(_, name): &(usize, &'a str)| !name.is_empty() && !seen.insert(*name);
    names.enumerate().filter(is_twice).collect()
}

/// Returns how a message speaks of the entry `index` of a list.
pub(super) fn entry(key: &str, index: usize, name: &str) -> String {
    match name {
        "" => format!("entry {} of `{key}`", index + 1),
        name => format!("the entry `{name}` of `{key}`"),
    }
}

/// Checks an address for requests, and returns what is wrong with it and what to do.
pub(super) fn url_can_be_asked(url: &str) -> Result<(), (&'static str, &'static str)> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    if host.is_empty() || url.contains(char::is_whitespace) {
        return Err(("is not an address for HTTP", "write http:// or https://, a host and a path"));
    }
    if host.contains('@') {
        return Err((
            "has a user or a password in it, which logs would show",
            "remove what stands before the @",
        ));
    }
    Ok(())
}
