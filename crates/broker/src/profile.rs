//! What holds for a channel: the general settings, and over them the rules that its name fits.

use std::sync::Arc;

use wildmatch::WildMatch;

use rialto_domain::{ChannelKind, channel_kind};

use crate::{LogLimits, Settings, history::HistoryRule};

/// What holds for the channels of some names.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    pub(crate) history: HistoryRule,
    /// Whether publishers get their own messages back, where their dialect leaves that open.
    pub(crate) echo: bool,
    pub(crate) log: LogLimits,
    pub(crate) payload_bytes_max: Option<usize>,
    pub(crate) rate: Option<Rate>,
}

/// How often one client may publish to the channels of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    /// The rule, by its place.
    pub(crate) rule: usize,
    /// Messages a second; as many may come at once.
    pub(crate) per_second_max: u32,
}

/// Finds a channel's profile, and keeps one of each kind for all channels that share it.
#[derive(Debug)]
pub(crate) struct Profiles {
    /// The rules' patterns, in the rules' order.
    patterns: Vec<WildMatch>,
    /// Profiles in use, each with the rules that make it. The first is that of no rule, the second
    /// that of what is no topic.
    known: Vec<(Vec<usize>, Arc<Profile>)>,
}

impl Profiles {
    pub(crate) fn new(settings: &Settings) -> Self {
        let patterns = settings.channel_rules.iter().map(|rule| WildMatch::new(&rule.pattern));
        let general = Profile::of(settings, &[]);
        let no_history = HistoryRule { count_max: 0, persistent: false };
        let other = Profile { history: no_history, ..general.clone() };
        // No rule has this place.
        let known = vec![(Vec::new(), general.into()), (vec![usize::MAX], other.into())];
        Profiles { patterns: patterns.collect(), known }
    }

    /// Returns what holds for a channel of this name.
    ///
    /// # Cost
    /// A comparison for each rule, and none where there are no rules.
    pub(crate) fn of(&mut self, settings: &Settings, name: &str) -> &Arc<Profile> {
        let index = match channel_kind(name) {
            ChannelKind::Topic => self.place(settings, name),
            _ => 1,
        };
        &self.known[index].1
    }

    fn place(&mut self, settings: &Settings, name: &str) -> usize {
        if self.patterns.is_empty() {
            return 0;
        }
        let both = self.patterns.iter().enumerate();
        let fitting: Vec<usize> =
            both.filter(|(_, pattern)| pattern.matches(name)).map(|(place, _)| place).collect();
        if let Some(index) = self.known.iter().position(|(rules, _)| *rules == fitting) {
            return index;
        }
        let profile = Arc::new(Profile::of(settings, &fitting));
        self.known.push((fitting, profile));
        self.known.len() - 1
    }
}

impl Profile {
    /// Lays these rules over the general settings: of several that say something, the first holds.
    fn of(settings: &Settings, rules: &[usize]) -> Self {
        let rules = || rules.iter().map(|&place| (place, &settings.channel_rules[place]));
        macro_rules! first {
            ($field:ident) => {
                rules().find_map(|(_, rule)| rule.$field)
            };
        }
        let log = settings.log;
        let rate = |(rule, per_second_max)| Rate { rule, per_second_max };
        Profile {
            history: HistoryRule {
                count_max: first!(history_count_max).unwrap_or(settings.history.count_max),
                persistent: first!(history_persistent).unwrap_or(settings.history.persistent),
            },
            echo: first!(echo).unwrap_or(settings.echo),
            log: LogLimits {
                messages_max: first!(log_messages_max).unwrap_or(log.messages_max),
                bytes_max: first!(log_bytes_max).unwrap_or(log.bytes_max),
                age_max: first!(log_age_max).unwrap_or(log.age_max),
                drop_oldest: first!(log_drop_oldest).unwrap_or(log.drop_oldest),
            },
            payload_bytes_max: first!(payload_bytes_max),
            rate: rules().find_map(|(place, rule)| Some((place, rule.publish_rate_max?))).map(rate),
        }
    }
}

#[cfg(test)]
mod tests;
