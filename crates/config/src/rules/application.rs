//! A webhook that can be asked, and keys of the API that tell their holders apart.

use crate::rules::{self, Fault, Violation};
use crate::settings::{ApiKey, Settings};

/// Shortest key of the API, in bytes: 128 bits, if they are chosen well.
const KEY_BYTES_MIN: usize = 16;

pub(super) fn webhook_can_be_asked(settings: &Settings) -> Result<(), Violation> {
    let webhook = &settings.webhook;
    if webhook.url.is_empty() {
        return Ok(());
    }
    rules::url_can_be_asked(&webhook.url).map_err(|(problem, hint)| Violation {
        key: "webhook.url".to_owned(),
        problem: format!("`webhook.url` {problem}"),
        hint: hint.to_owned(),
    })?;
    if webhook.secret.expose().is_empty() {
        return Err(Violation {
            key: "webhook.url".to_owned(),
            problem: "`webhook.url` is set and `webhook.secret` is not: the application could not \
                      tell who asks it"
                .to_owned(),
            hint: "set webhook.secret to a text that the application knows as well".to_owned(),
        });
    }
    if webhook.events.is_empty() {
        return Err(Violation {
            key: "webhook.events".to_owned(),
            problem: "`webhook.events` is empty, while `webhook.url` is set".to_owned(),
            hint: "name the events it is for, or remove the url".to_owned(),
        });
    }
    Ok(())
}

pub(super) fn api_keys_can_be_used(settings: &Settings) -> Result<(), Violation> {
    let keys = &settings.api.keys;
    let violation = |problem, hint: &str| Violation {
        key: "api.keys".to_owned(),
        problem,
        hint: hint.to_owned(),
    };
    if let Some(name) = rules::name_used_twice(keys.iter().map(|key| key.name.as_str())) {
        return Err(violation(
            format!("two entries of `api.keys` have the name `{name}`"),
            "give each a name of its own",
        ));
    }
    for (index, key) in keys.iter().enumerate() {
        api_key_can_be_used(key).map_err(|(problem, hint)| {
            let entry = rules::entry("api.keys", index, &key.name);
            violation(format!("{entry} {problem}"), hint)
        })?;
    }
    match rules::first_twice(keys.iter().map(|key| key.key.expose())) {
        None => Ok(()),
        Some(_) => Err(violation(
            "two entries of `api.keys` have the same key".to_owned(),
            "give each a key of its own, so that one can be taken away alone",
        )),
    }
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
            "name some of \"read\", \"publish\" and \"manage\", or leave allow out for all",
        ));
    }
    Ok(())
}
