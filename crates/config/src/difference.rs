//! What differs between two settings: for the log of a reload, and for whoever carries it out.

use std::fmt;

use toml::{Table, Value};

use crate::schema::LISTENERS;
use crate::settings::{Listener, Settings};

/// Sections and keys whose change takes effect with the next start only.
const RESTART: [&str; 13] = [
    "server",
    LISTENERS,
    "cluster",
    "cache",
    "log",
    "bus",
    "store.kind",
    "store.shared",
    "store.durability",
    "store.bytes_max",
    "limits.connections_max",
    "limits.connections_per_address_max",
    "limits.outbox_bytes_max",
];

/// Keys in these sections that are taken up all the same.
const TAKEN_UP: [&str; 3] =
    ["cluster.replicants", "cluster.replicants_by_address", "cluster.ready_when_linked"];

/// A key with another value than before.
///
/// Values are TOML, with stars in place of secrets: both are the same where only a secret changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The key, such as `limits.packet_bytes_max` or `listeners.tcp.address`.
    pub key: String,
    /// What it was; `None` if it belongs to a listener that was not there.
    pub old: Option<String>,
    /// What it is; `None` if it belongs to a listener that is not there any more.
    pub new: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        match (&self.old, &self.new) {
            (Some(old), Some(new)) if old == new => write!(f, "{key}: a secret changed"),
            (old, new) => {
                let shown = |value: &Option<String>| value.clone().unwrap_or("nothing".to_owned());
                write!(f, "{key}: {} became {}", shown(old), shown(new))
            }
        }
    }
}

/// Returns every key whose value is another in `new` than in `old`, sorted by key.
pub fn difference(old: &Settings, new: &Settings) -> Vec<Difference> {
    let mut keys = changed_in_sections(old, new);
    keys.extend(changed_in_listeners(old, new));
    keys.sort();
    let [old, new] =
        [old, new].map(|settings| Table::try_from(settings).expect("settings are a TOML table"));
    let difference =
        |key: String| Difference { old: value(&old, &key), new: value(&new, &key), key };
    keys.into_iter().map(difference).collect()
}

/// Returns whether a change of `key` takes effect with the next start of the broker only.
///
/// Certificates, access, webhooks, rules of channels and most limits are taken over while it runs.
pub fn needs_restart(key: &str) -> bool {
    let is_or_is_in = |outer: &str| {
        key.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    RESTART.iter().any(|outer| is_or_is_in(outer)) && !TAKEN_UP.contains(&key)
}

fn changed_in_sections(old: &Settings, new: &Settings) -> Vec<String> {
    /// Asks each of the sections; one that is not named does not compile.
    macro_rules! changed {
        ($($section:ident)*) => {{
            let Settings { listeners: _, provenance: _, $($section),* } = new;
            let sections = [$( (stringify!($section), old.$section.changed_keys($section)) ),*];
            let named = |(section, keys): (&str, Vec<&str>)| -> Vec<String> {
                keys.into_iter().map(|key| format!("{section}.{key}")).collect()
            };
            sections.into_iter().flat_map(named).collect()
        }};
    }
    changed! {
        server tls limits session pubsubx delivery history retained channels events cluster cache store bus access
        webhook api console balancer log
    }
}

fn changed_in_listeners(old: &Settings, new: &Settings) -> Vec<String> {
    let mut names: Vec<&String> = old.listeners.keys().chain(new.listeners.keys()).collect();
    names.sort();
    names.dedup();
    let changed = |name: &String| match (old.listeners.get(name), new.listeners.get(name)) {
        (Some(old), Some(new)) => old.changed_keys(new),
        _ => Listener::SECTION.keys.iter().map(|key| key.name).collect(),
    };
    let named = |name: &String| -> Vec<String> {
        changed(name).into_iter().map(|key| format!("{LISTENERS}.{name}.{key}")).collect()
    };
    names.into_iter().flat_map(named).collect()
}

/// Returns the value of a dotted key as TOML.
fn value(table: &Table, key: &str) -> Option<String> {
    let (first, rest) = key.split_once('.')?;
    let value = rest.split('.').try_fold(table.get(first)?, |value, name| value.get(name))?;
    Some(Value::to_string(value))
}
