//! Access settings that say something, and nothing twice.

use crate::rules::violation::{self, Fault, Violation};
use crate::settings::{AccessRule, ConnectSubscription, PresetToken, Settings};

/// What stands for the client's id in a channel.
const CLIENT: &str = "{client}";

pub(super) fn preset_tokens_can_be_used(settings: &Settings) -> Vec<Violation> {
    let is_empty =
        |preset: &PresetToken| preset.client.is_empty() || preset.token.expose().is_empty();
    let presets = settings.access.tokens.iter().enumerate();
    let violation = |(index, _): (usize, &PresetToken)| {
        Violation::new(
            "access.tokens",
            "an entry of `access.tokens` has an empty client or token",
            "give both, or remove the entry",
        )
        .of_entry(index)
    };
    presets.filter(|(_, preset)| is_empty(preset)).map(violation).collect()
}

pub(super) fn rules_say_something(settings: &Settings) -> Vec<Violation> {
    let faults = |(index, rule): (usize, &AccessRule)| {
        let name = rule.name.as_deref().unwrap_or_default();
        let entry = violation::entry("access.rules", index, name);
        let faults = [decides_one_way(rule).err(), is_for_some(rule).err()];
        faults.into_iter().flatten().map(move |(problem, hint)| {
            Violation::new("access.rules", format!("{entry} {problem}"), hint).of_entry(index)
        })
    };
    settings.access.rules.iter().enumerate().flat_map(faults).collect()
}

/// Checks that a rule either allows or denies.
fn decides_one_way(rule: &AccessRule) -> Result<(), Fault> {
    match (rule.allow.is_empty(), rule.deny.is_empty()) {
        (true, true) => Err((
            "neither allows nor denies anything".to_owned(),
            "give it allow or deny, such as allow = [\"subscribe\"]",
        )),
        (false, false) => Err(("both allows and denies".to_owned(), "make two rules of it")),
        _ => Ok(()),
    }
}

/// Checks that there can be channels and clients that a rule fits.
fn is_for_some(rule: &AccessRule) -> Result<(), Fault> {
    let is_empty = |text: &Option<String>| text.as_ref().is_some_and(String::is_empty);
    if rule.channels.is_empty() || rule.channels.contains(&String::new()) {
        return Err((
            "has no channels, or an empty name among them".to_owned(),
            "channels = [\"*\"] stands for all",
        ));
    }
    if let Some(channel) = rule.channels.iter().find(|channel| !is_filled_in(channel)) {
        return Err((
            format!("has the channels `{channel}`"),
            "the only thing that may stand in braces is {client}, the client's id",
        ));
    }
    if is_empty(&rule.client) || is_empty(&rule.group) {
        return Err((
            "asks for an empty client or group, which nobody has".to_owned(),
            "leave it out, and the rule is for all",
        ));
    }
    match (&rule.claim, rule.claim()) {
        (Some(_), Some(("", _)) | None) => Err((
            "has a claim without a name or a value".to_owned(),
            "write claim = \"name=value\"",
        )),
        _ => Ok(()),
    }
}

pub(super) fn channels_can_be_subscribed(settings: &Settings) -> Vec<Violation> {
    let cannot = |channel: &str| !is_ordinary(channel) || !is_filled_in(channel);
    let entries = settings.access.subscribe.iter().enumerate();
    let violation = |(index, entry): (usize, &ConnectSubscription)| {
        Violation::new(
            "access.subscribe",
            format!("clients cannot be subscribed to the channel `{}`", entry.channel),
            "give a name that does not begin with $ or #, and in which nothing but {client} stands \
             in braces",
        )
        .of_entry(index)
    };
    entries.filter(|(_, entry)| cannot(&entry.channel)).map(violation).collect()
}

pub(super) fn presence_has_a_channel(settings: &Settings) -> Vec<Violation> {
    let channel = &settings.access.presence_channel;
    if channel.is_empty() || is_ordinary(channel) {
        return Vec::new();
    }
    vec![Violation::new(
        "access.presence_channel",
        format!("who comes and goes cannot be published on the channel `{channel}`"),
        "give a name that does not begin with $ or #; empty publishes nothing",
    )]
}

pub(super) fn origins_are_origins(settings: &Settings) -> Vec<Violation> {
    let is_origin = |origin: &str| {
        let is_plain = |host: &str| {
            !host.is_empty()
                && !host.contains(|it: char| "/?#@*".contains(it) || it.is_whitespace())
        };
        origin.split_once("://").is_some_and(|(scheme, host)| !scheme.is_empty() && is_plain(host))
    };
    let violation = |key: &'static str, (index, origin): (usize, &String)| {
        Violation::new(
            key,
            format!("`{origin}` is not the origin of a page"),
            "write it as browsers do, \"https://app.example\" or with a port \
             \"http://localhost:3000\", without a path and without *",
        )
        .of_entry(index)
    };
    let of_websocket = settings.access.websocket_origins.iter().enumerate();
    let of_websocket = of_websocket.filter(|(_, origin)| !is_origin(origin));
    let of_api = settings.api.cors_origins.iter().enumerate();
    let of_api = of_api.filter(|(_, origin)| *origin != "*" && !is_origin(origin));
    let of_websocket = of_websocket.map(|it| violation("access.websocket_origins", it));
    of_websocket.chain(of_api.map(|it| violation("api.cors_origins", it))).collect()
}

/// Returns whether clients may subscribe a channel of this name.
fn is_ordinary(channel: &str) -> bool {
    !channel.is_empty() && !channel.starts_with(['$', '#'])
}

/// Returns whether nothing stands in braces that would not be replaced: misspelt, a rule would fit
/// nothing, and nobody would notice.
fn is_filled_in(channel: &str) -> bool {
    !channel.is_empty() && !channel.replace(CLIENT, "").contains(['{', '}'])
}
