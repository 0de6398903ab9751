//! What no single key can tell: values that do not go together.

use std::collections::BTreeMap;

use crate::choice::{AccessMode, Dialect, TlsMode};
use crate::schema::LISTENERS;
use crate::settings::{CachePublish, Listener, Settings};

/// Longest name of a listener, in bytes.
const LISTENER_NAME_BYTES_MAX: usize = 32;

/// A rule that the settings break.
#[derive(Debug)]
pub(crate) struct Violation {
    /// The key whose source is to be blamed.
    pub(crate) key: String,
    pub(crate) problem: String,
    pub(crate) hint: String,
}

/// Checks every rule, and returns the first that is broken.
pub(crate) fn check(settings: &Settings) -> Result<(), Violation> {
    certificate_and_key_go_together(settings)?;
    listener_names_are_plain(settings)?;
    addresses_are_used_once(settings)?;
    required_tls_has_a_certificate(settings)?;
    open_access_stays_at_home(settings)?;
    what_knows_no_tokens_stays_at_home(settings)?;
    changes_have_a_channel(settings)?;
    preset_tokens_can_be_used(settings)?;
    an_outbox_holds_a_packet(settings)
}

fn certificate_and_key_go_together(settings: &Settings) -> Result<(), Violation> {
    let (given, missing) = match (settings.tls.certificate.get(), settings.tls.key.get()) {
        (Some(_), None) => ("certificate", "key"),
        (None, Some(_)) => ("key", "certificate"),
        _ => return Ok(()),
    };
    Err(Violation {
        key: format!("tls.{given}"),
        problem: format!("`tls.{given}` is set and `tls.{missing}` is not"),
        hint: "set both or none; `rialto cert new` makes a pair for development".to_owned(),
    })
}

fn listener_names_are_plain(settings: &Settings) -> Result<(), Violation> {
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

fn addresses_are_used_once(settings: &Settings) -> Result<(), Violation> {
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

fn required_tls_has_a_certificate(settings: &Settings) -> Result<(), Violation> {
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

fn open_access_stays_at_home(settings: &Settings) -> Result<(), Violation> {
    if settings.access.mode != AccessMode::Open || settings.access.open_beyond_loopback {
        return Ok(());
    }
    match settings.open_listeners().find(|(_, listener)| is_reachable(listener)) {
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
/// every mode is open.
fn what_knows_no_tokens_stays_at_home(settings: &Settings) -> Result<(), Violation> {
    let harm = |dialect| match dialect {
        Dialect::Memcached => Some("read and change the whole cache"),
        Dialect::Http => Some("see what the server does"),
        Dialect::Jmqt | Dialect::Coremq | Dialect::CoremqWebsocket | Dialect::Pubsubx => None,
    };
    let mut listeners = settings.open_listeners().filter(|(_, listener)| is_reachable(listener));
    let exposed = listeners.find_map(|(name, it)| Some((name, it, harm(it.dialect)?)));
    match exposed {
        Some((name, listener, harm)) if !settings.access.open_beyond_loopback => Err(Violation {
            key: format!("{LISTENERS}.{name}.address"),
            problem: format!(
                "`{LISTENERS}.{name}.address` is {}, which other machines can reach, and its \
                 dialect is \"{}\", which knows no tokens, with TLS or without: anybody who can \
                 reach it could {harm}",
                listener.address, listener.dialect
            ),
            hint: "use an address of loopback, or, if that is what you want, set \
                   access.open_beyond_loopback = true"
                .to_owned(),
        }),
        _ => Ok(()),
    }
}

fn is_reachable(listener: &Listener) -> bool {
    !listener.address.ip().to_canonical().is_loopback()
}

fn changes_have_a_channel(settings: &Settings) -> Result<(), Violation> {
    let cannot_be_published_on = |channel: &str| channel.is_empty() || channel.starts_with('$');
    let publish = &settings.cache.publish;
    match publish.iter().find(|publish| cannot_be_published_on(&publish.channel)) {
        None => Ok(()),
        Some(CachePublish { prefix, channel }) => Err(Violation {
            key: "cache.publish".to_owned(),
            problem: format!(
                "changes under `{prefix}` cannot be published on the channel `{channel}`"
            ),
            hint: "give it a name that does not begin with $".to_owned(),
        }),
    }
}

fn preset_tokens_can_be_used(settings: &Settings) -> Result<(), Violation> {
    let is_empty = settings
        .access
        .tokens
        .iter()
        .any(|preset| preset.client.is_empty() || preset.token.expose().is_empty());
    if !is_empty {
        return Ok(());
    }
    Err(Violation {
        key: "access.tokens".to_owned(),
        problem: "an entry of `access.tokens` has an empty client or token".to_owned(),
        hint: "give both, or remove the entry".to_owned(),
    })
}

fn an_outbox_holds_a_packet(settings: &Settings) -> Result<(), Violation> {
    let limits = &settings.limits;
    if limits.packet_bytes_max <= limits.outbox_bytes_max {
        return Ok(());
    }
    Err(Violation {
        key: "limits.outbox_bytes_max".to_owned(),
        problem: format!(
            "`limits.outbox_bytes_max` is {}, less than `limits.packet_bytes_max`, {}: the \
             largest packets could never be delivered",
            limits.outbox_bytes_max, limits.packet_bytes_max
        ),
        hint: "raise the first or lower the second".to_owned(),
    })
}
