//! Settings in the making: which value each key has so far, and who gave it.

use std::net::SocketAddr;

use serde::Deserialize;
use toml::{Table, Value};

use crate::assignment::Assignment;
use crate::error::{ConfigError, Origin};
use crate::rules::{self, Violation};
use crate::scalar::Given;
use crate::schema::{self, LISTENERS, Place};
use crate::section::Key;
use crate::settings::{Listener, Settings};

/// Longest value quoted in a message, in characters.
const QUOTE_CHARS_MAX: usize = 60;

/// Settings while sources are laid over each other.
#[derive(Debug)]
pub(crate) struct Draft {
    table: Table,
    /// Where each key was last set, oldest first.
    origins: Vec<(String, Origin)>,
}

impl Draft {
    /// Starts from the defaults.
    pub(crate) fn new() -> Self {
        let table = Table::try_from(Settings::default()).expect("settings are a TOML table");
        Draft { table, origins: Vec::new() }
    }

    /// Lays `assignments` over what is there, in order.
    pub(crate) fn apply_all(&mut self, assignments: Vec<Assignment>) -> Result<(), ConfigError> {
        assignments.into_iter().try_for_each(|assignment| self.apply(assignment))
    }

    fn apply(&mut self, assignment: Assignment) -> Result<(), ConfigError> {
        let Assignment { path, given, origin } = assignment;
        let name = path.join(".");
        let refuse = |problem, hint| {
            Err(ConfigError { origin: origin.clone(), key: name.clone(), problem, hint })
        };
        let key = match schema::find(&path) {
            Place::Key(key) => key,
            Place::Table => {
                let hint = format!("name a key in it, such as {name}.KEY");
                return refuse(format!("`{name}` is a section, not a value"), hint);
            }
            Place::Unknown { hint } => return refuse(format!("unknown key `{name}`"), hint),
        };
        let Some(value) = key.accept(&given) else {
            return refuse(format!("`{name}` {}", wrong(key, &given)), allowed(key));
        };
        self.insert(&path, value);
        self.origins.push((name, origin));
        Ok(())
    }

    fn insert(&mut self, path: &[String], value: Value) {
        let (name, tables) = path.split_last().expect("a key has a name");
        let mut table = &mut self.table;
        for outer in tables {
            let inner = table.entry(outer).or_insert_with(|| Value::Table(Table::new()));
            table = inner.as_table_mut().expect("the schema puts a table here");
        }
        table.insert(name.clone(), value);
    }

    /// Puts a listener on each of `addresses` in place of all others, if there are any.
    pub(crate) fn replace_listeners(&mut self, addresses: &[SocketAddr]) {
        if addresses.is_empty() {
            return;
        }
        self.table.insert(LISTENERS.to_owned(), Value::Table(Table::new()));
        for (index, address) in addresses.iter().enumerate() {
            let path = [LISTENERS, &format!("listen-{}", index + 1), "address"].map(str::to_owned);
            self.insert(&path, Value::String(address.to_string()));
            self.origins.push((path.join("."), Origin::Flag(format!("--listen {address}"))));
        }
    }

    /// Returns the value of a key, or `None` if there is no such key.
    pub(crate) fn value(&self, path: &[String]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.table.get(first)?, |value, name| value.get(name))
    }

    /// Checks what concerns several keys at once, and makes the settings.
    pub(crate) fn finish(self) -> Result<Settings, ConfigError> {
        self.check_addresses()?;
        let settings =
            Settings::deserialize(self.table.clone()).expect("each key was accepted by its type");
        rules::check(&settings).map_err(|violation| self.error(violation))?;
        Ok(settings)
    }

    /// Checks that listeners by new names have an address, which those of the defaults have.
    fn check_addresses(&self) -> Result<(), ConfigError> {
        let listeners = self.table[LISTENERS].as_table().into_iter().flatten();
        for (name, listener) in listeners {
            if listener.get("address").is_none() {
                return Err(self.error(Violation {
                    key: format!("{LISTENERS}.{name}"),
                    problem: format!("listener `{name}` has no address"),
                    hint: format!(
                        "set {LISTENERS}.{name}.address; the listeners of the defaults are {}",
                        Listener::defaults().into_keys().collect::<Vec<_>>().join(", ")
                    ),
                }));
            }
        }
        Ok(())
    }

    fn error(&self, violation: Violation) -> ConfigError {
        let Violation { key, problem, hint } = violation;
        ConfigError { origin: self.origin(&key), key, problem, hint }
    }

    /// Returns where `key`, or something below it, was last set.
    fn origin(&self, key: &str) -> Origin {
        let below = format!("{key}.");
        let mut latest_first = self.origins.iter().rev();
        latest_first
            .find(|(name, _)| name == key || name.starts_with(&below))
            .map_or(Origin::Default, |(_, origin)| origin.clone())
    }
}

/// Says what is wrong with a value: the part of it that is, or else the value itself, cut to a
/// readable length, unless it may be secret.
fn wrong(key: &Key, given: &Given) -> String {
    if let Some(fault) = key.fault(given) {
        return format!("does not have the right form, {fault}");
    }
    if !key.quotable {
        return "does not have the right form".to_owned();
    }
    let text = match given {
        Given::Toml(value) => value.to_string(),
        Given::Text(text) => format!("\"{text}\""),
    };
    format!("cannot be {}", cut(&text))
}

/// Cuts a text to a length that is readable in a message.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(QUOTE_CHARS_MAX) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

fn allowed(key: &Key) -> String {
    match key.range {
        Some((min, max)) => format!("expected {}, from {min} to {max}", key.expected),
        None => format!("expected {}", key.expected),
    }
}
