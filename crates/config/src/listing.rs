//! Settings one by one, for whoever shows them: what each is, what it would be, and who said so.

use toml::{Table, Value};

use crate::difference::needs_restart;
use crate::error::Origin;
use crate::schema::{LISTENERS, SECTIONS};
use crate::secret::MASK;
use crate::section::Key;
use crate::settings::{Listener, Settings};

/// What is said of a secret.
const SET: &str = "set";
const NOT_SET: &str = "not set";

/// The largest whole number that every reader of JSON takes exactly; a larger one is told as a text.
const EXACT_MAX: i64 = 1 << 53;

/// A setting, as it is shown. A secret is `"set"` or `"not set"`, also within a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedSetting {
    /// The key, such as `limits.packet_bytes_max` or `listeners.tcp.address`.
    pub key: String,
    /// Its value. Sizes and times are texts with a unit.
    pub value: Value,
    /// What it is if nobody says anything; `None` where it has to be said: the address of a listener
    /// that is not one of the defaults.
    pub default: Option<Value>,
    /// Where it was written.
    pub source: Origin,
    /// Whether a change takes effect with the next start only.
    pub needs_restart: bool,
}

/// Returns all settings, in the order of the default file; listeners by name.
pub fn list(settings: &Settings) -> Vec<ListedSetting> {
    let [values, defaults] = [settings, &Settings::default()].map(table);
    let listener = Table::try_from(Listener::default()).expect("a listener is a TOML table");
    let mut listed = Vec::new();
    for (section, keys) in SECTIONS {
        if section != LISTENERS {
            let default = |key: &Key| defaults[section].get(key.name);
            listed.extend(list_keys(settings, (section, keys.keys), &values[section], default));
            continue;
        }
        for (name, listener_values) in values[LISTENERS].as_table().into_iter().flatten() {
            let by_name = defaults[LISTENERS].get(name);
            let default = |key: &Key| match by_name {
                Some(default) => default.get(key.name),
                None => listener.get(key.name).filter(|_| key.name != "address"),
            };
            let path = format!("{LISTENERS}.{name}");
            listed.extend(list_keys(settings, (&path, keys.keys), listener_values, default));
        }
    }
    listed
}

fn table(settings: &Settings) -> Table {
    Table::try_from(settings).expect("settings are a TOML table")
}

/// Returns the settings of a section.
fn list_keys<'a>(
    settings: &Settings,
    (section, keys): (&str, &[Key]),
    values: &Value,
    default: impl Fn(&Key) -> Option<&'a Value>,
) -> Vec<ListedSetting> {
    let list = |key: &Key| {
        let name = format!("{section}.{}", key.name);
        ListedSetting {
            value: shown(key, &values[key.name]),
            default: default(key).map(|value| shown(key, value)),
            source: settings.provenance.of(&name).clone(),
            needs_restart: needs_restart(&name),
            key: name,
        }
    };
    keys.iter().map(list).collect()
}

/// Returns what is shown of a value.
fn shown(key: &Key, value: &Value) -> Value {
    match value {
        // Only a secret is a text that may not be quoted.
        Value::String(text) if !key.quotable => {
            Value::String((if text.is_empty() { NOT_SET } else { SET }).to_owned())
        }
        value if key.quotable => exact(value),
        value => exact(&unmasked(value)),
    }
}

/// Puts a word in place of the stars that stand for secrets in a list.
fn unmasked(value: &Value) -> Value {
    match value {
        Value::String(text) if text == MASK => Value::String(SET.to_owned()),
        value => within(value, unmasked),
    }
}

/// Writes numbers as texts that are too large for some readers.
fn exact(value: &Value) -> Value {
    match value {
        Value::Integer(number) if EXACT_MAX < number.saturating_abs() => {
            Value::String(number.to_string())
        }
        value => within(value, exact),
    }
}

/// Changes what a list or a table holds.
fn within(value: &Value, change: fn(&Value) -> Value) -> Value {
    match value {
        Value::Array(values) => Value::Array(values.iter().map(change).collect()),
        Value::Table(values) => {
            Value::Table(values.iter().map(|(name, value)| (name.clone(), change(value))).collect())
        }
        value => value.clone(),
    }
}
