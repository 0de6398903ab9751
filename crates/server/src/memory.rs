//! The memory of everything that waits, over all connections: for readers that do not read, for
//! decisions, for clients that are lost, for whoever asks later.
//!
//! Pure: what is done when there is too much of it is the hub's.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

/// Bounds what waits, and counts what the broker does not know of.
pub(crate) struct Memory {
    bytes_max: AtomicUsize,
    /// What frames in outboxes take besides their bytes.
    overhead_bytes: AtomicUsize,
    /// What was read and has to wait.
    parked_bytes: AtomicUsize,
    is_pressed: AtomicBool,
}

/// How much of the bound is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Level {
    /// It is about to run out, by what is on its way to connections: those that are behind get no
    /// QoS 0 messages any more, and all are read more slowly.
    pub(crate) is_pressed: bool,
    /// There is too much: something has to go, and nothing more is kept.
    pub(crate) is_short: bool,
}

/// What waits, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// On its way to connections, or from them.
    pub(crate) under_way: usize,
    /// Kept: histories, retained messages, what lost clients missed.
    pub(crate) kept: usize,
}

/// Bytes that are counted as long as this is there.
pub(crate) struct ParkedBytes {
    memory: Arc<Memory>,
    bytes: usize,
}

impl Usage {
    pub(crate) fn total(self) -> usize {
        self.under_way + self.kept
    }
}

impl Memory {
    pub(crate) fn new(bytes_max: usize) -> Arc<Self> {
        Arc::new(Memory {
            bytes_max: bytes_max.into(),
            overhead_bytes: AtomicUsize::new(0),
            parked_bytes: AtomicUsize::new(0),
            is_pressed: AtomicBool::new(false),
        })
    }

    pub(crate) fn bytes_max(&self) -> usize {
        self.bytes_max.load(Ordering::Relaxed)
    }

    pub(crate) fn set_bytes_max(&self, bytes_max: usize) {
        self.bytes_max.store(bytes_max, Ordering::Relaxed);
    }

    /// Notes that what frames in an outbox take besides their bytes has changed.
    pub(crate) fn change_overhead(&self, before: usize, after: usize) {
        if before < after {
            self.overhead_bytes.fetch_add(after - before, Ordering::Relaxed);
        } else {
            self.overhead_bytes.fetch_sub(before - after, Ordering::Relaxed);
        }
    }

    /// Counts what was read and has to wait.
    pub(crate) fn count_parked(self: &Arc<Self>, bytes: usize) -> ParkedBytes {
        self.parked_bytes.fetch_add(bytes, Ordering::Relaxed);
        ParkedBytes { memory: self.clone(), bytes }
    }

    /// Returns the bytes that wait and that the broker does not know of.
    pub(crate) fn uncharted_bytes(&self) -> usize {
        self.overhead_bytes.load(Ordering::Relaxed) + self.parked_bytes.load(Ordering::Relaxed)
    }

    /// Says what so much usage means.
    pub(crate) fn judge(&self, usage: Usage) -> Level {
        let bytes_max = self.bytes_max();
        let is_much = bytes_max / 4 * 3 <= usage.total();
        Level {
            is_pressed: is_much && bytes_max / 4 <= usage.under_way,
            is_short: bytes_max < usage.total(),
        }
    }

    /// Returns what should go if there is too much: so much that it does not begin again at once.
    pub(crate) fn excess(&self, usage: Usage) -> usize {
        let bytes_max = self.bytes_max();
        if bytes_max < usage.total() { usage.total() - bytes_max / 8 * 7 } else { 0 }
    }

    pub(crate) fn set_pressed(&self, is_pressed: bool) {
        self.is_pressed.store(is_pressed, Ordering::Relaxed);
    }

    /// Says whether connections are to be read more slowly.
    pub(crate) fn is_pressed(&self) -> bool {
        self.is_pressed.load(Ordering::Relaxed)
    }
}

impl Drop for ParkedBytes {
    fn drop(&mut self) {
        self.memory.parked_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
