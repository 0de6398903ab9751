//! Settings in the making: which value each key has so far, and who gave it.

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::{Table, Value};

use crate::assignment::{Assignment, Read};
use crate::error::{ConfigError, ConfigErrors, Origin, cut};
use crate::note::Note;
use crate::provenance::Provenance;
use crate::rules::{self, Violation};
use crate::scalar::{Fault, Given};
use crate::schema::{self, LISTENERS, Place};
use crate::section::Key;
use crate::settings::{Listener, Settings};

/// Settings while sources are laid over each other.
#[derive(Debug)]
pub(crate) struct Draft {
    table: Table,
    /// Where each key, and each entry of a list, was set, oldest first.
    origins: Vec<(String, Origin)>,
    errors: Vec<ConfigError>,
    /// Keys and sections whose value is not known, since what was written for them is wrong.
    doubtful: BTreeSet<String>,
    /// Whether a source could not be read at all, so that any key may lack its value.
    is_incomplete: bool,
    /// Said besides of what rules refuse in a file; empty for nothing.
    advice: &'static str,
}

impl Draft {
    /// Starts from the defaults.
    pub(crate) fn new() -> Self {
        let table = Table::try_from(Settings::default()).expect("settings are a TOML table");
        Draft {
            table,
            origins: Vec::new(),
            errors: Vec::new(),
            doubtful: BTreeSet::new(),
            is_incomplete: false,
            advice: "",
        }
    }

    /// Lays what a source says over what is there, in order, and keeps what is wrong with it for
    /// [`finish`](Self::finish).
    pub(crate) fn apply_all(&mut self, read: Read) {
        for read in read {
            match read {
                Ok(assignment) => self.apply(assignment),
                Err(error) => {
                    self.doubtful.insert(error.key.clone());
                    self.errors.push(error);
                }
            }
        }
    }

    /// Notes that a source cannot be read, and why.
    pub(crate) fn lack(&mut self, error: ConfigError) {
        self.is_incomplete = true;
        self.errors.push(error);
    }

    /// Has more said of what rules refuse in a file, one that does not have our keys.
    pub(crate) fn advise_on_files(&mut self, advice: &'static str) {
        self.advice = advice;
    }

    fn apply(&mut self, assignment: Assignment) {
        let Assignment { path, given, origin, entries } = assignment;
        let name = path.join(".");
        let key = match schema::find(&path) {
            Place::Key(key) => key,
            Place::Table => {
                let hint = format!("name a key in it, such as {name}.KEY");
                let problem = format!("`{name}` is a section, not a value");
                return self.refuse(ConfigError { origin, key: name, problem, hint }, None);
            }
            Place::Unknown { hint, meant } => {
                let problem = format!("unknown key `{name}`");
                return self.refuse(ConfigError { origin, key: name, problem, hint }, meant);
            }
        };
        let Some(value) = key.accept(&given) else {
            for error in wrong(&name, key, &given, &origin, &entries) {
                self.refuse(error, Some(name.clone()));
            }
            return;
        };
        self.insert(&path, value);
        self.note_origin(name, origin, entries);
    }

    /// Keeps an error, and does not judge the key that was meant any further.
    fn refuse(&mut self, error: ConfigError, meant: Option<String>) {
        self.doubtful.extend(meant);
        self.errors.push(error);
    }

    fn note_origin(&mut self, name: String, origin: Origin, entries: Vec<Origin>) {
        let of_entries = format!("{name}[");
        self.origins.retain(|(key, _)| !key.starts_with(&of_entries));
        let entries = entries.into_iter().enumerate();
        self.origins.extend(entries.map(|(index, origin)| (entry_name(&name, index), origin)));
        self.origins.push((name, origin));
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
    pub(crate) fn replace_listeners(&mut self, addresses: &[String]) {
        if addresses.is_empty() {
            return;
        }
        self.table.insert(LISTENERS.to_owned(), Value::Table(Table::new()));
        for (index, address) in addresses.iter().enumerate() {
            let path = [LISTENERS, &format!("listen-{}", index + 1), "address"].map(str::to_owned);
            self.apply(Assignment {
                path: path.to_vec(),
                given: Given::Text(address.clone()),
                origin: Origin::Flag(format!("--listen {address}")),
                entries: Vec::new(),
            });
        }
    }

    /// Returns the value of a key, or `None` if there is no such key.
    pub(crate) fn value(&self, path: &[String]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.table.get(first)?, |value, name| value.get(name))
    }

