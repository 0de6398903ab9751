//! What listeners must not do: share a name or an address, or open the broker to everybody.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::address::ListenAddress;
use crate::choice::{AccessMode, ConsoleServed, Dialect, SamplePage, TlsMode};
use crate::rules::violation::Violation;
use crate::schema::LISTENERS;
use crate::settings::{Listener, Settings};

/// Longest name of a listener, in bytes.
const LISTENER_NAME_BYTES_MAX: usize = 32;

pub(super) fn listener_names_are_plain(settings: &Settings) -> Vec<Violation> {
    let is_plain = |name: &&String| {
        (1..=LISTENER_NAME_BYTES_MAX).contains(&name.len())
            && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
    };
    let violation = |name: &String| {
        Violation::new(
            format!("{LISTENERS}.{name}"),
            format!("`{name}` cannot be the name of a listener"),
            format!("use 1 to {LISTENER_NAME_BYTES_MAX} of the characters a to z, 0 to 9, _ and -"),
        )
    };
    settings.listeners.keys().filter(|name| !is_plain(name)).map(violation).collect()
}

pub(super) fn addresses_are_used_once(settings: &Settings) -> Vec<Violation> {
    let defaults = Listener::defaults();
    let (mut users, mut violations) = (BTreeMap::new(), Vec::new());
    for (name, listener) in settings.open_listeners().filter(|(_, it)| it.address.port() != 0) {
        if let Some(other) = users.insert(&listener.address, name) {
            let is_default = defaults.get(name) == Some(listener);
            let blamed = if is_default { other } else { name };
            violations.push(Violation::new(
                format!("{LISTENERS}.{blamed}.address"),
                format!("listeners `{other}` and `{name}` both want {}", listener.address),
                "one listener hears TLS, WebSocket and plain sockets alike; remove one, give it \
                 another address, or set enabled = false",
            ));
        }
    }
    violations
}

pub(super) fn required_tls_has_a_certificate(settings: &Settings) -> Vec<Violation> {
    let defaults = Listener::defaults();
    let lacks_certificate = |(name, listener): &(&String, &Listener)| {
        listener.enabled
            && listener.tls == TlsMode::Require
            && settings.tls.files().is_none()
            && defaults.get(*name) != Some(*listener)
    };
    let violation = |(name, _): (&String, &Listener)| {
        Violation::new(
            format!("{LISTENERS}.{name}"),
            format!("listener `{name}` requires TLS, and there is no certificate"),
            "set tls.certificate and tls.key; `rialto cert new` makes a pair for development",
        )
    };
    settings.listeners.iter().filter(lacks_certificate).map(violation).collect()
}

pub(super) fn proxied_listeners_have_proxies(settings: &Settings) -> Vec<Violation> {
    if !settings.access.trusted_proxies.is_empty() {
        return Vec::new();
    }
    let violation = |(name, _): (&str, &Listener)| {
        Violation::new(
            format!("{LISTENERS}.{name}.proxy_protocol"),
            format!(
                "`{LISTENERS}.{name}.proxy_protocol` is set while `access.trusted_proxies` names \
                 nobody: nobody could connect"
            ),
            "set access.trusted_proxies to the networks of the proxies",
        )
    };
    let proxied = settings.open_listeners().filter(|(_, listener)| listener.proxy_protocol);
    proxied.map(violation).collect()
}

pub(super) fn something_is_listened_on(settings: &Settings) -> Vec<Violation> {
    if settings.open_listeners().next().is_some() {
        return Vec::new();
    }
    vec![Violation::new(
        LISTENERS,
        "no listener is open: each is disabled, or requires TLS while there is no certificate",
        "set enabled = true for one, or set tls.certificate and tls.key",
    )]
}

pub(super) fn open_access_stays_at_home(settings: &Settings) -> Vec<Violation> {
    let reachable = reachable(settings);
    reachable.filter_map(|(name, listener)| open_access(settings, name, listener)).collect()
}

pub(super) fn what_knows_no_tokens_stays_at_home(settings: &Settings) -> Vec<Violation> {
    let reachable = reachable(settings);
    reachable.filter_map(|(name, listener)| no_tokens(settings, name, listener)).collect()
}

/// An address that is open to more than it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}; {hint}")]
pub struct Exposed {
    problem: String,
    hint: String,
}

/// Checks what can only be known once the host name of a listener is resolved: that what is open to
/// everybody stays on loopback. [`load()`](crate::load()) has checked the addresses that are written
/// as such.
///
/// # Errors
/// [`Exposed`] if other machines could reach the address, and nobody would be asked who they are.
pub fn check_resolved(
    settings: &Settings,
    name: &str,
    listener: &Listener,
    address: SocketAddr,
) -> Result<(), Exposed> {
    if is_loopback(&address) {
        return Ok(());
    }
    let violation = open_access(settings, name, listener);
    let violation = violation.or_else(|| no_tokens(settings, name, listener));
    match violation.or_else(|| unsafe_console(settings, name, listener)) {
        None => Ok(()),
        Some(Violation { problem, hint, .. }) => {
            let problem =
                format!("{} has the address {}: {problem}", listener.address, address.ip());
            Err(Exposed { problem, hint })
        }
    }
}

pub(super) fn the_console_is_safe_where_it_is_reached(settings: &Settings) -> Vec<Violation> {
    let reachable = reachable(settings);
    reachable.filter_map(|(name, listener)| unsafe_console(settings, name, listener)).collect()
}

