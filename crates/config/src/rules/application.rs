//! A webhook that can be asked, and keys of the API that tell their holders apart.

use crate::rules::violation::{self, Fault, Violation};
use crate::settings::{ApiKey, Settings};

/// Shortest key of the API, in bytes: 128 bits, if they are chosen well.
const KEY_BYTES_MIN: usize = 16;

pub(super) fn webhook_can_be_asked(settings: &Settings) -> Vec<Violation> {
    let webhook = &settings.webhook;
    if webhook.url.is_empty() {
        return Vec::new();
    }
    let mut violations = Vec::new();
    if let Err((problem, hint)) = violation::url_can_be_asked(&webhook.url) {
        violations.push(Violation::new("webhook.url", format!("`webhook.url` {problem}"), hint));
    }
    if webhook.secret.expose().is_empty() {
        violations.push(Violation::new(
            "webhook.url",
            "`webhook.url` is set and `webhook.secret` is not: the application could not tell who \
             asks it",
            "set webhook.secret to a text that the application knows as well",
        ));
    }
    if webhook.events.is_empty() {
        violations.push(Violation::new(
            "webhook.events",
            "`webhook.events` is empty, while `webhook.url` is set",
            "name the events it is for, or remove the url",
        ));
    }
    violations
}

pub(super) fn api_keys_can_be_used(settings: &Settings) -> Vec<Violation> {
    let keys = &settings.api.keys;
    let violation = |index, problem: String, hint: &str| {
        Violation::new("api.keys", problem, hint).of_entry(index)
    };
    let names = violation::names_used_twice(keys.iter().map(|key| key.name.as_str()));
    let names = names.into_iter().map(|(index, name)| {
        let problem = format!("two entries of `api.keys` have the name `{name}`");
        violation(index, problem, "give each a name of its own")
    });
    let faults = keys.iter().enumerate().filter_map(|(index, key)| {
        let (problem, hint) = api_key_can_be_used(key).err()?;
        let entry = violation::entry("api.keys", index, &key.name);
        Some(violation(index, format!("{entry} {problem}"), hint))
    });
    let twice = violation::names_used_twice(keys.iter().map(|key| key.key.expose()));
    let twice = twice.into_iter().map(|(index, _)| {
        let problem = "two entries of `api.keys` have the same key".to_owned();
        violation(index, problem, "give each a key of its own, so that one can be taken away alone")
    });
    names.chain(faults).chain(twice).collect()
}

/// Checks a key, and returns what is wrong with it and what to do.
fn api_key_can_be_used(key: &ApiKey) -> Result<(), Fault> {
    let length = key.key.expose().len();
    if key.name.is_empty() {
        return Err(("has no name".to_owned(), "set name; logs call whoever has the key by it"));
    }
    if length < KEY_BYTES_MIN {
        return Err((
            format!("has a key of {length} bytes, which can be guessed"),
            "give at least 16 bytes, such as `openssl rand -hex 16` prints",
        ));
    }
    if key.allow.is_empty() {
        return Err((
            "allows nothing".to_owned(),
            "name some of \"read\", \"publish\", \"manage\" and \"inspect\", or leave allow out for the first three",
        ));
    }
    Ok(())
}
