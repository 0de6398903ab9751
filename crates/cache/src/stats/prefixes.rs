//! What was asked for keys by what they begin with, while somebody wants to know: `stats detail`.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
};

use parking_lot::Mutex;

use crate::key::Key;

/// Ends a prefix.
const DELIMITER: u8 = b':';
/// Prefixes that are counted; those that come later are not.
const PREFIX_COUNT_MAX: usize = 1000;

/// Something that is counted by prefix.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PrefixEvent {
    Get { is_hit: bool },
    Set,
    Delete,
}

/// The figures of all prefixes.
///
/// # Limits
/// [`PREFIX_COUNT_MAX`] prefixes.
#[derive(Debug, Default)]
pub(crate) struct Prefixes {
    is_on: AtomicBool,
    counts: Mutex<BTreeMap<Box<[u8]>, PrefixCounts>>,
}

/// The figures of one prefix.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PrefixCounts {
    pub(crate) gets: u64,
    pub(crate) hits: u64,
    pub(crate) sets: u64,
    pub(crate) deletes: u64,
}

impl Prefixes {
    /// Begins to count, or ends; what was counted stays.
    pub(crate) fn switch(&self, is_on: bool) {
        self.is_on.store(is_on, Ordering::Relaxed);
    }

    pub(crate) fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Relaxed)
    }

    /// Counts, if somebody wants to know and the key has a prefix.
    pub(crate) fn count(&self, key: &Key, event: PrefixEvent) {
        if !self.is_on() {
            return;
        }
        let key = key.as_bytes();
        let Some(end) = memchr::memchr(DELIMITER, key) else { return };
        let mut counts = self.counts.lock();
        if !counts.contains_key(&key[..end]) {
            if PREFIX_COUNT_MAX <= counts.len() {
                return;
            }
            counts.insert(key[..end].into(), PrefixCounts::default());
        }
        if let Some(counts) = counts.get_mut(&key[..end]) {
            counts.count(event);
        }
    }

    /// Returns the figures, by prefix.
    pub(crate) fn all(&self) -> Vec<(Box<[u8]>, PrefixCounts)> {
        self.counts.lock().iter().map(|(prefix, counts)| (prefix.clone(), *counts)).collect()
    }

    pub(crate) fn reset(&self) {
        self.counts.lock().clear();
    }
}

impl PrefixCounts {
    fn count(&mut self, event: PrefixEvent) {
        match event {
            PrefixEvent::Get { is_hit } => {
                self.gets += 1;
                self.hits += u64::from(is_hit);
            }
            PrefixEvent::Set => self.sets += 1,
            PrefixEvent::Delete => self.deletes += 1,
        }
    }
}
