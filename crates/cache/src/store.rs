//! The items, and everything that can be done to them.
//!
//! [`moka`] keeps them, within a limit of bytes, and evicts those that nobody has used for longest. Whatever writes holds
//! the lock of the key's stripe from looking at the item until its change is noted, so that each step is one, and
//! changes of a key are noted in the order in which they were made. Reading takes no lock.

use std::{
    hash::BuildHasher as _,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use foldhash::fast::RandomState;
use moka::{notification::RemovalCause, policy::EvictionPolicy, sync::Cache};
use parking_lot::Mutex;

use crate::{
    change::{Change, ChangeKind, ChangeLog},
    command::Verb,
    exptime::{Exptime, UnixMs},
    flush::Flushes,
    item::{Expiry, Item},
    key::Key,
    number::{leading_number, written},
    stats::{Counter, Counters},
};

/// Locks that all keys share. More writers at the same time than this there are not.
const STRIPE_COUNT: usize = 64;
/// The part of the limit that may be written before the cache library must make room. It does so by itself after a
/// number of writes, which with large values comes too late.
const ROOM_DIVISOR: u64 = 32;

/// How a store is to be.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Bytes for all items together, keys and what it takes to keep them included.
    pub bytes_max: u64,
    /// Bytes of one value. More than half of `bytes_max` counts as half.
    pub item_bytes_max: usize,
    /// Which changes are noted: those of keys that begin with one of these.
    pub prefixes: Vec<Vec<u8>>,
}

/// All items, shared by all connections.
///
/// # Limits
/// Takes up to [`Settings::bytes_max`] and a thirty-second of it more, until room is made. An item counts with its key,
/// its value and some 400 bytes.
pub struct Store {
    items: Cache<Key, Item, RandomState>,
    stripes: Vec<Mutex<()>>,
    hasher: RandomState,
    cas: AtomicU64,
    flushes: Flushes,
    changes: ChangeLog,
    counters: Arc<Counters>,
    /// Bytes written since room was made.
    written_bytes: AtomicU64,
    settings: Settings,
    started_at: UnixMs,
    /// How far the wall clock is ahead of the time that comes in, or behind.
    wall_ahead_ms: AtomicI64,
}

/// A value to be stored.
#[derive(Debug)]
pub struct Write {
    /// Where to.
    pub key: Key,
    /// The client's own number; `append` and `prepend` leave the item's.
    pub flags: u32,
    /// How long it lives; `append` and `prepend` leave the item's.
    pub exptime: Exptime,
    /// The value.
    pub value: Bytes,
}

/// What came of storing a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It is there.
    Stored,
    /// There is an item where none may be, or none where one must be.
    NotStored,
    /// Somebody has stored something since.
    Exists,
    /// There is no item to compare with.
    NotFound,
    /// With what was there already it is longer than items may be; the item is as it was.
    TooLarge,
}

/// Which way to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Beyond 2⁶⁴ − 1 it goes on at 0.
    Up,
    /// At 0 it stops.
    Down,
}

/// Why nothing was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoSum {
    /// There is no such item.
    NotFound,
    /// Its value is no number.
    NotNumeric,
}

/// What a step makes of an item.
enum Step {
    Keep,
    Remove,
    Put { value: Bytes, flags: u32, ends: Option<UnixMs> },
}

impl Store {
    /// Makes an empty store.
    #[must_use]
    pub fn new(mut settings: Settings, now: UnixMs) -> Store {
        let half = usize::try_from(settings.bytes_max / 2).unwrap_or(usize::MAX);
        settings.item_bytes_max = settings.item_bytes_max.min(half);
        let counters = Arc::new(Counters::new());
        let evictions = counters.clone();
        let items = Cache::builder()
            .max_capacity(settings.bytes_max)
            .weigher(Item::weight)
            .expire_after(Expiry)
            // As in memcached, what was stored just now is there, however little it is used.
            .eviction_policy(EvictionPolicy::lru())
            .eviction_listener(move |_, _, cause| {
                if cause == RemovalCause::Size {
                    evictions.count(Counter::Evictions);
                }
            })
            .build_with_hasher(RandomState::default());
        Store {
            items,
            stripes: (0..STRIPE_COUNT).map(|_| Mutex::new(())).collect(),
            hasher: RandomState::default(),
            cas: AtomicU64::new(0),
            flushes: Flushes::none(),
            changes: ChangeLog::new(std::mem::take(&mut settings.prefixes)),
            counters,
            written_bytes: AtomicU64::new(0),
            settings,
            started_at: now,
            wall_ahead_ms: AtomicI64::new(0),
        }
    }

