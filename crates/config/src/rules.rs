//! What no single key can tell: values that do not go together.

use std::collections::BTreeSet;

use crate::settings::Settings;

mod access;
mod application;
mod channels;
mod cluster;
mod jwt;
mod listeners;
mod tls;

/// A rule that the settings break.
#[derive(Debug)]
pub(crate) struct Violation {
    /// The key whose source is to be blamed.
    pub(crate) key: String,
    pub(crate) problem: String,
    pub(crate) hint: String,
}

/// What is wrong with an entry of a list, and what to do about it.
type Fault = (String, &'static str);

/// Checks every rule, and returns the first that is broken.
pub(crate) fn check(settings: &Settings) -> Result<(), Violation> {
    tls::certificate_and_key_go_together(settings)?;
    tls::client_certificates_can_be_checked(settings)?;
    listeners::listener_names_are_plain(settings)?;
    listeners::addresses_are_used_once(settings)?;
    listeners::required_tls_has_a_certificate(settings)?;
    listeners::proxied_listeners_have_proxies(settings)?;
    listeners::open_access_stays_at_home(settings)?;
    listeners::what_knows_no_tokens_stays_at_home(settings)?;
    access::check(settings)?;
    jwt::check(settings)?;
    cluster::check(settings)?;
    application::webhook_can_be_asked(settings)?;
    application::api_keys_can_be_used(settings)?;
    channels::changes_have_a_channel(settings)?;
    channels::channel_rules_leave_something(settings)?;
    channels::an_outbox_holds_a_packet(settings)
}

/// Returns the first text that was there before.
fn first_twice<'a>(mut texts: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = BTreeSet::new();
    texts.find(|text| !seen.insert(*text))
}

/// Returns the first name that was there before; an empty one is a mistake of another kind.
fn name_used_twice<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    first_twice(names.filter(|name| !name.is_empty()))
}

/// Returns how a message speaks of the entry `index` of a list.
fn entry(key: &str, index: usize, name: &str) -> String {
    match name {
        "" => format!("entry {} of `{key}`", index + 1),
        name => format!("the entry `{name}` of `{key}`"),
    }
}

/// Checks an address for requests, and returns what is wrong with it and what to do.
fn url_can_be_asked(url: &str) -> Result<(), (&'static str, &'static str)> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    if host.is_empty() || url.contains(char::is_whitespace) {
        return Err(("is not an address for HTTP", "write http:// or https://, a host and a path"));
    }
    if host.contains('@') {
        return Err((
            "has a user or a password in it, which logs would show",
            "remove what stands before the @",
        ));
    }
    Ok(())
}
