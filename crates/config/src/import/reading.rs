//! What has been understood of one file so far.

use std::net::{IpAddr, Ipv4Addr};

use toml::Value;

use crate::assignment::Assignment;
use crate::error::{ConfigError, cut};
use crate::file::File;
use crate::note::Note;
use crate::scalar::Given;
use crate::schema;

use super::entry::Entry;

/// A key of ours, set by keys of an original file.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) assignment: Assignment,
    /// The original keys, as a comment is to name them.
    pub(super) keys: String,
}

/// A file while it is understood.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    pub(super) file: File<'a>,
    pub(crate) found: Vec<Found>,
    pub(crate) notes: Vec<Note>,
}

impl<'a> Reading<'a> {
    pub(super) fn of(file: File<'a>) -> Self {
        Reading { file, found: Vec::new(), notes: Vec::new() }
    }

    /// Sets `key`, such as `log.level`, because of `entries`; of which there is one at least.
    pub(super) fn set(&mut self, key: &str, value: impl Into<Value>, entries: &[&Entry]) {
        let at = entries.first().map_or(0, |entry| entry.value_at);
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        self.found.push(Found {
            assignment: Assignment {
                path: key.split('.').map(str::to_owned).collect(),
                given: Given::Toml(value.into()),
                origin: self.file.origin(at),
                entries: Vec::new(),
            },
            keys: names.join(", "),
        });
    }

    /// Notes something about what stands at `at`; once, if keys of several sections come from one.
    pub(super) fn note(&mut self, at: usize, text: impl Into<String>) {
        let note = Note { origin: self.file.origin(at), text: text.into() };
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Notes something about the file as a whole.
    pub(super) fn note_of_file(&mut self, text: impl Into<String>) {
        self.notes.push(Note { origin: self.file.whole(), text: text.into() });
    }

    /// Notes each of `entries` that is not `known`.
    pub(super) fn note_unknown(&mut self, entries: &[Entry], known: &[&str]) {
        for entry in entries.iter().filter(|entry| !known.contains(&entry.name.as_str())) {
            let hint = match schema::nearest(&entry.name, known) {
                Some(near) => format!("; did you mean `{near}`?"),
                None => String::new(),
            };
            self.note(entry.at, format!("`{}` is not known and was left out{hint}", entry.name));
        }
    }

    pub(super) fn port(&self, entry: &Entry) -> Result<u16, ConfigError> {
        entry.value.parse().map_err(|_| self.refuse(entry, "a port, from 0 to 65535"))
    }

    pub(super) fn ip(&self, entry: &Entry) -> Result<IpAddr, ConfigError> {
        match entry.value.as_str() {
            "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
            address => address.parse().map_err(|_| {
                self.refuse(entry, "an IP address such as 127.0.0.1, or 0.0.0.0 for all")
            }),
        }
    }

    pub(super) fn switch(&self, entry: Option<&Entry>) -> Result<Option<bool>, ConfigError> {
        let Some(entry) = entry else { return Ok(None) };
        match entry.value.as_str() {
            "0" => Ok(Some(false)),
            "1" => Ok(Some(true)),
            _ => Err(self.refuse(entry, "0 or 1")),
        }
    }

    /// Returns what is ours for the word that `entry` has.
    pub(super) fn word(
        &self,
        entry: &Entry,
        words: &[(&str, &'static str)],
    ) -> Result<&'static str, ConfigError> {
        let meant = words.iter().find(|(word, _)| entry.value.eq_ignore_ascii_case(word));
        meant.map(|(_, ours)| *ours).ok_or_else(|| {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.refuse(entry, &words.join(" or "))
        })
    }

    /// Returns the comma-separated nodes of `entry`.
    pub(super) fn nodes(&self, entry: &Entry) -> Result<Vec<String>, ConfigError> {
        let nodes: Vec<&str> = super::entry::list(&entry.value).collect();
        match nodes.iter().all(|node| super::entry::is_node(node)) {
            true => Ok(nodes.into_iter().map(str::to_owned).collect()),
            false => Err(self.refuse(entry, "host or host:port, several with commas between")),
        }
    }

    /// Says that the value of `entry` cannot be. Not for passwords: the value is quoted.
    pub(super) fn refuse(&self, entry: &Entry, expected: &str) -> ConfigError {
        ConfigError {
            origin: self.file.origin(entry.value_at),
            key: entry.name.clone(),
            problem: format!("`{}` cannot be {}", entry.name, cut(&format!("{:?}", entry.value))),
            hint: format!("expected {expected}"),
        }
    }
}
