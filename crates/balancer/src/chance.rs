//! Numbers that nobody outside can foretell, for policies that draw.

use std::{
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering},
};

/// A source of numbers, seeded anew in each process.
#[derive(Debug, Default)]
pub(crate) struct Chance {
    key: RandomState,
    drawn: AtomicU64,
}

impl Chance {
    /// Draws the next number.
    pub(crate) fn draw(&self) -> u64 {
        self.key.hash_one(self.drawn.fetch_add(1, Ordering::Relaxed))
    }
}
