//! The items, and everything that can be done to them.
//!
//! [`moka`] keeps them, within a limit of bytes, and evicts those that nobody has used for longest. Whatever writes holds
//! the lock of the key's stripe from looking at the item until its change is noted, so that each step is one, and
//! changes of a key are noted in the order in which they were made. Reading takes no lock.

mod counting;
mod flushing;
mod writing;

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
    exptime::{Exptime, UnixMs},
    flush::Flushes,
    item::{Expiry, Item},
    key::Key,
    settings::Settings,
    size_class::SizeClass,
    stats::{ClassCounter, Counter, Counters, Stats},
};

use counting::Found;

/// Locks that all keys share. More writers at the same time than this there are not.
const STRIPE_COUNT: usize = 64;
/// The part of the limit that may be written before the cache library must make room. It does so by itself after a
/// number of writes, which with large values comes too late.
const ROOM_DIVISOR: u64 = 32;

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
    flushes: Arc<Flushes>,
    changes: ChangeLog,
    stats: Arc<Stats>,
    /// Bytes written since room was made.
    written_bytes: AtomicU64,
    settings: Settings,
    started_at: UnixMs,
    /// How far the wall clock is ahead of the time that comes in, or behind.
    wall_ahead_ms: AtomicI64,
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
        let flushes = Arc::new(Flushes::none());
        let stats = Arc::new(Stats::new());
        let (gone, taken) = (stats.clone(), flushes.clone());
        let items = Cache::builder()
            .max_capacity(settings.bytes_max)
            .weigher(Item::weight)
            .expire_after(Expiry { stale_kept_ms: settings.stale_kept_ms })
            // As in memcached, what was stored just now is there, however little it is used.
            .eviction_policy(EvictionPolicy::lru())
            // What a flush has taken is removed by and by.
            .support_invalidation_closures()
            .eviction_listener(move |key, item, cause| {
                gone.classes.remove(&key, &item);
                if cause == RemovalCause::Size && !taken.has_taken(item.cas) {
                    gone.counters.count(Counter::Evictions);
                    gone.classes.count(ClassCounter::Evicted, &key, &item);
                }
            })
            .build_with_hasher(RandomState::default());
        Store {
            items,
            stripes: (0..STRIPE_COUNT).map(|_| Mutex::new(())).collect(),
            hasher: RandomState::default(),
            cas: AtomicU64::new(0),
            flushes,
            changes: ChangeLog::new(std::mem::take(&mut settings.prefixes)),
            stats,
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

    /// Returns what the wall clock says at a moment of the time that comes in.
    pub(crate) fn wall_ms(&self, at: UnixMs) -> UnixMs {
        at.saturating_add_signed(self.wall_ahead_ms())
    }

    fn wall_ahead_ms(&self) -> i64 {
        self.wall_ahead_ms.load(Ordering::Relaxed)
    }

    /// Counts a client for which there was no room.
    pub fn note_refused(&self) {
        self.stats.connections.note_refused();
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
        let found = self.look(key, now);
        self.count_get(key, &found);
        found.live()
    }

    /// Returns an item and gives it a new time to live.
    #[must_use]
    pub fn get_and_touch(&self, key: &Key, exptime: Exptime, now: UnixMs) -> Option<Item> {
        let found = self.retime(key, exptime, now);
        self.count_get(key, &found);
        self.count_touch(key, found)
    }

    /// Gives an item a new time to live, and says whether there is one.
    pub fn touch(&self, key: &Key, exptime: Exptime, now: UnixMs) -> bool {
        let found = self.retime(key, exptime, now);
        self.count_touch(key, found).is_some()
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

    /// Returns the figures about everything.
    pub(crate) fn stats(&self) -> &Arc<Stats> {
        &self.stats
    }

    /// Returns how the store is to be.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns the bytes of all items, as they count against [`Settings::bytes_max`], and how many there are.
    pub(crate) fn held(&self) -> (u64, u64) {
        self.items.run_pending_tasks();
        (self.items.weighted_size(), self.items.entry_count())
    }

    /// Returns when the store was made.
    pub(crate) fn started_at(&self) -> UnixMs {
        self.started_at
    }

    /// Returns items of a class, in no order.
    pub(crate) fn items_of(
        &self,
        class: SizeClass,
        now: UnixMs,
    ) -> impl Iterator<Item = (Arc<Key>, Item)> {
        self.items.iter().filter(move |(key, item)| {
            SizeClass::of(key, item) == class
                && !item.is_over(now)
                && !self.flushes.has_taken(item.cas)
        })
    }

    fn counters(&self) -> &Counters {
        &self.stats.counters
    }

    /// Looks for an item, and says what became of one that is there no more.
    fn look(&self, key: &Key, now: UnixMs) -> Found {
        match self.items.get(key) {
            None => Found::Nothing,
            Some(item) if self.flushes.has_taken(item.cas) => Found::Flushed(item),
            Some(item) if item.is_over(now) => Found::Expired(item),
            Some(item) => Found::Live(item),
        }
    }

    /// Looks at an item and changes it, without anybody between.
    fn step<R>(&self, key: &Key, now: UnixMs, act: impl FnOnce(Option<&Item>) -> (Step, R)) -> R {
        self.flush_if_due(now);
        let stripe = self.stripe(key).lock();
        let found = self.look(key, now);
        let stale = found.stale().cloned();
        let before = found.live();
        let (step, result) = act(before.as_ref());
        match step {
            Step::Keep => {}
            Step::Put { value, flags, ends } => {
                if let Some(stale) = stale {
                    self.counters().count(Counter::Reclaimed);
                    self.stats.classes.count(ClassCounter::Reclaimed, key, &stale);
                }
                let cas = self.cas.fetch_add(1, Ordering::AcqRel) + 1;
                let item = Item { value, flags, cas, ends, ends_set_at: now };
                self.stats.classes.count(ClassCounter::Sets, key, &item);
                self.store(key, item, before.is_some(), now);
            }
            Step::Remove => {
                self.items.invalidate(key);
                if before.is_some() {
                    self.changes.note(key, ChangeKind::Deleted);
                }
            }
        }
        drop(stripe);
        result
    }

    /// Stores an item, and notes the change. One whose time is over already leaves its place only: that it expired.
    fn store(&self, key: &Key, item: Item, replaces: bool, now: UnixMs) {
        if !item.is_over(now) {
            self.changes.note(key, ChangeKind::Set(item.value.clone()));
            self.put(key, item);
            return;
        }
        if replaces {
            self.changes.note(key, ChangeKind::Deleted);
        }
        self.put(key, Item { value: Bytes::new(), ..item });
    }

    /// Changes an item's time only: its id stays, and nobody is told.
    fn retime(&self, key: &Key, exptime: Exptime, now: UnixMs) -> Found {
        self.flush_if_due(now);
        let _stripe = self.stripe(key).lock();
        let found = self.look(key, now);
        if let Found::Live(item) = &found {
            let ends = exptime.ends(now, self.wall_ahead_ms());
            self.put(key, Item { ends, ends_set_at: now, ..item.clone() });
        }
        found
    }

    fn put(&self, key: &Key, item: Item) {
        let weight = u64::from(Item::weight(key, &item));
        self.stats.classes.add(key, &item);
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
}

#[cfg(test)]
mod tests;
