//! What all counters say at one moment.

use std::sync::Arc;

use rialto_broker::Stats;
use rialto_stopwatch::{Durations, Moment};

use crate::{entrance::Entrance, hub::Hub, machine, store::CommitWatch, traffic::Counted};

/// Where samples come from.
pub(crate) struct Sources {
    pub(crate) hub: Arc<Hub>,
    /// The listeners of the broker, each once.
    pub(crate) entrances: Vec<Arc<Entrance>>,
    pub(crate) commit_watch: Arc<CommitWatch>,
}

/// A sample.
#[derive(Debug, Default)]
pub(super) struct Sample {
    /// None of one that is made up.
    pub(super) at: Option<Moment>,
    pub(super) stats: Stats,
    /// Over all listeners.
    pub(super) traffic: Counted,
    pub(super) acknowledged: Times,
    pub(super) delivered: Times,
    pub(super) commits: Times,
    /// Changes in all commits.
    pub(super) committed_changes: u64,
    pub(super) lock_held: Times,
    pub(super) lock_waited: Times,
    /// Memory of the process.
    pub(super) resident_bytes: u64,
}

/// How often something took how long.
#[derive(Debug, Default)]
pub(super) struct Times(Vec<(f64, u64)>);

impl Sample {
    /// Takes one, in one round of the broker.
    pub(super) fn take(sources: &Sources) -> Self {
        let Sources { hub, entrances, commit_watch } = sources;
        let (latencies, lock_times) = (&hub.latencies, &hub.lock_times);
        Sample {
            at: Some(Moment::now()),
            stats: hub.round(|broker| broker.stats()),
            traffic: sum(entrances.iter().map(|entrance| entrance.traffic.counted())),
            acknowledged: Times::of(&latencies.acknowledged),
            delivered: Times::of(&latencies.delivered),
            commits: Times::of(commit_watch.durations()),
            committed_changes: commit_watch.changes().sum(),
            lock_held: Times::of(&lock_times.held),
            lock_waited: Times::of(&lock_times.waited),
            resident_bytes: machine::resident_bytes().unwrap_or_default(),
        }
    }

    /// Returns how many seconds have passed since an earlier one.
    pub(super) fn seconds_since(&self, earlier: &Sample) -> f64 {
        let (now, before) = (self.at, earlier.at);
        now.zip(before).map_or(0.0, |(now, before)| now.since(before).as_secs_f64())
    }
}

fn sum(all: impl Iterator<Item = Counted>) -> Counted {
    all.fold(Counted::default(), |sum, it| Counted {
        bytes_in: sum.bytes_in + it.bytes_in,
        packets_in: sum.packets_in + it.packets_in,
        bytes_out: sum.bytes_out + it.bytes_out,
        packets_out: sum.packets_out + it.packets_out,
        opened: sum.opened + it.opened,
        open: sum.open + it.open,
        slow_begun: sum.slow_begun + it.slow_begun,
        slow: sum.slow + it.slow,
    })
}

impl Times {
    fn of(durations: &Durations) -> Self {
        Times(durations.ranges())
    }

    /// Returns how often it happened.
    pub(super) fn count(&self) -> u64 {
        self.0.iter().map(|(_, count)| count).sum()
    }

    /// Returns within how many seconds a share of all were done since an earlier sample: about, as it is only known
    /// between which powers of two microseconds each was. `None` if there were none.
    pub(super) fn quantile_since(&self, earlier: &Times, share: f64) -> Option<f64> {
        let before = |index: usize| earlier.0.get(index).map_or(0, |(_, count)| *count);
        let counts: Vec<(f64, u64)> = self
            .0
            .iter()
            .enumerate()
            .map(|(index, (bound, count))| (*bound, count.saturating_sub(before(index))))
            .collect();
        let total: u64 = counts.iter().map(|(_, count)| count).sum();
        let wanted = share * total as f64;
        let (mut passed, mut lower) = (0.0, 0.0);
        for (bound, count) in counts.into_iter().filter(|(_, count)| 0 < *count) {
            let count = count as f64;
            if wanted <= passed + count {
                // Above the last bound nothing more is known than that.
                let upper = if bound.is_finite() { bound } else { return Some(2.0 * lower) };
                lower = upper / 2.0;
                return Some(lower + (upper - lower) * (wanted - passed) / count);
            }
            passed += count;
            lower = bound;
        }
        None
    }
}

#[cfg(test)]
impl Times {
    pub(super) fn made_of(ranges: &[(f64, u64)]) -> Self {
        Times(ranges.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_lies_within_the_range_that_holds_it() {
        let times = Times::made_of(&[(0.001, 0), (0.002, 90), (0.004, 10), (f64::INFINITY, 0)]);
        let quantile = |share| times.quantile_since(&Times::default(), share).unwrap();
        assert!((0.001..0.002).contains(&quantile(0.5)), "{}", quantile(0.5));
        assert!((quantile(0.9) - 0.002).abs() < 1e-9);
        assert!((quantile(0.99) - 0.0038).abs() < 1e-9, "{}", quantile(0.99));
    }

    #[test]
    fn only_what_happened_since_then_counts() {
        let before = Times::made_of(&[(0.001, 1000), (0.002, 0)]);
        let after = Times::made_of(&[(0.001, 1000), (0.002, 4)]);
        let median = after.quantile_since(&before, 0.5).unwrap();
        assert!((0.001..0.002).contains(&median), "{median}");
        assert_eq!(after.quantile_since(&after, 0.5), None);
        let beyond = Times::made_of(&[(0.001, 0), (f64::INFINITY, 3)]);
        assert!(beyond.quantile_since(&Times::default(), 0.5).is_some());
    }
}
