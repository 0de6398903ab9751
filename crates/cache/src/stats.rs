//! What happened how often, under memcached's names.

mod classes;
mod connections;
mod prefixes;

use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) use classes::{Class, ClassCounter, Classes};
pub(crate) use connections::{Connections, OpenConnection};
pub(crate) use prefixes::{PrefixEvent, Prefixes};

/// Defines the counters: a variant and the name that `stats` gives it.
macro_rules! counters {
    ($( $variant:ident = $name:literal, )*) => {
        /// Something that is counted.
        #[derive(Debug, Clone, Copy)]
        pub(crate) enum Counter {
            $( $variant, )*
        }

        const NAMES: &[&str] = &[$( $name, )*];
    };
}

counters! {
    Gets = "cmd_get",
    Sets = "cmd_set",
    Flushes = "cmd_flush",
    Touches = "cmd_touch",
    GetHits = "get_hits",
    GetMisses = "get_misses",
    GetExpired = "get_expired",
    GetFlushed = "get_flushed",
    DeleteMisses = "delete_misses",
    DeleteHits = "delete_hits",
    IncrMisses = "incr_misses",
    IncrHits = "incr_hits",
    DecrMisses = "decr_misses",
    DecrHits = "decr_hits",
    CasMisses = "cas_misses",
    CasHits = "cas_hits",
    CasBadValues = "cas_badval",
    TouchHits = "touch_hits",
    TouchMisses = "touch_misses",
    TooLarge = "store_too_large",
    Stored = "total_items",
    Evictions = "evictions",
    Reclaimed = "reclaimed",
    BytesRead = "bytes_read",
    BytesWritten = "bytes_written",
}

/// All figures of a cache.
#[derive(Debug)]
pub(crate) struct Stats {
    pub(crate) counters: Counters,
    pub(crate) classes: Classes,
    pub(crate) prefixes: Prefixes,
    pub(crate) connections: Connections,
}

impl Stats {
    pub(crate) fn new() -> Self {
        Stats {
            counters: Counters::new(),
            classes: Classes::new(),
            prefixes: Prefixes::default(),
            connections: Connections::default(),
        }
    }

    /// Sets everything to 0 that grows.
    pub(crate) fn reset(&self) {
        self.counters.reset();
        self.classes.reset();
        self.prefixes.reset();
        self.connections.reset();
    }
}

/// All counters since the start, or since `stats reset`.
#[derive(Debug)]
pub(crate) struct Counters(Vec<AtomicU64>);

impl Counters {
    pub(crate) fn new() -> Self {
        Counters(NAMES.iter().map(|_| AtomicU64::new(0)).collect())
    }

    pub(crate) fn count(&self, counter: Counter) {
        self.add(counter, 1);
    }

    pub(crate) fn add(&self, counter: Counter, count: u64) {
        self.0[counter as usize].fetch_add(count, Ordering::Relaxed);
    }

    /// Counts one or the other.
    pub(crate) fn count_either(&self, is_hit: bool, hit: Counter, miss: Counter) {
        self.count(if is_hit { hit } else { miss });
    }

    pub(crate) fn reset(&self) {
        for counter in &self.0 {
            counter.store(0, Ordering::Relaxed);
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let values = self.0.iter().map(|counter| counter.load(Ordering::Relaxed));
        NAMES.iter().copied().zip(values)
    }
}
