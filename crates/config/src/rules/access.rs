//! Access settings that say something, and nothing twice.

use crate::rules::{self, Fault, Violation};
use crate::settings::{Access, AccessRule, PresetToken, Settings};

/// What stands for the client's id in a channel.
const CLIENT: &str = "{client}";

/// Checks everything in `[access]` but the issuers of JWTs.
pub(super) fn check(settings: &Settings) -> Result<(), Violation> {
    let access = &settings.access;
    access.tokens.iter().try_for_each(preset_token_can_be_used)?;
    rules_say_something(access)?;
    channels_can_be_subscribed(access)?;
    presence_has_a_channel(access)?;
    origins_are_origins(access)
}

fn preset_token_can_be_used(preset: &PresetToken) -> Result<(), Violation> {
    if !preset.client.is_empty() && !preset.token.expose().is_empty() {
        return Ok(());
    }
    Err(Violation {
        key: "access.tokens".to_owned(),
        problem: "an entry of `access.tokens` has an empty client or token".to_owned(),
        hint: "give both, or remove the entry".to_owned(),
    })
}

fn rules_say_something(access: &Access) -> Result<(), Violation> {
    for (index, rule) in access.rules.iter().enumerate() {
        let checked = decides_one_way(rule).and_then(|()| is_for_some(rule));
        checked.map_err(|(problem, hint)| Violation {
            key: "access.rules".to_owned(),
            problem: format!(
                "{} {problem}",
                rules::entry("access.rules", index, rule.name.as_deref().unwrap_or_default())
            ),
            hint: hint.to_owned(),
        })?;
    }
    Ok(())
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

fn channels_can_be_subscribed(access: &Access) -> Result<(), Violation> {
    let cannot = |channel: &str| !is_ordinary(channel) || !is_filled_in(channel);
    match access.subscribe.iter().find(|it| cannot(&it.channel)) {
        None => Ok(()),
        Some(entry) => Err(Violation {
            key: "access.subscribe".to_owned(),
            problem: format!("clients cannot be subscribed to the channel `{}`", entry.channel),
            hint: "give a name that does not begin with $ or #, and in which nothing but {client} \
                   stands in braces"
                .to_owned(),
        }),
    }
}

fn presence_has_a_channel(access: &Access) -> Result<(), Violation> {
    let channel = &access.presence_channel;
    if channel.is_empty() || is_ordinary(channel) {
        return Ok(());
    }
    Err(Violation {
        key: "access.presence_channel".to_owned(),
        problem: format!("who comes and goes cannot be published on the channel `{channel}`"),
        hint: "give a name that does not begin with $ or #; empty publishes nothing".to_owned(),
    })
}

fn origins_are_origins(access: &Access) -> Result<(), Violation> {
    let is_origin = |origin: &&String| {
        let is_plain = |host: &str| {
            !host.is_empty()
                && !host.contains(|it: char| "/?#@*".contains(it) || it.is_whitespace())
        };
        origin.split_once("://").is_some_and(|(scheme, host)| !scheme.is_empty() && is_plain(host))
    };
    match access.websocket_origins.iter().find(|origin| !is_origin(origin)) {
        None => Ok(()),
        Some(origin) => Err(Violation {
            key: "access.websocket_origins".to_owned(),
            problem: format!("`{origin}` is not the origin of a page"),
            hint: "write it as browsers do, \"https://app.example\" or with a port \
                   \"http://localhost:3000\", without a path and without *"
                .to_owned(),
        }),
    }
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
