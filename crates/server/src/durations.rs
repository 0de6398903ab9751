//! How long something takes, counted by how long: without a lock, and read while it is counted.

use std::{
    array,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Bounds, from 1 microsecond, each twice the one before: the last is 8.4 seconds.
const BOUND_COUNT: usize = 24;

/// A count for each range of durations.
///
/// # Cost
/// Noting one is two additions, whatever its range.
#[derive(Debug)]
pub(crate) struct Durations {
    /// Up to each bound, and above the last.
    counts: [AtomicU64; BOUND_COUNT + 1],
    sum_ns: AtomicU64,
}

impl Default for Durations {
    fn default() -> Self {
        Durations { counts: array::from_fn(|_| AtomicU64::new(0)), sum_ns: AtomicU64::new(0) }
    }
}

impl Durations {
    /// Notes that something took so long.
    pub(crate) fn note(&self, took: Duration) {
        self.counts[range_of(took)].fetch_add(1, Relaxed);
        let ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.sum_ns.fetch_add(ns, Relaxed);
    }

    /// Returns the seconds of all together.
    pub(crate) fn sum_s(&self) -> f64 {
        self.sum_ns.load(Relaxed) as f64 / 1e9
    }

    /// Returns how many there were of each range, with its upper bound in seconds.
    pub(crate) fn ranges(&self) -> Vec<(f64, u64)> {
        let bound_s = |index: usize| match index {
            BOUND_COUNT => f64::INFINITY,
            index => (1_u64 << index) as f64 / 1e6,
        };
        let counts = self.counts.iter().enumerate();
        counts.map(|(index, count)| (bound_s(index), count.load(Relaxed))).collect()
    }
}

/// Returns the index of the first bound that is not less.
fn range_of(took: Duration) -> usize {
    let us = took.as_nanos().div_ceil(1000);
    let index = us.max(1).next_power_of_two().trailing_zeros() as usize;
    index.min(BOUND_COUNT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_belongs_to_the_range_below_it() {
        let us = Duration::from_micros;
        let ns = Duration::from_nanos;
        assert_eq!([ns(0), ns(1), us(1)].map(range_of), [0, 0, 0]);
        assert_eq!([ns(1001), us(2), ns(2001), us(4)].map(range_of), [1, 1, 2, 2]);
        assert_eq!([us(1 << 23), us((1 << 23) + 1)].map(range_of), [23, 24]);
        assert_eq!(range_of(Duration::MAX), 24);
    }

    #[test]
    fn what_is_noted_is_counted_and_summed_up() {
        let durations = Durations::default();
        for us in [1, 3, 3, 10_000_000] {
            durations.note(Duration::from_micros(us));
        }
        let ranges = durations.ranges();
        let counted: Vec<_> = ranges.iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counted, [&(1e-6, 1), &(4e-6, 2), &(f64::INFINITY, 1)]);
        assert_eq!(ranges.len(), 25);
        assert!((durations.sum_s() - 10.000_007).abs() < 1e-9);
    }
}