/// Says what is wrong with a listener that other machines can reach, and that serves them the console
/// although nobody could sign in safely. "auto" does not serve it to them.
fn unsafe_console(settings: &Settings, name: &str, listener: &Listener) -> Option<Violation> {
    let Settings { console, api, access, .. } = settings;
    if console.enabled != ConsoleServed::Always || listener.dialect != Dialect::Http {
        return None;
    }
    let has_tls = !is_plain(settings, listener) || !access.trusted_proxies.is_empty();
    let (lacks, hint) = if !has_tls {
        (
            "without TLS, so that whoever can read the network could act as whoever signs in",
            "set tls.certificate and tls.key, or put a proxy that speaks TLS in front of it and name \
             it in access.trusted_proxies",
        )
    } else if console.roles.is_empty() && api.keys.is_empty() {
        ("while nobody could sign in", "set console.roles for the groups of users, or api.keys")
    } else {
        return None;
    };
    Some(Violation::new(
        format!("{LISTENERS}.{name}.address"),
        format!(
            "`{LISTENERS}.{name}.address` is {}, which other machines can reach, and \
             console.enabled is true, {lacks}",
            listener.address
        ),
        format!("{hint}, use an address of loopback, or set console.enabled = \"auto\""),
    ))
}

/// Says whether a client can be served without TLS.
fn is_plain(settings: &Settings, listener: &Listener) -> bool {
    match listener.tls {
        TlsMode::Off => true,
        TlsMode::Allow => settings.tls.files().is_none(),
        TlsMode::Require => false,
    }
}

/// Says what is wrong with a listener that other machines can reach, in mode "open".
fn open_access(settings: &Settings, name: &str, listener: &Listener) -> Option<Violation> {
    let access = &settings.access;
    let has_sessions = match listener.dialect {
        Dialect::Jmqt | Dialect::Coremq | Dialect::CoremqWebsocket | Dialect::Pubsubx => true,
        Dialect::Http | Dialect::Memcached => false,
    };
    if access.mode != AccessMode::Open || access.open_beyond_loopback || !has_sessions {
        return None;
    }
    Some(Violation::new(
        format!("{LISTENERS}.{name}.address"),
        format!(
            "`{LISTENERS}.{name}.address` is {}, which other machines can reach, while access.mode \
             is \"open\": anybody who can reach it could read and publish everything",
            listener.address
        ),
        "set access.mode = \"tokens\", or, if that is what you want, \
         access.open_beyond_loopback = true",
    ))
}

/// Says what is wrong with a listener that other machines can reach and that asks nobody who they
/// are: memcached's text protocol and the status page have no way to say so, and to their clients
/// every mode is open. The HTTP API has its keys.
fn no_tokens(settings: &Settings, name: &str, listener: &Listener) -> Option<Violation> {
    if settings.access.open_beyond_loopback {
        return None;
    }
    let (harm, instead) = harm(listener.dialect, settings)?;
    Some(Violation::new(
        format!("{LISTENERS}.{name}.address"),
        format!(
            "`{LISTENERS}.{name}.address` is {}, which other machines can reach, and its dialect \
             is \"{}\", {harm}",
            listener.address, listener.dialect
        ),
        format!("{instead}, or, if that is what you want, set access.open_beyond_loopback = true"),
    ))
}

/// Returns what an operator should know of an HTTP listener that other machines reach without TLS:
/// its key is told and what whoever reads the network could do. A proxy may speak TLS in front.
pub(super) fn keys_in_plain_text(settings: &Settings) -> Vec<(String, String)> {
    let (api, access) = (&settings.api, &settings.access);
    let exposed = reachable(settings).filter(|(_, listener)| {
        listener.dialect == Dialect::Http
            && is_plain(settings, listener)
            && access.trusted_proxies.is_empty()
    });
    let told = |(name, listener): (&str, &Listener)| {
        let text = format!(
            "`{LISTENERS}.{name}` is reached by other machines at {} without TLS, so that whoever \
             can read the network can read the keys of the API and use them; set \
             {LISTENERS}.{name}.tls = \"require\" and a certificate, or put a proxy that speaks TLS \
             in front of it and name it in access.trusted_proxies",
            listener.address
        );
        (format!("{LISTENERS}.{name}"), text)
    };
    if api.keys.is_empty() { Vec::new() } else { exposed.map(told).collect() }
}

/// Returns what anybody could do on a listener without a token, and what to do about it.
fn harm(dialect: Dialect, settings: &Settings) -> Option<(&'static str, &'static str)> {
    let Settings { api, console, .. } = settings;
    let nobody_signs_in = console.enabled == ConsoleServed::Never || console.roles.is_empty();
    match dialect {
        Dialect::Jmqt | Dialect::Coremq | Dialect::CoremqWebsocket | Dialect::Pubsubx => None,
        Dialect::Memcached => Some((
            "which knows no tokens, with TLS or without: anybody who can reach it could read and \
             change the whole cache",
            "use an address of loopback",
        )),
        Dialect::Http if api.status_page => Some((
            "with a status page that needs no key: anybody who can reach it could see what the \
             server does",
            "use an address of loopback, or set api.status_page = false and api.keys",
        )),
        Dialect::Http
            if api.keys.is_empty() && api.sample != SamplePage::Always && nobody_signs_in =>
        {
            Some((
                "and api.keys has no key, so that nobody could use it",
                "use an address of loopback, or set api.keys",
            ))
        }
        Dialect::Http => None,
    }
}

/// Returns the listeners whose address, as it is written, other machines can reach. Names are judged
/// when they are resolved.
fn reachable(settings: &Settings) -> impl Iterator<Item = (&str, &Listener)> {
    settings.open_listeners().filter(|(_, listener)| match &listener.address {
        ListenAddress::Socket(socket) => !is_loopback(socket),
        ListenAddress::Name { .. } => false,
    })
}

fn is_loopback(address: &SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}
