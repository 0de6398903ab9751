//! What is counted of looking and writing.

use crate::{
    item::Item,
    key::Key,
    request::Verb,
    stats::{ClassCounter, Counter, PrefixEvent},
    write::Stored,
};

use super::Store;

/// What there is under a key.
pub(super) enum Found {
    Nothing,
    Live(Item),
    /// One whose time is over, and that is not removed yet.
    Expired(Item),
    /// One that a flush has taken, and that is not removed yet.
    Flushed(Item),
}

impl Found {
    pub(super) fn live(self) -> Option<Item> {
        if let Found::Live(item) = self { Some(item) } else { None }
    }

    /// Returns an item that clients no longer see.
    pub(super) fn stale(&self) -> Option<&Item> {
        match self {
            Found::Expired(item) | Found::Flushed(item) => Some(item),
            Found::Nothing | Found::Live(_) => None,
        }
    }
}

impl Store {
    pub(super) fn count_get(&self, key: &Key, found: &Found) {
        let counters = self.counters();
        counters.count(Counter::Gets);
        let is_hit = matches!(found, Found::Live(_));
        counters.count_either(is_hit, Counter::GetHits, Counter::GetMisses);
        self.stats.prefixes.count(key, PrefixEvent::Get { is_hit });
        match found {
            Found::Live(item) => self.stats.classes.count(ClassCounter::GetHits, key, item),
            Found::Expired(_) => counters.count(Counter::GetExpired),
            Found::Flushed(_) => counters.count(Counter::GetFlushed),
            Found::Nothing => {}
        }
    }

    pub(super) fn count_touch(&self, key: &Key, found: Found) -> Option<Item> {
        let item = found.live();
        self.counters().count(Counter::Touches);
        self.counters().count_either(item.is_some(), Counter::TouchHits, Counter::TouchMisses);
        if let Some(item) = &item {
            self.stats.classes.count(ClassCounter::TouchHits, key, item);
        }
        item
    }

    pub(super) fn count_write(&self, verb: Verb, stored: Stored) {
        let counters = self.counters();
        counters.count(Counter::Sets);
        if stored == Stored::Stored {
            counters.count(Counter::Stored);
        }
        match (verb, stored) {
            (_, Stored::TooLarge) => counters.count(Counter::TooLarge),
            (Verb::Cas(_), Stored::Stored) => counters.count(Counter::CasHits),
            (Verb::Cas(_), Stored::Exists) => counters.count(Counter::CasBadValues),
            (Verb::Cas(_), _) => counters.count(Counter::CasMisses),
            _ => {}
        }
    }
}
