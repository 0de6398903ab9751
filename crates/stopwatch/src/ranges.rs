//! How often something was so large: counted by powers of two, without a lock, and read while it is counted.

use std::{
    array,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// Bounds, from 1, each twice the one before: the last is 8,388,608.
const BOUND_COUNT: usize = 24;

/// A count for each range of sizes.
///
/// # Cost
/// Noting one is two additions, whatever its range.
#[derive(Debug)]
pub struct Ranges {
    /// Up to each bound, and above the last.
    counts: [AtomicU64; BOUND_COUNT + 1],
    sum: AtomicU64,
}

impl Default for Ranges {
    fn default() -> Self {
        Ranges { counts: array::from_fn(|_| AtomicU64::new(0)), sum: AtomicU64::new(0) }
    }
}

impl Ranges {
    /// Notes one of this size.
    pub fn note(&self, size: u64) {
        self.add(size, size, 1);
    }

    /// Counts so many of this size, and what they are in all in the unit of the sum.
    pub(crate) fn add(&self, size: u64, sum: u64, count: u64) {
        self.counts[range_of(size)].fetch_add(count, Relaxed);
        self.sum.fetch_add(sum, Relaxed);
    }

    /// Returns the sizes of all together.
    pub fn sum(&self) -> u64 {
        self.sum.load(Relaxed)
    }

    /// Returns how many there were of each range, with its upper bound.
    pub fn counts(&self) -> Vec<(f64, u64)> {
        let bound = |index: usize| match index {
            BOUND_COUNT => f64::INFINITY,
            index => (1_u64 << index) as f64,
        };
        let counts = self.counts.iter().enumerate();
        counts.map(|(index, count)| (bound(index), count.load(Relaxed))).collect()
    }
}

/// Returns the index of the first bound that is not less.
pub(crate) fn range_of(size: u64) -> usize {
    let bound = size.max(1).checked_next_power_of_two();
    bound.map_or(BOUND_COUNT, |bound| (bound.trailing_zeros() as usize).min(BOUND_COUNT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_belongs_to_the_range_below_it() {
        assert_eq!([0, 1, 2, 3, 4, 5].map(range_of), [0, 0, 1, 2, 2, 3]);
        assert_eq!([1 << 23, (1 << 23) + 1, u64::MAX].map(range_of), [23, 24, 24]);
    }

    #[test]
    fn what_is_noted_is_counted_and_summed_up() {
        let ranges = Ranges::default();
        [1, 3, 3, 10_000_000].iter().for_each(|&size| ranges.note(size));
        let counted: Vec<_> = ranges.counts().into_iter().filter(|(_, count)| 0 < *count).collect();
        assert_eq!(counted, [(1.0, 1), (4.0, 2), (f64::INFINITY, 1)]);
        assert_eq!(ranges.sum(), 10_000_007);
    }
}
