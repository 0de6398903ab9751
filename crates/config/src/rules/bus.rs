//! A bus that can be found, and that somebody uses.

use crate::choice::BusKind;
use crate::rules::violation::Violation;
use crate::settings::Settings;

/// Longest prefix of subjects.
const PREFIX_BYTES_MAX: usize = 64;

pub(super) fn a_bus_can_be_used(settings: &Settings) -> Vec<Violation> {
    let bus = &settings.bus;
    let mut violations = Vec::new();
    violations.extend(address(settings));
    if bus.kind != BusKind::None && !settings.store.shared {
        violations.push(Violation::new(
            "bus.kind",
            format!("`bus.kind` is \"{}\", and no other broker shares the store", bus.kind),
            "set store.shared, or remove the bus",
        ));
    }
    let (is_redis, has_sentinel) = (bus.kind == BusKind::Redis, !bus.sentinel.is_empty());
    for (key, is_set) in [("bus.sentinel", has_sentinel), ("bus.cluster", bus.cluster)] {
        if is_set && !is_redis {
            violations.push(Violation::new(
                key,
                format!("`{key}` is set, while `bus.kind` is \"{}\"", bus.kind),
                "set bus.kind to \"redis\", or remove it",
            ));
        }
    }
    if has_sentinel && bus.cluster {
        violations.push(Violation::new(
            "bus.cluster",
            "`bus.cluster` and `bus.sentinel` are both set, and a cluster has no sentinels",
            "keep one of them",
        ));
    }
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':' | b'/');
    if bus.prefix.is_empty()
        || PREFIX_BYTES_MAX < bus.prefix.len()
        || !bus.prefix.bytes().all(is_plain)
    {
        violations.push(Violation::new(
            "bus.prefix",
            format!(
                "`bus.prefix` has to be up to {PREFIX_BYTES_MAX} letters, digits and characters out of -_:/"
            ),
            "write such a text, as in \"rialto\"",
        ));
    }
    violations
}

fn address(settings: &Settings) -> Option<Violation> {
    let bus = &settings.bus;
    let (has_urls, has_file) = (!bus.urls.expose().is_empty(), bus.url_file.get().is_some());
    let example = match bus.kind {
        BusKind::Nats => "nats://host:4222",
        BusKind::None | BusKind::Redis => "redis://host:6379",
    };
    match (bus.kind, has_urls, has_file) {
        (BusKind::None, true, _) | (BusKind::None, _, true) => Some(Violation::new(
            if has_urls { "bus.urls" } else { "bus.url_file" },
            "a bus is named, while `bus.kind` is \"none\"",
            "set bus.kind to \"redis\" or \"nats\", or remove the bus",
        )),
        (BusKind::Redis | BusKind::Nats, false, false) => Some(Violation::new(
            "bus.kind",
            format!("`bus.kind` is \"{}\", and no address is named", bus.kind),
            format!("set bus.urls to {example}, or bus.url_file to a file that holds such a text"),
        )),
        (_, true, true) => Some(Violation::new(
            "bus.url_file",
            "`bus.urls` and `bus.url_file` are both set",
            "keep one of them",
        )),
        _ => None,
    }
}
