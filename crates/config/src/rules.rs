//! What no single key can tell: values that do not go together.

use std::collections::BTreeSet;

use crate::settings::Settings;

pub use listeners::{Exposed, check_resolved};
pub use log::LOG_LEVELS;

mod access;
mod application;
mod channels;
mod cluster;
mod jwt;
mod listeners;
mod log;
mod tls;

/// A rule that the settings break.
#[derive(Debug)]
pub(crate) struct Violation {
    /// The key whose source is to be blamed.
    pub(crate) key: String,
    /// Which entry of the list that the key holds is to be blamed, counted from 0.
    pub(crate) entry: Option<usize>,
    pub(crate) problem: String,
    pub(crate) hint: String,
}

impl Violation {
    pub(crate) fn new(
        key: impl Into<String>,
        problem: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Violation { key: key.into(), entry: None, problem: problem.into(), hint: hint.into() }
    }

    /// Blames one entry of the list that the key holds.
    pub(crate) fn of_entry(self, index: usize) -> Self {
        Violation { entry: Some(index), ..self }
    }
}

/// What is wrong with an entry of a list, and what to do about it.
type Fault = (String, &'static str);

/// Returns how settings break one rule.
type Rule = fn(&Settings) -> Vec<Violation>;

/// Every rule, and the keys and sections that it weighs besides the one that it blames.
const RULES: [(Rule, &[&str]); 25] = [
    (tls::certificate_and_key_go_together, &["tls.certificate", "tls.key"]),
    (tls::client_certificates_can_be_checked, &["tls"]),
    (listeners::listener_names_are_plain, &[]),
    (listeners::addresses_are_used_once, &["tls.certificate", "tls.key"]),
    (listeners::required_tls_has_a_certificate, &["tls.certificate", "tls.key"]),
    (listeners::proxied_listeners_have_proxies, &["tls", "access.trusted_proxies"]),
    (listeners::open_access_stays_at_home, &["tls", OPEN_MODE, OPEN_BEYOND]),
    (listeners::what_knows_no_tokens_stays_at_home, &["tls", "api", OPEN_BEYOND]),
    (access::preset_tokens_can_be_used, &[]),
    (access::rules_say_something, &[]),
    (access::channels_can_be_subscribed, &[]),
    (access::presence_has_a_channel, &[]),
    (access::origins_are_origins, &[]),
    (jwt::issuers_can_be_used, &[]),
    (cluster::hosts_can_be_reached, &[]),
    (cluster::replicants_have_names, &[]),
    (cluster::somebody_may_replicate, &["cluster", OPEN_MODE]),
    (cluster::tls_has_what_it_needs, &["cluster"]),
    (application::webhook_can_be_asked, &["webhook"]),
    (application::api_keys_can_be_used, &[]),
    (channels::changes_have_a_channel, &[]),
    (channels::channel_rules_leave_something, &[]),
    (channels::an_outbox_holds_a_packet, &["limits.packet_bytes_max"]),
    (log::levels_are_levels, &[]),
    (listeners::something_is_listened_on, &["tls", "listeners"]),
];

const OPEN_MODE: &str = "access.mode";
const OPEN_BEYOND: &str = "access.open_beyond_loopback";

/// Checks every rule but those that would judge a key whose value `is_doubtful`.
pub(crate) fn check(settings: &Settings, is_doubtful: impl Fn(&str) -> bool) -> Vec<Violation> {
    let can_judge = |(_, weighed): &&(Rule, &[&str])| !weighed.iter().any(|key| is_doubtful(key));
    RULES.iter().filter(can_judge).flat_map(|(rule, _)| rule(settings)).collect()
}

/// Returns each text that was there before, with its place; an empty one is a mistake of another kind.
fn names_used_twice<'a>(names: impl Iterator<Item = &'a str>) -> Vec<(usize, &'a str)> {
    let mut seen = BTreeSet::new();
    let is_twice = |(_, name): &(usize, &'a str)| !name.is_empty() && !seen.insert(*name);
    names.enumerate().filter(is_twice).collect()
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
