//! Which keys there are, and which was meant by one that there is not.

use crate::section::{Key, Section};
use crate::settings::{
    Access, Api, Balancer, Bus, Cache, Channels, Cluster, Console, Delivery, Events, History,
    Limits, Listener, Log, Pubsubx, Retained, Server, Session, Store, Tls, Webhook,
};

/// The name of the table that holds a table for each listener.
pub(crate) const LISTENERS: &str = "listeners";

/// All sections, in the order of the default file.
pub(crate) const SECTIONS: [(&str, Section); 21] = [
    ("server", Server::SECTION),
    (LISTENERS, Listener::SECTION),
    ("tls", Tls::SECTION),
    ("limits", Limits::SECTION),
    ("session", Session::SECTION),
    ("pubsubx", Pubsubx::SECTION),
    ("delivery", Delivery::SECTION),
    ("history", History::SECTION),
    ("retained", Retained::SECTION),
    ("channels", Channels::SECTION),
    ("events", Events::SECTION),
    ("cluster", Cluster::SECTION),
    ("cache", Cache::SECTION),
    ("store", Store::SECTION),
    ("bus", Bus::SECTION),
    ("access", Access::SECTION),
    ("webhook", Webhook::SECTION),
    ("api", Api::SECTION),
    ("console", Console::SECTION),
    ("balancer", Balancer::SECTION),
    ("log", Log::SECTION),
];

/// What a path of names leads to.
#[derive(Debug)]
pub(crate) enum Place {
    /// A table of tables or of keys: the root, `listeners`, `limits`, `listeners.tcp`.
    Table,
    Key(&'static Key),
    /// Nothing; with what may be written instead, in words, and the key or the section that was
    /// probably meant.
    Unknown {
        hint: String,
        meant: Option<String>,
    },
}

/// Finds what `path` leads to.
pub(crate) fn find(path: &[String]) -> Place {
    let Some(first) = path.first() else { return Place::Table };
    let Some((_, section)) = SECTIONS.iter().find(|(name, _)| name == first) else {
        return unknown(path, 0, SECTIONS.iter().map(|(name, _)| *name));
    };
    let depth = if first == LISTENERS { 2 } else { 1 };
    let Some(name) = path.get(depth) else { return Place::Table };
    match section.keys.iter().find(|key| key.name == name) {
        Some(key) if path.len() == depth + 1 => Place::Key(key),
        Some(key) => {
            let hint = format!("{} is a value, not a section", key.name);
            Place::Unknown { hint, meant: Some(path[..=depth].join(".")) }
        }
        None => unknown(path, depth, section.keys.iter().map(|key| key.name)),
    }
}

/// Says which of `known` was probably meant by the name at `depth`, or else lists them.
fn unknown(path: &[String], depth: usize, known: impl Iterator<Item = &'static str>) -> Place {
    let (name, known) = (&path[depth], known.collect::<Vec<_>>());
    if let Some(near) = nearest(name, &known) {
        let mut meant = path.to_vec();
        near.clone_into(&mut meant[depth]);
        return Place::Unknown {
            hint: format!("did you mean `{near}`?"),
            meant: Some(meant.join(".")),
        };
    }
    if let Some(key) = with_single_underscore(name) {
        let hint = format!("did you mean `{key}`? In a variable two underscores stand for the dot");
        return Place::Unknown { hint, meant: Some(key) };
    }
    let last = path.last().unwrap_or(name);
    let section = section_of(last);
    let hint = match section {
        Some(LISTENERS) => format!("`{last}` belongs in a listener, such as [{LISTENERS}.tcp]"),
        Some(section) => format!("`{last}` belongs in [{section}]"),
        None => format!("known here: {}", known.join(", ")),
    };
    let meant = section.map(|section| match section {
        LISTENERS => LISTENERS.to_owned(),
        section => format!("{section}.{last}"),
    });
    Place::Unknown { hint, meant }
}

/// Returns the known name that `name` most resembles, if it does at all.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let distance = |known: &&str| strsim::damerau_levenshtein(name, known);
    let near = known.iter().copied().min_by_key(distance)?;
    (distance(&near) <= (name.len() / 3).clamp(1, 3)).then_some(near)
}

/// Says whether a variable's name without two underscores was probably meant to be a setting: that of a listener, or a
/// section's name and a key of it, give or take a letter or three.
pub(crate) fn resembles_setting(name: &str) -> bool {
    name.starts_with(&format!("{LISTENERS}_")) || with_single_underscore(name).is_some()
}

/// Returns `log.level` for `log_level` or `log_levl`, as `RIALTO_LOG_LEVEL` is read.
fn with_single_underscore(name: &str) -> Option<String> {
    SECTIONS.iter().find_map(|(section, keys)| {
        let rest = name.strip_prefix(section)?.strip_prefix('_')?;
        let keys: Vec<&str> = keys.keys.iter().map(|key| key.name).collect();
        Some(format!("{section}.{}", nearest(rest, &keys)?))
    })
}

/// Returns the first section that has a key `name`.
fn section_of(name: &str) -> Option<&'static str> {
    let has = |section: &Section| section.keys.iter().any(|key| key.name == name);
    SECTIONS.iter().find(|(_, section)| has(section)).map(|(section, _)| *section)
}
