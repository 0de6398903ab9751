//! The last things that happened, for whoever asks.

use std::collections::VecDeque;

use parking_lot::Mutex;
use rialto_config::EventKind;
use rialto_domain::UnixMs;
use serde_json::Value;

/// Events that are kept: about 5 MB of them.
const COUNT_MAX: usize = 10_000;
/// Within which time the same again is no event of its own.
const SAME_WITHIN_MS: UnixMs = 60_000;
/// Among how many of the last ones the same is looked for.
const LOOKED_AT_MAX: usize = 100;
/// What events of a kind have to have in common to be the same; where they come from may differ.
const TELLING: [&str; 9] =
    ["what", "reason", "rule", "client", "channel", "action", "state", "dialect", "session"];

/// Keeps the last events.
#[derive(Debug, Default)]
pub(crate) struct RecentEvents(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<RecentEvent>,
    last: u64,
}

/// Something that happened, maybe more than once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RecentEvent {
    /// A number that grows from event to event.
    pub(crate) number: u64,
    pub(crate) kind: EventKind,
    /// When it happened first.
    pub(crate) first_ms: UnixMs,
    /// When it happened last.
    pub(crate) at_ms: UnixMs,
    /// How often.
    pub(crate) count: u64,
    /// What is told of it: one object.
    pub(crate) fields: Value,
}

/// Which events are told.
#[derive(Debug, Default)]
pub(crate) struct EventsWish {
    pub(crate) kind: Option<EventKind>,
    pub(crate) client: Option<String>,
    pub(crate) channel: Option<String>,
    /// Those before the one of this number.
    pub(crate) before: Option<u64>,
    pub(crate) count_max: usize,
}

impl RecentEvents {
    /// Keeps events that happened now.
    pub(crate) fn keep<'a>(
        &self,
        at_ms: UnixMs,
        events: impl IntoIterator<Item = &'a (EventKind, Value)>,
    ) {
        let mut kept = self.0.lock();
        for (kind, fields) in events {
            kept.keep(at_ms, *kind, fields);
        }
    }

    /// Returns the latest events that are wished for, the last one first, and the number of the last one told if
    /// there are more before it.
    pub(crate) fn find(&self, wish: &EventsWish) -> (Vec<RecentEvent>, Option<u64>) {
        let kept = self.0.lock();
        let mut fitting = kept.events.iter().rev().filter(|event| wish.has(event));
        let found: Vec<_> = fitting.by_ref().take(wish.count_max).cloned().collect();
        let has_more = fitting.next().is_some();
        let next = found.last().map(|event| event.number).filter(|_| has_more);
        (found, next)
    }
}

impl Kept {
    fn keep(&mut self, at_ms: UnixMs, kind: EventKind, fields: &Value) {
        let same = self.events.iter_mut().rev().take(LOOKED_AT_MAX).find(|event| {
            event.kind == kind
                && at_ms.saturating_sub(event.first_ms) < SAME_WITHIN_MS
                && TELLING.iter().all(|key| event.fields[*key] == fields[*key])
        });
        if let Some(same) = same {
            same.count += 1;
            same.at_ms = at_ms;
            return;
        }
        if self.events.len() == COUNT_MAX {
            self.events.pop_front();
        }
        self.last += 1;
        let (number, fields) = (self.last, fields.clone());
        self.events.push_back(RecentEvent {
            number,
            kind,
            first_ms: at_ms,
            at_ms,
            count: 1,
            fields,
        });
    }
}

impl EventsWish {
    fn has(&self, event: &RecentEvent) -> bool {
        let names = |key: &str, wanted: &Option<String>| {
            wanted.as_deref().is_none_or(|wanted| event.fields[key].as_str() == Some(wanted))
        };
        self.before.is_none_or(|before| event.number < before)
            && self.kind.is_none_or(|kind| event.kind == kind)
            && names("client", &self.client)
            && names("channel", &self.channel)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(client: &str, port: u16) -> (EventKind, Value) {
        let fields = json!({"what": "publish-refused", "client": client, "address": port});
        (EventKind::Refused, fields)
    }

    #[test]
    fn the_same_within_a_minute_is_one_event_with_a_count() {
        let recent = RecentEvents::default();
        recent.keep(1000, &[refused("ada", 1), refused("bob", 2), refused("ada", 3)]);
        recent.keep(60_999, &[refused("ada", 4)]);
        recent.keep(61_000, &[refused("ada", 5)]);
        let (found, next) = recent.find(&EventsWish { count_max: 9, ..EventsWish::default() });
        let told: Vec<_> = found
            .iter()
            .map(|it| (it.number, it.fields["client"].as_str().unwrap(), it.count, it.at_ms))
            .collect();
        let expected = [(3, "ada", 1, 61_000), (2, "bob", 1, 1000), (1, "ada", 3, 60_999)];
        assert_eq!((told, next), (expected.to_vec(), None));
    }

    #[test]
    fn the_last_ones_are_kept_and_told_page_by_page() {
        let recent = RecentEvents::default();
        for number in 0..COUNT_MAX as u64 + 5 {
            let fields = json!({"client": format!("c{number}"), "state": "slow"});
            recent.keep(number, &[(EventKind::SlowConsumer, fields)]);
        }
        let wish = |before, count_max| EventsWish { before, count_max, ..EventsWish::default() };
        let (found, next) = recent.find(&wish(None, 2));
        assert_eq!((found[0].number, next), (COUNT_MAX as u64 + 5, Some(COUNT_MAX as u64 + 4)));
        let (found, next) = recent.find(&wish(Some(8), 9));
        assert_eq!((found.len(), found[0].number, next), (2, 7, None), "the first five are gone");
        let one = EventsWish { client: Some("c9".to_owned()), ..wish(None, 9) };
        assert_eq!(recent.find(&one).0.len(), 1);
        let other = EventsWish { kind: Some(EventKind::Store), ..wish(None, 9) };
        assert_eq!(recent.find(&other).0, []);
    }
}
