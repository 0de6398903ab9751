//! A value with all that belongs to it.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::{exptime::UnixMs, key::Key};

/// What an item takes beside its key and its value, in bytes: the entry of the cache library, its places in three lists
/// and in the table. Measured with a million small items.
pub(crate) const OVERHEAD_BYTES: usize = 400;

/// A value with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The data block; not copied when the item is.
    pub value: Bytes,
    /// The client's own number.
    pub flags: u32,
    /// Differs each time that anything is stored anywhere, and rises.
    pub cas: u64,
    /// When it is gone; `None` is never.
    pub(crate) ends: Option<UnixMs>,
    /// When `ends` was set, which is what the cache library counts from.
    pub(crate) ends_set_at: UnixMs,
}

impl Item {
    pub(crate) fn is_over(&self, now: UnixMs) -> bool {
        self.ends.is_some_and(|ends| ends <= now)
    }

    pub(crate) fn weight(key: &Key, item: &Item) -> u32 {
        let bytes = key.as_bytes().len() + item.value.len() + OVERHEAD_BYTES;
        u32::try_from(bytes).unwrap_or(u32::MAX)
    }

    fn kept_for(&self, stale_kept_ms: UnixMs) -> Option<Duration> {
        let ends = self.ends?;
        let kept_ms = ends.saturating_sub(self.ends_set_at).saturating_add(stale_kept_ms);
        Some(Duration::from_millis(kept_ms))
    }
}

/// Tells the cache library when to throw items away that are over.
///
/// What clients see is decided by [`Item::is_over`], with the time that comes in; this only gives memory back.
pub(crate) struct Expiry {
    pub(crate) stale_kept_ms: UnixMs,
}

impl moka::Expiry<Key, Item> for Expiry {
    fn expire_after_create(&self, _: &Key, item: &Item, _: Instant) -> Option<Duration> {
        item.kept_for(self.stale_kept_ms)
    }

    fn expire_after_update(
        &self,
        _: &Key,
        item: &Item,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        item.kept_for(self.stale_kept_ms)
    }
}
