//! One key set to one value by one source: the form all sources are brought into.

use toml::de::{DeTable, DeValue, ValueDeserializer};
use toml::{Spanned, Value};

use serde::Deserialize;

use crate::error::{ConfigError, Origin};
use crate::file::File;
use crate::scalar::Given;
use crate::schema::{self, Place};

/// A setting from the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// The flag as messages name it.
    pub(crate) name: String,
    pub(crate) key: String,
    /// Absent if `--set` was given a key only.
    pub(crate) value: Option<String>,
}

impl Flag {
    /// Takes the text behind `--set`, such as `limits.packet_bytes_max=2MiB`.
    pub fn set(text: &str) -> Self {
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key.trim(), Some(value.to_owned())),
            None => (text.trim(), None),
        };
        Flag { name: format!("--set {key}"), key: key.to_owned(), value }
    }

    /// Takes a flag of its own name, such as `--data-dir`, that stands for `key`.
    pub fn named(name: &str, key: &str, value: &str) -> Self {
        Flag { name: name.to_owned(), key: key.to_owned(), value: Some(value.to_owned()) }
    }
}

/// A value for a key, and who gave it.
#[derive(Debug, Clone)]
pub(crate) struct Assignment {
    /// The names that lead to the key, outermost first.
    pub(crate) path: Vec<String>,
    pub(crate) given: Given,
    pub(crate) origin: Origin,
    /// Where each entry stands, of a list in a file.
    pub(crate) entries: Vec<Origin>,
}

/// What a source says, key by key: a value, or what is wrong with it.
pub(crate) type Read = Vec<Result<Assignment, ConfigError>>;

/// Reads a TOML file.
///
/// # Errors
/// When it is not TOML, so that nothing can be said of its keys.
pub(crate) fn of_file(file: &File) -> Result<Read, ConfigError> {
    let root = DeTable::parse(file.text).map_err(|error| file.syntax_error(&error))?;
    let mut read = Vec::new();
    file.collect(&mut Vec::new(), root.get_ref(), &mut read);
    Ok(read)
}

/// Reads flags.
pub(crate) fn of_flags(flags: &[Flag]) -> Read {
    flags.iter().map(of_flag).collect()
}

fn of_flag(flag: &Flag) -> Result<Assignment, ConfigError> {
    let Flag { name, key, value } = flag;
    let origin = Origin::Flag(name.clone());
    match value {
        Some(value) => Ok(Assignment {
            path: key.split('.').map(str::to_owned).collect(),
            given: Given::Text(value.clone()),
            origin,
            entries: Vec::new(),
        }),
        None => Err(ConfigError {
            origin,
            key: key.clone(),
            problem: format!("`{key}` has no value"),
            hint: "write key=value, such as limits.packet_bytes_max=2MiB".to_owned(),
        }),
    }
}

impl File<'_> {
    /// Appends what each value below `table` says, to which `path` leads.
    fn collect(&self, path: &mut Vec<String>, table: &DeTable<'_>, read: &mut Read) {
        for (name, value) in table {
            path.push(name.get_ref().to_string());
            match (schema::find(path), value.get_ref()) {
                (Place::Table, DeValue::Table(inner)) => self.collect(path, inner, read),
                (Place::Table, _) => read.push(Err(self.not_a_table(path, name.span().start))),
                (Place::Key(_), _) => read.push(self.assignment(path, value, value.span())),
                (Place::Unknown { .. }, _) => {
                    read.push(self.assignment(path, value, name.span()));
                }
            }
            path.pop();
        }
    }

    fn assignment(
        &self,
        path: &[String],
        value: &Spanned<DeValue<'_>>,
        at: std::ops::Range<usize>,
    ) -> Result<Assignment, ConfigError> {
        let entries = match value.get_ref() {
            DeValue::Array(entries) => {
                entries.iter().map(|entry| self.origin(entry.span().start)).collect()
            }
            _ => Vec::new(),
        };
        let value = Value::deserialize(ValueDeserializer::from(value.clone()))
            .map_err(|_| self.number_too_large(path, at.start))?;
        let (given, origin) = (Given::Toml(value), self.origin(at.start));
        Ok(Assignment { path: path.to_vec(), given, origin, entries })
    }

    fn not_a_table(&self, path: &[String], at: usize) -> ConfigError {
        let key = path.join(".");
        ConfigError {
            origin: self.origin(at),
            problem: format!("`{key}` is a section, not a value"),
            hint: format!("write [{key}] on a line of its own, and its keys below"),
            key,
        }
    }

    /// The one thing TOML can express and a [`Value`] cannot hold.
    fn number_too_large(&self, path: &[String], at: usize) -> ConfigError {
        let key = path.join(".");
        ConfigError {
            origin: self.origin(at),
            problem: format!("`{key}` has a number that is too large"),
            hint: format!("the largest that can be written is {}", i64::MAX),
            key,
        }
    }

    fn syntax_error(&self, error: &toml::de::Error) -> ConfigError {
        ConfigError {
            origin: self.origin(error.span().map_or(0, |span| span.start)),
            key: String::new(),
            problem: format!("not TOML: {}", error.message().trim_end()),
            hint: String::new(),
        }
    }
}
