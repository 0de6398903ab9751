//! How long something takes, counted by how long: without a lock, and read while it is counted.

use std::time::Duration;

use crate::ranges::Ranges;

/// A count for each range of durations. The bounds go from 1 microsecond to 8.4 seconds, each twice
/// the one before.
///
/// # Cost
/// Noting one is two additions, whatever its range.
#[derive(Debug, Default)]
pub struct Durations(Ranges);

impl Durations {
    /// Notes that something took so long.
    pub fn note(&self, took: Duration) {
        self.note_many(took, 1);
    }

    /// Notes that each of so many things took so long.
    pub fn note_many(&self, took: Duration, count: u64) {
        let us = u64::try_from(took.as_nanos().div_ceil(1000)).unwrap_or(u64::MAX);
        let ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.0.add(us, ns.saturating_mul(count), count);
    }

    /// Returns the seconds of all together.
    pub fn sum_s(&self) -> f64 {
        self.0.sum() as f64 / 1e9
    }

    /// Returns how many there were of each range, with its upper bound in seconds.
    pub fn ranges(&self) -> Vec<(f64, u64)> {
        self.0.counts().into_iter().map(|(us, count)| (us / 1e6, count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_belongs_to_the_range_below_it() {
        let durations = Durations::default();
        for ns in [0, 1, 1000, 1001, 2000, 2001] {
            durations.note(Duration::from_nanos(ns));
        }
        durations.note(Duration::MAX);
        let counted: Vec<_> =
            durations.ranges().into_iter().filter(|(_, count)| 0 < *count).collect();
        assert_eq!(counted, [(1e-6, 3), (2e-6, 2), (4e-6, 1), (f64::INFINITY, 1)]);
    }

    #[test]
    fn what_is_noted_is_counted_and_summed_up() {
        let durations = Durations::default();
        durations.note(Duration::from_micros(1));
        durations.note_many(Duration::from_micros(3), 2);
        let ranges = durations.ranges();
        let counted: Vec<_> = ranges.iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counted, [&(1e-6, 1), &(4e-6, 2)]);
        assert_eq!(ranges.len(), 25);
        assert!((durations.sum_s() - 7e-6).abs() < 1e-12);
    }
}
