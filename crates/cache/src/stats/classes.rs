//! What happened to items, by their size.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::{
    item::Item,
    key::Key,
    size_class::{CLASS_COUNT, SizeClass, requested_bytes},
};

/// Something that is counted by size.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ClassCounter {
    GetHits,
    Sets,
    DeleteHits,
    IncrHits,
    DecrHits,
    CasHits,
    CasBadValues,
    TouchHits,
    Evicted,
    Reclaimed,
}

const COUNTER_COUNT: usize = 10;

/// The figures of all classes.
#[derive(Debug)]
pub(crate) struct Classes(Vec<Class>);

/// The figures of one class.
#[derive(Debug, Default)]
pub(crate) struct Class {
    /// Gauge: items.
    items: AtomicU64,
    /// Gauge: bytes of these items, as memcached counts them.
    bytes: AtomicU64,
    counters: [AtomicU64; COUNTER_COUNT],
}

impl Classes {
    pub(crate) fn new() -> Self {
        Classes((0..CLASS_COUNT).map(|_| Class::default()).collect())
    }

    /// Counts an item in.
    pub(crate) fn add(&self, key: &Key, item: &Item) {
        let class = self.of(SizeClass::of(key, item));
        class.items.fetch_add(1, Ordering::Relaxed);
        class.bytes.fetch_add(requested_bytes(key, item) as u64, Ordering::Relaxed);
    }

    /// Counts an item out that was counted in.
    pub(crate) fn remove(&self, key: &Key, item: &Item) {
        let class = self.of(SizeClass::of(key, item));
        class.items.fetch_sub(1, Ordering::Relaxed);
        class.bytes.fetch_sub(requested_bytes(key, item) as u64, Ordering::Relaxed);
    }

    pub(crate) fn count(&self, counter: ClassCounter, key: &Key, item: &Item) {
        let class = self.of(SizeClass::of(key, item));
        class.counters[counter as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn of(&self, class: SizeClass) -> &Class {
        &self.0[class.number() - 1]
    }

    /// Sets the counters to 0; the gauges stay.
    pub(crate) fn reset(&self) {
        for counter in self.0.iter().flat_map(|class| &class.counters) {
            counter.store(0, Ordering::Relaxed);
        }
    }
}

impl Class {
    pub(crate) fn items(&self) -> u64 {
        self.items.load(Ordering::Relaxed)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn counted(&self, counter: ClassCounter) -> u64 {
        self.counters[counter as usize].load(Ordering::Relaxed)
    }

    /// Says whether it has, or had, an item.
    pub(crate) fn is_used(&self) -> bool {
        self.items() > 0 || self.counters.iter().any(|it| it.load(Ordering::Relaxed) > 0)
    }
}