    /// Notes what the wall clock says now, by which clients mean times since the Unix epoch.
    pub fn note_wall(&self, now: UnixMs, wall: UnixMs) {
        self.wall_ahead_ms.store(wall.wrapping_sub(now).cast_signed(), Ordering::Relaxed);
    }

    fn wall_ahead_ms(&self) -> i64 {
        self.wall_ahead_ms.load(Ordering::Relaxed)
    }

    /// Returns how long a value may be, in bytes.
    #[must_use]
    pub fn item_bytes_max(&self) -> usize {
        self.settings.item_bytes_max
    }

    /// Returns an item; `None` when there is none, or none any more.
    #[must_use]
    pub fn get(&self, key: &Key, now: UnixMs) -> Option<Item> {
        self.flush_if_due(now);
        let item = self.live(key, now);
        self.counters.count(Counter::Gets);
        self.counters.count_either(item.is_some(), Counter::GetHits, Counter::GetMisses);
        item
    }

    /// Returns an item and gives it a new time to live.
    #[must_use]
    pub fn get_and_touch(&self, key: &Key, exptime: Exptime, now: UnixMs) -> Option<Item> {
        let item = self.retime(key, exptime, now);
        self.counters.count(Counter::Touches);
        self.counters.count(Counter::Gets);
        self.counters.count_either(item.is_some(), Counter::TouchHits, Counter::TouchMisses);
        self.counters.count_either(item.is_some(), Counter::GetHits, Counter::GetMisses);
        item
    }

    /// Gives an item a new time to live, and says whether there is one.
    pub fn touch(&self, key: &Key, exptime: Exptime, now: UnixMs) -> bool {
        let is_there = self.retime(key, exptime, now).is_some();
        self.counters.count(Counter::Touches);
        self.counters.count_either(is_there, Counter::TouchHits, Counter::TouchMisses);
        is_there
    }

    /// Stores a value, if what is there allows it. One whose time is over already takes the place of the item and is
    /// gone with it.
    pub fn write(&self, verb: Verb, write: Write, now: UnixMs) -> Stored {
        let Write { key, flags, exptime, value } = write;
        let item_bytes_max = self.settings.item_bytes_max;
        let stored = self.step(&key, now, |item| {
            let fresh =
                |value| Step::Put { value, flags, ends: exptime.ends(now, self.wall_ahead_ms()) };
            match (verb, item) {
                (Verb::Set, _) | (Verb::Add, None) | (Verb::Replace, Some(_)) => {
                    (fresh(value), Stored::Stored)
                }
                (Verb::Cas(id), Some(item)) if id == item.cas => (fresh(value), Stored::Stored),
                (Verb::Cas(_), Some(_)) => (Step::Keep, Stored::Exists),
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
            (Step::Put { value, flags: item.flags, ends: item.ends }, Ok(sum))
        });
        let is_hit = sum != Err(NoSum::NotFound);
        match direction {
            Direction::Up => {
                self.counters.count_either(is_hit, Counter::IncrHits, Counter::IncrMisses);
            }
            Direction::Down => {
                self.counters.count_either(is_hit, Counter::DecrHits, Counter::DecrMisses);
            }
        }
        sum
    }

    /// Deletes an item, and says whether there was one.
    pub fn delete(&self, key: &Key, now: UnixMs) -> bool {
        let was_there = self.remove(key, now);
        self.counters.count_either(was_there, Counter::DeleteHits, Counter::DeleteMisses);
        was_there
    }

    /// Takes an item away whose successor was too large to be stored.
    pub fn discard(&self, stale: Option<&Key>, now: UnixMs) {
        self.counters.count(Counter::TooLarge);
        if let Some(key) = stale {
            self.remove(key, now);
        }
    }

    /// Throws everything away: at once, or everything that there is at the time given. A later call replaces one whose
    /// time has not come.
    pub fn flush_all(&self, at: Exptime, now: UnixMs) {
        self.flush_if_due(now);
        self.counters.count(Counter::Flushes);
        self.flushes.plan(at.ends(now, self.wall_ahead_ms()).unwrap_or(0));
        self.flush_if_due(now);
    }

    /// Throws everything away if the time for it has come, as every other call does before anything else.
    pub fn flush_if_due(&self, now: UnixMs) {
        if !self.flushes.is_due(now) {
            return;
        }
        // With all stripes held nothing is written meanwhile: each change is before the flush, or after it.
        let _stripes: Vec<_> = self.stripes.iter().map(Mutex::lock).collect();
        if self.flushes.is_due(now) {
            self.flushes.done(self.cas.load(Ordering::Acquire));
            self.items.invalidate_all();
            self.changes.note_flush();
        }
    }

    /// Says whether there are changes to be taken.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        !self.changes.is_empty()
    }

