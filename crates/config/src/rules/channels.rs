//! Channels that can be published on, and messages that can be delivered.

use crate::rules::violation::Violation;
use crate::settings::{CachePublish, ChannelRule, Settings};

pub(super) fn changes_have_a_channel(settings: &Settings) -> Vec<Violation> {
    let cannot_be_published_on = |channel: &str| channel.is_empty() || channel.starts_with('$');
    let entries = settings.cache.publish.iter().enumerate();
    let violation = |(index, CachePublish { prefix, channel }): (usize, &CachePublish)| {
        Violation::new(
            "cache.publish",
            format!("changes under `{prefix}` cannot be published on the channel `{channel}`"),
            "give it a name that does not begin with $",
        )
        .of_entry(index)
    };
    entries.filter(|(_, it)| cannot_be_published_on(&it.channel)).map(violation).collect()
}

pub(super) fn channel_rules_leave_something(settings: &Settings) -> Vec<Violation> {
    let faults = |(index, rule): (usize, &ChannelRule)| {
        let violation =
            |problem: String, hint| Violation::new("channels.rules", problem, hint).of_entry(index);
        let pattern = rule.pattern.is_empty().then(|| {
            violation(
                "an entry of `channels.rules` has an empty pattern, which fits no channel"
                    .to_owned(),
                "pattern = \"*\" stands for all channels",
            )
        });
        let rate = (rule.publish_rate_max == Some(0)).then(|| {
            violation(
                format!("the channel rule for `{}` has publish_rate_max = 0", rule.pattern),
                "give at least 1, or leave it out for no limit; access.rules keep clients from \
                 publishing at all",
            )
        });
        [pattern, rate].into_iter().flatten()
    };
    settings.channels.rules.iter().enumerate().flat_map(faults).collect()
}

pub(super) fn an_outbox_holds_a_packet(settings: &Settings) -> Vec<Violation> {
    let limits = &settings.limits;
    if limits.packet_bytes_max <= limits.outbox_bytes_max {
        return Vec::new();
    }
    vec![Violation::new(
        "limits.outbox_bytes_max",
        format!(
            "`limits.outbox_bytes_max` is {}, less than `limits.packet_bytes_max`, {}: the largest \
             packets could never be delivered",
            limits.outbox_bytes_max, limits.packet_bytes_max
        ),
        "raise the first or lower the second",
    )]
}