    /// Checks what concerns several keys at once, makes the settings, and notes what an operator
    /// should know of them.
    ///
    /// # Errors
    /// Everything that is wrong with what was laid over the defaults, each mistake once: nothing is
    /// said of values that do not go together where one of them is wrong already.
    pub(crate) fn finish(mut self) -> Result<(Settings, Vec<Note>), ConfigErrors> {
        let mut settings =
            Settings::deserialize(self.table.clone()).expect("each key was accepted by its type");
        settings.provenance = Provenance::new(self.origins.iter().cloned());
        if !self.is_incomplete {
            let mut violations = self.missing_addresses();
            violations.extend(rules::check(&settings, |key| self.is_doubtful(key)));
            let errors = violations.into_iter().filter(|it| !self.is_doubtful(&it.key));
            let errors: Vec<ConfigError> = errors.map(|it| self.error(it)).collect();
            self.errors.extend(errors);
        }
        match ConfigErrors::of(std::mem::take(&mut self.errors)) {
            Some(errors) => Err(errors),
            None => {
                let note = |(key, text): (String, String)| Note {
                    origin: self.origin(&key).unwrap_or(Origin::Default),
                    text,
                };
                let notes = rules::warnings(&settings).into_iter().map(note).collect();
                Ok((settings, notes))
            }
        }
    }

    /// Says whether a key, something in a section, or the listener of a key has no value that
    /// could be judged.
    fn is_doubtful(&self, key: &str) -> bool {
        let is_in = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let mut names = key.split('.');
        let whole = match (names.next(), names.next()) {
            (Some(LISTENERS), Some(listener)) => format!("{LISTENERS}.{listener}"),
            _ => key.to_owned(),
        };
        self.doubtful.iter().any(|doubtful| is_in(doubtful, &whole) || is_in(&whole, doubtful))
    }

    /// Checks that listeners by new names have an address, which those of the defaults have.
    fn missing_addresses(&self) -> Vec<Violation> {
        let listeners = self.table[LISTENERS].as_table().into_iter().flatten();
        let without = listeners.filter(|(_, listener)| listener.get("address").is_none());
        let violation = |(name, _): (&String, &Value)| {
            Violation::new(
                format!("{LISTENERS}.{name}"),
                format!("listener `{name}` has no address"),
                format!(
                    "set {LISTENERS}.{name}.address; the listeners of the defaults are {}",
                    Listener::defaults().into_keys().collect::<Vec<_>>().join(", ")
                ),
            )
        };
        without.map(violation).collect()
    }

    fn error(&self, violation: Violation) -> ConfigError {
        let Violation { key, entry, problem, hint } = violation;
        let of_entry = entry.and_then(|index| self.origin(&entry_name(&key, index)));
        let origin = of_entry.or_else(|| self.origin(&key)).unwrap_or(Origin::Default);
        let is_advised = !self.advice.is_empty() && matches!(origin, Origin::File { .. });
        let hint = if is_advised { format!("{hint}; {}", self.advice) } else { hint };
        ConfigError { origin, key, problem, hint }
    }

    /// Returns where `key`, or something below it, was last set.
    fn origin(&self, key: &str) -> Option<Origin> {
        let below = format!("{key}.");
        let mut latest_first = self.origins.iter().rev();
        let found = latest_first.find(|(name, _)| name == key || name.starts_with(&below));
        found.map(|(_, origin)| origin.clone())
    }
}

/// Returns how `origins` calls the entry of a list.
fn entry_name(key: &str, index: usize) -> String {
    format!("{key}[{index}]")
}

/// Says what is wrong with a value: the parts of it that are, or else the value itself, cut to a
/// readable length, unless it may be secret.
fn wrong(
    name: &str,
    key: &Key,
    given: &Given,
    origin: &Origin,
    entries: &[Origin],
) -> Vec<ConfigError> {
    let error = |origin: &Origin, problem: String| ConfigError {
        origin: origin.clone(),
        key: name.to_owned(),
        problem,
        hint: allowed(key),
    };
    let faults = key.faults(given);
    if faults.is_empty() {
        let problem = match (key.quotable, given) {
            (false, _) => format!("`{name}` does not have the right form"),
            (true, Given::Toml(value)) => format!("`{name}` cannot be {}", cut(&value.to_string())),
            (true, Given::Text(text)) => {
                format!("`{name}` cannot be {}", cut(&format!("\"{text}\"")))
            }
        };
        return vec![error(origin, problem)];
    }
    let of_fault = |Fault { entry, text }: Fault| match entry {
        Some(index) => {
            let origin = entries.get(index).unwrap_or(origin);
            error(origin, format!("entry {} of `{name}` is wrong: {text}", index + 1))
        }
        None => error(origin, format!("`{name}` cannot be {text}")),
    };
    faults.into_iter().map(of_fault).collect()
}

fn allowed(key: &Key) -> String {
    match key.range {
        Some((min, max)) => format!("expected {}, from {min} to {max}", key.expected),
        None => format!("expected {}", key.expected),
    }
}
