//! What listeners must not do: share a name or an address, or open the broker to everybody.

use std::collections::BTreeMap;

use crate::choice::{AccessMode, Dialect, TlsMode};
use crate::rules::Violation;
use crate::schema::LISTENERS;
use crate::settings::{Api, Listener, Settings};

/// Longest name of a listener, in bytes.
const LISTENER_NAME_BYTES_MAX: usize = 32;

pub(super) fn listener_names_are_plain(settings: &Settings) -> Result<(), Violation> {
    let is_plain = |name: &&String| {
        (1..=LISTENER_NAME_BYTES_MAX).contains(&name.len())
            && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
    };
    match settings.listeners.keys().find(|name| !is_plain(name)) {
        None => Ok(()),
        Some(name) => Err(Violation {
            key: format!("{LISTENERS}.{name}"),
            problem: format!("`{name}` cannot be the name of a listener"),
            hint: format!(
                "use 1 to {LISTENER_NAME_BYTES_MAX} of the characters a to z, 0 to 9, _ and -"
            ),
        }),
    }
}

pub(super) fn addresses_are_used_once(settings: &Settings) -> Result<(), Violation> {
    let defaults = Listener::defaults();
    let mut users = BTreeMap::new();
    for (name, listener) in settings.open_listeners().filter(|(_, it)| it.address.port() != 0) {
        if let Some(other) = users.insert(listener.address, name) {
            let is_default = defaults.get(name) == Some(listener);
            let blamed = if is_default { other } else { name };
            return Err(Violation {
                key: format!("{LISTENERS}.{blamed}.address"),
                problem: format!("listeners `{other}` and `{name}` both want {}", listener.address),
                hint: "one listener hears TLS, WebSocket and plain sockets alike; remove one, \
                       give it another address, or set enabled = false"
                    .to_owned(),
            });
        }
    }
    Ok(())
}

pub(super) fn required_tls_has_a_certificate(settings: &Settings) -> Result<(), Violation> {
    let defaults = Listener::defaults();
    let lacks_certificate = |(name, listener): &(&String, &Listener)| {
        listener.enabled
            && listener.tls == TlsMode::Require
            && settings.tls.files().is_none()
            && defaults.get(*name) != Some(*listener)
    };
    match settings.listeners.iter().find(lacks_certificate) {
        None => Ok(()),
        Some((name, _)) => Err(Violation {
            key: format!("{LISTENERS}.{name}"),
            problem: format!("listener `{name}` requires TLS, and there is no certificate"),
            hint: "set tls.certificate and tls.key; `rialto cert new` makes a pair for development"
                .to_owned(),
        }),
    }
}

pub(super) fn proxied_listeners_have_proxies(settings: &Settings) -> Result<(), Violation> {
    let mut proxied = settings.open_listeners().filter(|(_, listener)| listener.proxy_protocol);
    match proxied.next() {
        Some((name, _)) if settings.access.trusted_proxies.is_empty() => Err(Violation {
            key: format!("{LISTENERS}.{name}.proxy_protocol"),
            problem: format!(
                "`{LISTENERS}.{name}.proxy_protocol` is set while `access.trusted_proxies` names \
                 nobody: nobody could connect"
            ),
            hint: "set access.trusted_proxies to the networks of the proxies".to_owned(),
        }),
        _ => Ok(()),
    }
}

pub(super) fn open_access_stays_at_home(settings: &Settings) -> Result<(), Violation> {
    if settings.access.mode != AccessMode::Open || settings.access.open_beyond_loopback {
        return Ok(());
    }
    let has_sessions = |dialect| match dialect {
        Dialect::Jmqt | Dialect::Coremq | Dialect::CoremqWebsocket | Dialect::Pubsubx => true,
        Dialect::Http | Dialect::Memcached => false,
    };
    match reachable(settings).find(|(_, listener)| has_sessions(listener.dialect)) {
        None => Ok(()),
        Some((name, listener)) => Err(Violation {
            key: format!("{LISTENERS}.{name}.address"),
            problem: format!(
                "`{LISTENERS}.{name}.address` is {}, which other machines can reach, while \
                 access.mode is \"open\": anybody who can reach it could read and publish \
                 everything",
                listener.address
            ),
            hint: "set access.mode = \"tokens\", or, if that is what you want, \
                   access.open_beyond_loopback = true"
                .to_owned(),
        }),
    }
}

/// memcached's text protocol and the status page have no way to say who one is: to their clients
/// every mode is open. The HTTP API has its keys.
pub(super) fn what_knows_no_tokens_stays_at_home(settings: &Settings) -> Result<(), Violation> {
    if settings.access.open_beyond_loopback {
        return Ok(());
    }
    let exposed = reachable(settings).find_map(|(name, listener)| {
        Some((name, listener, harm(listener.dialect, &settings.api)?))
    });
    match exposed {
        None => Ok(()),
        Some((name, listener, (harm, instead))) => Err(Violation {
            key: format!("{LISTENERS}.{name}.address"),
            problem: format!(
                "`{LISTENERS}.{name}.address` is {}, which other machines can reach, and its \
                 dialect is \"{}\", {harm}",
                listener.address, listener.dialect
            ),
            hint: format!(
                "{instead}, or, if that is what you want, set access.open_beyond_loopback = true"
            ),
        }),
    }
}

/// Returns what anybody could do on a listener without a token, and what to do about it.
fn harm(dialect: Dialect, api: &Api) -> Option<(&'static str, &'static str)> {
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
        Dialect::Http if api.keys.is_empty() => Some((
            "and api.keys has no key, so that nobody could use it",
            "use an address of loopback, or set api.keys",
        )),
        Dialect::Http => None,
    }
}

fn reachable(settings: &Settings) -> impl Iterator<Item = (&str, &Listener)> {
    settings.open_listeners().filter(|(_, it)| !it.address.ip().to_canonical().is_loopback())
}
