//! A database that can be found, and settings that it can fulfil.

use crate::choice::{Durability, StoreKind};
use crate::rules::violation::Violation;
use crate::settings::Settings;

/// Longest name of a channel that a database finds by a key.
const NAME_BYTES_MAX: usize = 2000;

pub(super) fn a_database_has_an_address(settings: &Settings) -> Vec<Violation> {
    let store = &settings.store;
    let (has_url, has_file) = (!store.url.expose().is_empty(), store.url_file.get().is_some());
    let is_database = matches!(store.kind, StoreKind::Mysql | StoreKind::Postgres);
    let example = match store.kind {
        StoreKind::Mysql => "mysql://user:password@host:3306/database",
        _ => "postgres://user:password@host:5432/database",
    };
    let violation = match (is_database, has_url, has_file) {
        (true, false, false) => Violation::new(
            "store.kind",
            format!("`store.kind` is \"{}\", and no database is named", store.kind),
            format!(
                "set store.url to {example}, or store.url_file to a file that holds such a text"
            ),
        ),
        (true, true, true) => Violation::new(
            "store.url_file",
            "`store.url` and `store.url_file` are both set",
            "keep one of them",
        ),
        (false, true, _) | (false, _, true) => Violation::new(
            if has_url { "store.url" } else { "store.url_file" },
            format!("a database is named, while `store.kind` is \"{}\"", store.kind),
            "set store.kind to \"postgres\" or \"mysql\", or remove the database",
        ),
        _ => return Vec::new(),
    };
    vec![violation]
}

pub(super) fn a_database_takes_what_is_asked(settings: &Settings) -> Vec<Violation> {
    let store = &settings.store;
    if matches!(store.kind, StoreKind::Sqlite | StoreKind::Memory) {
        return Vec::new();
    }
    let mut violations = Vec::new();
    if store.bytes_max.nonzero().is_some() {
        violations.push(Violation::new(
            "store.bytes_max",
            "`store.bytes_max` is set, and a database cannot be held to it",
            "limit logs by store.log_bytes_max, or the database by its own means",
        ));
    }
    if store.durability == Durability::Os {
        violations.push(Violation::new(
            "store.durability",
            "`store.durability` is \"os\", and commits to a database are always synced",
            "remove it",
        ));
    }
    if NAME_BYTES_MAX < settings.limits.channel_name_bytes_max {
        violations.push(Violation::new(
            "limits.channel_name_bytes_max",
            format!(
                "`limits.channel_name_bytes_max` is {}, and a database finds names of {NAME_BYTES_MAX} \
                 bytes at most",
                settings.limits.channel_name_bytes_max
            ),
            "lower it",
        ));
    }
    violations
}

/// What brokers that share a database would silently do wrong is refused.
pub(super) fn what_is_shared_can_be(settings: &Settings) -> Vec<Violation> {
    let store = &settings.store;
    if !store.shared {
        return Vec::new();
    }
    let mut violations = Vec::new();
    if store.kind != StoreKind::Postgres {
        violations.push(Violation::new(
            "store.shared",
            format!("`store.shared` is set, while `store.kind` is \"{}\"", store.kind),
            "set store.kind to \"postgres\", or remove store.shared",
        ));
    }
    let cluster = &settings.cluster;
    let links = [
        ("cluster.nodes", &cluster.nodes),
        ("cluster.replicants", &cluster.replicants),
        ("cluster.allowed_replicants", &cluster.allowed_replicants),
    ];
    for (key, _) in links.into_iter().filter(|(_, names)| !names.is_empty()) {
        violations.push(Violation::new(
            key,
            format!(
                "`{key}` is set, and brokers that share a database do not pass messages on yet"
            ),
            "remove it, or store.shared",
        ));
    }
    let rules = &settings.channels.rules;
    let by_rule = rules.iter().any(|rule| rule.history_persistent == Some(true));
    if settings.history.persistent || by_rule {
        violations.push(Violation::new(
            if by_rule { "channels.rules" } else { "history.persistent" },
            "histories are to be stored, and brokers that share a database would each store their own",
            "remove history.persistent and history_persistent, or store.shared",
        ));
    }
    violations
}
