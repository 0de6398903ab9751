//! What happens, gathered by whoever sees it happen; a task tells it (`event_channels.rs`).

use std::{
    mem,
    sync::atomic::{AtomicU8, AtomicUsize, Ordering::Relaxed},
};

use parking_lot::Mutex;
use rialto_config::EventKind;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::recent_events::RecentEvents;

/// Events that are told in a second; the others are counted.
const PER_SECOND_MAX: usize = 1000;
/// Events that are kept in a second, though they are told on no channel.
const KEPT_PER_SECOND_MAX: usize = 100;
/// What is kept for whoever asks, whether it is told on channels or not: troubles.
const KEPT: [EventKind; 3] = [EventKind::Refused, EventKind::SlowConsumer, EventKind::Store];

/// Gathers what happens.
#[derive(Debug, Default)]
pub(crate) struct EventFeed {
    /// The kinds that are wanted, a bit each.
    wanted: AtomicU8,
    /// How many were kept in the present second that are told on no channel.
    kept_count: AtomicUsize,
    /// The last ones.
    pub(crate) recent: RecentEvents,
    gathered: Mutex<Gathered>,
    is_due: Notify,
}

#[derive(Debug, Default)]
struct Gathered {
    events: Vec<(EventKind, Value)>,
    /// How many were taken in the present second.
    taken_count: usize,
    /// How many were not, by kind.
    left_out: [u64; EventKind::ALL.len()],
}

impl EventFeed {
    /// Gathers events of these kinds from now on.
    pub(crate) fn want(&self, kinds: &[EventKind]) {
        self.wanted.store(kinds.iter().fold(0, |bits, kind| bits | bit(*kind)), Relaxed);
    }

    /// Says whether an event of this kind is told.
    ///
    /// # Cost
    /// A look at what hardly ever changes.
    #[inline]
    pub(crate) fn wants(&self, kind: EventKind) -> bool {
        self.wanted.load(Relaxed) & bit(kind) != 0
    }

    /// Says whether an event of this kind is taken now: told, or only kept.
    #[inline]
    pub(crate) fn takes(&self, kind: EventKind) -> bool {
        self.wants(kind)
            || (KEPT.contains(&kind) && self.kept_count.load(Relaxed) < KEPT_PER_SECOND_MAX)
    }

    /// Says whether the ends and begins of sessions are told, or what needs to know of them.
    pub(crate) fn wants_sessions(&self) -> bool {
        self.wants(EventKind::Connected) || self.wants(EventKind::Disconnected)
    }

    /// Takes an event, if its kind is wanted or kept and there is room for it in this second. `fields`, one
    /// object, is called only then. Publishes nothing itself, so it may be called while the broker is
    /// locked.
    pub(crate) fn note(&self, kind: EventKind, fields: impl FnOnce() -> Value) {
        if !self.wants(kind) {
            if self.takes(kind) {
                self.kept_count.fetch_add(1, Relaxed);
                self.gathered.lock().events.push((kind, fields()));
                self.is_due.notify_one();
            }
            return;
        }
        let mut gathered = self.gathered.lock();
        if gathered.taken_count < PER_SECOND_MAX {
            gathered.taken_count += 1;
            gathered.events.push((kind, fields()));
            drop(gathered);
            self.is_due.notify_one();
        } else {
            gathered.left_out[kind as usize] += 1;
        }
    }

    /// Waits until there is something to tell.
    pub(crate) async fn due(&self) {
        self.is_due.notified().await;
    }

    /// Takes out what is gathered.
    pub(crate) fn take(&self) -> Vec<(EventKind, Value)> {
        mem::take(&mut self.gathered.lock().events)
    }

    /// Begins the next second; returns how many were left out of the one before, if any.
    pub(crate) fn end_second(&self) -> Option<Value> {
        let mut gathered = self.gathered.lock();
        gathered.taken_count = 0;
        self.kept_count.store(0, Relaxed);
        let left_out = mem::take(&mut gathered.left_out);
        let some = EventKind::ALL.iter().filter(|kind| 0 < left_out[**kind as usize]);
        let by_kind: serde_json::Map<_, _> =
            some.map(|kind| (kind.as_str().to_owned(), left_out[*kind as usize].into())).collect();
        (!by_kind.is_empty()).then(|| json!({"left_out": by_kind}))
    }
}

fn bit(kind: EventKind) -> u8 {
    1 << kind as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_wanted_costs_nothing_and_what_is_too_much_is_counted() {
        let feed = EventFeed::default();
        feed.note(EventKind::Connected, || unreachable!("nobody wants it"));
        feed.want(&[EventKind::Refused, EventKind::Store]);
        assert!(feed.wants(EventKind::Store) && !feed.wants_sessions());
        for _ in 0..PER_SECOND_MAX + 7 {
            feed.note(EventKind::Refused, || json!({}));
        }
        feed.note(EventKind::Store, || unreachable!("there is no room"));
        assert_eq!(feed.gathered.lock().events.len(), PER_SECOND_MAX);
        assert_eq!(feed.end_second().unwrap(), json!({"left_out": {"refused": 7, "store": 1}}));
        assert_eq!(feed.end_second(), None);
        feed.note(EventKind::Store, || json!({"state": "ok"}));
        assert_eq!(feed.gathered.lock().events.len(), PER_SECOND_MAX + 1);
    }

    #[test]
    fn troubles_are_kept_though_nobody_wants_to_be_told() {
        let feed = EventFeed::default();
        for _ in 0..KEPT_PER_SECOND_MAX + 7 {
            if feed.takes(EventKind::Refused) {
                feed.note(EventKind::Refused, || json!({}));
            }
        }
        feed.note(EventKind::Store, || unreachable!("there is no room"));
        assert_eq!(feed.take().len(), KEPT_PER_SECOND_MAX);
        assert!(!feed.takes(EventKind::Refused) && !feed.takes(EventKind::Subscribed));
        assert_eq!(feed.end_second(), None, "none of them was to be told");
        assert!(feed.takes(EventKind::Refused));
    }
}
