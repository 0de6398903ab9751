//! What stores, counts and deletes: the steps that clients ask for.

use bytes::Bytes;

use super::{Step, Store};
use crate::{
    exptime::UnixMs,
    item::Item,
    key::Key,
    number::{leading_number, written},
    request::Verb,
    stats::{ClassCounter, Counter, PrefixEvent},
    write::{Direction, NoSum, Stored, Write},
};

impl Store {
    /// Stores a value, if what is there allows it. One whose time is over already takes the place of the item and is
    /// gone with it.
    pub fn write(&self, verb: Verb, write: Write, now: UnixMs) -> Stored {
        let Write { key, flags, exptime, value } = write;
        let item_bytes_max = self.settings.item_bytes_max;
        self.stats.prefixes.count(&key, PrefixEvent::Set);
        let stored = self.step(&key, now, |item| {
            let fresh =
                |value| Step::Put { value, flags, ends: exptime.ends(now, self.wall_ahead_ms()) };
            match (verb, item) {
                (Verb::Set, _) | (Verb::Add, None) | (Verb::Replace, Some(_)) => {
                    (fresh(value), Stored::Stored)
                }
                (Verb::Cas(id), Some(item)) if id == item.cas => {
                    self.stats.classes.count(ClassCounter::CasHits, &key, item);
                    (fresh(value), Stored::Stored)
                }
                (Verb::Cas(_), Some(item)) => {
                    self.stats.classes.count(ClassCounter::CasBadValues, &key, item);
                    (Step::Keep, Stored::Exists)
                }
                (Verb::Cas(_), None) => (Step::Keep, Stored::NotFound),
                (Verb::Append, Some(item)) => join(item, &item.value, &value, item_bytes_max),
                (Verb::Prepend, Some(item)) => join(item, &value, &item.value, item_bytes_max),
                (Verb::Add, Some(_)) | (Verb::Replace | Verb::Append | Verb::Prepend, None) => {
                    (Step::Keep, Stored::NotStored)
                }
            }
        });
        self.count_write(verb, stored);
        stored
    }

    /// Counts up or down, and returns the new number. The value keeps its length where that is possible, with blanks
    /// behind a shorter number, as in memcached.
    ///
    /// # Errors
    /// [`NoSum`] when there is no item, or no number in it.
    pub fn count(
        &self,
        key: &Key,
        delta: u64,
        direction: Direction,
        now: UnixMs,
    ) -> Result<u64, NoSum> {
        let sum = self.step(key, now, |item| {
            let Some(item) = item else { return (Step::Keep, Err(NoSum::NotFound)) };
            let Some(number) = leading_number(&item.value) else {
                return (Step::Keep, Err(NoSum::NotNumeric));
            };
            let sum = match direction {
                Direction::Up => number.wrapping_add(delta),
                Direction::Down => number.saturating_sub(delta),
            };
            let value = Bytes::from(written(sum, item.value.len()));
            let counter = match direction {
                Direction::Up => ClassCounter::IncrHits,
                Direction::Down => ClassCounter::DecrHits,
            };
            self.stats.classes.count(counter, key, item);
            (Step::Put { value, flags: item.flags, ends: item.ends }, Ok(sum))
        });
        let is_hit = sum != Err(NoSum::NotFound);
        match direction {
            Direction::Up => {
                self.counters().count_either(is_hit, Counter::IncrHits, Counter::IncrMisses);
            }
            Direction::Down => {
                self.counters().count_either(is_hit, Counter::DecrHits, Counter::DecrMisses);
            }
        }
        sum
    }

    /// Deletes an item, and says whether there was one.
    pub fn delete(&self, key: &Key, now: UnixMs) -> bool {
        self.stats.prefixes.count(key, PrefixEvent::Delete);
        let was_there = self.step(key, now, |item| {
            if let Some(item) = item {
                self.stats.classes.count(ClassCounter::DeleteHits, key, item);
            }
            (Step::Remove, item.is_some())
        });
        self.counters().count_either(was_there, Counter::DeleteHits, Counter::DeleteMisses);
        was_there
    }

    /// Takes an item away whose successor was too large to be stored.
    pub fn discard(&self, stale: Option<&Key>, now: UnixMs) {
        self.counters().count(Counter::TooLarge);
        if let Some(key) = stale {
            self.step(key, now, |_| (Step::Remove, ()));
        }
    }
}

/// Puts two values together, with all else as the item has it.
fn join(item: &Item, front: &[u8], back: &[u8], bytes_max: usize) -> (Step, Stored) {
    if bytes_max < front.len() + back.len() {
        return (Step::Keep, Stored::TooLarge);
    }
    let value = Bytes::from([front, back].concat());
    (Step::Put { value, flags: item.flags, ends: item.ends }, Stored::Stored)
}
