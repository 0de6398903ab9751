//! Memory of frames, counted where it is taken: from when they are made until the last who holds
//! them lets go.
//!
//! Frames that a thousand receivers share are there once, and count once; added up over the
//! receivers' queues they would count a thousand times, and a broadcast would look like an attack.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;

/// What frames take besides their bytes: the allocation that is shared and counted.
const OVERHEAD_BYTES: usize = 64;
/// Up to this size frames move into memory that fits them, if they are in far too much.
const MOVED_BYTES_MAX: usize = 4 << 10;

/// Counts the memory of all frames it has made and that somebody holds.
#[derive(Debug, Default)]
pub(crate) struct Tally(Arc<AtomicUsize>);

/// Frames that are counted until they are dropped.
struct Counted {
    frames: Vec<u8>,
    bytes: Arc<AtomicUsize>,
}

impl Tally {
    /// Makes frames that can be shared.
    pub(crate) fn frames(&self, mut frames: Vec<u8>) -> Bytes {
        if frames.is_empty() {
            return Bytes::new();
        }
        let waste = frames.capacity() - frames.len();
        if frames.len() / 4 < waste && frames.len() <= MOVED_BYTES_MAX {
            frames = frames.as_slice().into();
        }
        let counted = Counted { frames, bytes: self.0.clone() };
        self.0.fetch_add(counted.memory(), Ordering::Relaxed);
        Bytes::from_owner(counted)
    }

    /// Returns the memory of what is held, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counted {
    fn memory(&self) -> usize {
        OVERHEAD_BYTES + self.frames.capacity()
    }
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.frames
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.bytes.fetch_sub(self.memory(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
