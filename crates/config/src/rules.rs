//! What no single key can tell: values that do not go together.

use crate::settings::Settings;

pub use listeners::{Exposed, check_resolved};
pub use log::LOG_LEVELS;
pub(crate) use violation::Violation;

mod access;
mod application;
mod balancer;
mod bus;
mod channels;
mod cluster;
mod console;
mod jwt;
mod listeners;
mod log;
mod store;
mod tls;
mod violation;

/// Returns how settings break one rule.
type Rule = fn(&Settings) -> Vec<Violation>;

/// Every rule, and the keys and sections that it weighs besides the one that it blames.
const RULES: [(Rule, &[&str]); 35] = [
    (tls::certificate_and_key_go_together, &["tls.certificate", "tls.key"]),
    (tls::client_certificates_can_be_checked, &["tls"]),
    (listeners::listener_names_are_plain, &[]),
    (listeners::addresses_are_used_once, &["tls.certificate", "tls.key"]),
    (listeners::required_tls_has_a_certificate, &["tls.certificate", "tls.key"]),
    (listeners::proxied_listeners_have_proxies, &["tls", "access.trusted_proxies"]),
    (listeners::open_access_stays_at_home, &["tls", OPEN_MODE, OPEN_BEYOND]),
    (listeners::what_knows_no_tokens_stays_at_home, &["tls", "api", "console", OPEN_BEYOND]),
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
    (console::hosts_are_names, &[]),
    (console::roles_say_something, &[]),
    (listeners::the_console_is_safe_where_it_is_reached, &["tls", "api", "console", "access"]),
    (balancer::routes_have_servers, &[]),
    (balancer::routes_listen_apart, &[]),
    (balancer::tls_has_a_certificate, &["tls.certificate", "tls.key"]),
    (channels::changes_have_a_channel, &[]),
    (channels::channel_rules_leave_something, &[]),
    (channels::an_outbox_holds_a_packet, &["limits.packet_bytes_max"]),
    (store::a_database_has_an_address, &["store.kind", "store.url", "store.url_file"]),
    (store::a_database_takes_what_is_asked, &["store.kind"]),
    (store::what_is_shared_can_be, &["store.shared", "store.kind", "cluster", "history"]),
    (bus::a_bus_can_be_used, &["bus", "store.shared"]),
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

/// Returns what an operator should know of settings that break no rule: each with the key whose
/// source is to be named.
pub(crate) fn warnings(settings: &Settings) -> Vec<(String, String)> {
    listeners::keys_in_plain_text(settings)
}
