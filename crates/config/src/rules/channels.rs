//! Channels that can be published on, and messages that can be delivered.

use crate::rules::Violation;
use crate::settings::{CachePublish, Settings};

pub(super) fn changes_have_a_channel(settings: &Settings) -> Result<(), Violation> {
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

pub(super) fn channel_rules_leave_something(settings: &Settings) -> Result<(), Violation> {
    let violation = |problem, hint: &str| Violation {
        key: "channels.rules".to_owned(),
        problem,
        hint: hint.to_owned(),
    };
    let rules = &settings.channels.rules;
    if rules.iter().any(|rule| rule.pattern.is_empty()) {
        return Err(violation(
            "an entry of `channels.rules` has an empty pattern, which fits no channel".to_owned(),
            "pattern = \"*\" stands for all channels",
        ));
    }
    match rules.iter().find(|rule| rule.publish_rate_max == Some(0)) {
        None => Ok(()),
        Some(rule) => Err(violation(
            format!("the channel rule for `{}` has publish_rate_max = 0", rule.pattern),
            "give at least 1, or leave it out for no limit; access.rules keep clients from \
             publishing at all",
        )),
    }
}

pub(super) fn an_outbox_holds_a_packet(settings: &Settings) -> Result<(), Violation> {
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