    /// Takes the changes of published keys since the last call, those of a key in the order in which they were made.
    #[must_use]
    pub fn take_changes(&self) -> Vec<Change> {
        self.changes.take()
    }

    /// Returns what `stats` tells, name and value.
    #[must_use]
    pub fn stats(&self, now: UnixMs) -> Vec<(&'static str, u64)> {
        self.flush_if_due(now);
        self.items.run_pending_tasks();
        let mut stats = vec![
            ("pid", u64::from(std::process::id())),
            ("uptime", now.saturating_sub(self.started_at) / 1000),
            ("time", now.saturating_add_signed(self.wall_ahead_ms()) / 1000),
            ("pointer_size", u64::from(usize::BITS)),
            ("limit_maxbytes", self.settings.bytes_max),
            ("bytes", self.items.weighted_size()),
            ("curr_items", self.items.entry_count()),
        ];
        stats.extend(self.counters.all());
        stats
    }

    /// Sets the counters to 0.
    pub fn reset_stats(&self) {
        self.counters.reset();
    }

    fn live(&self, key: &Key, now: UnixMs) -> Option<Item> {
        let item = self.items.get(key)?;
        let is_gone = item.is_over(now) || self.flushes.has_taken(item.cas);
        (!is_gone).then_some(item)
    }

    /// Looks at an item and changes it, without anybody between.
    fn step<R>(&self, key: &Key, now: UnixMs, act: impl FnOnce(Option<&Item>) -> (Step, R)) -> R {
        self.flush_if_due(now);
        let stripe = self.stripe(key).lock();
        let before = self.live(key, now);
        let (step, result) = act(before.as_ref());
        match step {
            Step::Keep => {}
            Step::Put { value, flags, ends } if ends.is_none_or(|ends| now < ends) => {
                let cas = self.cas.fetch_add(1, Ordering::AcqRel) + 1;
                self.put(key, Item { value: value.clone(), flags, cas, ends, ends_set_at: now });
                self.changes.note(key, ChangeKind::Set(value));
            }
            Step::Put { .. } | Step::Remove => {
                self.items.invalidate(key);
                if before.is_some() {
                    self.changes.note(key, ChangeKind::Deleted);
                }
            }
        }
        drop(stripe);
        result
    }

    fn remove(&self, key: &Key, now: UnixMs) -> bool {
        self.step(key, now, |item| (Step::Remove, item.is_some()))
    }

    /// Changes an item's time only: its id stays, and nobody is told.
    fn retime(&self, key: &Key, exptime: Exptime, now: UnixMs) -> Option<Item> {
        self.flush_if_due(now);
        let _stripe = self.stripe(key).lock();
        let item = self.live(key, now)?;
        let retimed = Item {
            ends: exptime.ends(now, self.wall_ahead_ms()),
            ends_set_at: now,
            ..item.clone()
        };
        if retimed.is_over(now) {
            self.items.invalidate(key);
        } else {
            self.put(key, retimed);
        }
        Some(item)
    }

    fn put(&self, key: &Key, item: Item) {
        let weight = u64::from(Item::weight(key, &item));
        self.items.insert(key.clone(), item);
        let written = self.written_bytes.fetch_add(weight, Ordering::Relaxed) + weight;
        if self.settings.bytes_max / ROOM_DIVISOR < written {
            self.written_bytes.store(0, Ordering::Relaxed);
            self.items.run_pending_tasks();
        }
    }

    fn stripe(&self, key: &Key) -> &Mutex<()> {
        &self.stripes[self.hasher.hash_one(key) as usize % STRIPE_COUNT]
    }

    fn count_write(&self, verb: Verb, stored: Stored) {
        self.counters.count(Counter::Sets);
        if stored == Stored::Stored {
            self.counters.count(Counter::Stored);
        }
        match (verb, stored) {
            (_, Stored::TooLarge) => self.counters.count(Counter::TooLarge),
            (Verb::Cas(_), Stored::Stored) => self.counters.count(Counter::CasHits),
            (Verb::Cas(_), Stored::Exists) => self.counters.count(Counter::CasBadValues),
            (Verb::Cas(_), _) => self.counters.count(Counter::CasMisses),
            _ => {}
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

#[cfg(test)]
mod tests;
