//! The series: what each is called, and what of two samples it is made of.

use rialto_broker::Stats;

use super::sample::{Sample, Times};

/// One of the figures that are kept.
#[derive(Debug)]
pub(crate) struct Series {
    /// A word that stays the same.
    pub(crate) name: &'static str,
    made: Made,
}

/// How a figure is made of a sample and of one a step before it.
#[derive(Debug)]
enum Made {
    /// How much a counter grew in a second.
    Rate(fn(&Sample) -> u64),
    /// What there is at the end of the step.
    Level(fn(&Sample) -> u64),
    /// Within how many milliseconds that share was done.
    Quantile(fn(&Sample) -> &Times, f64),
    /// How much one counter grew for each that another did.
    Ratio(fn(&Sample) -> u64, fn(&Sample) -> u64),
}

impl Series {
    /// Returns its value; not a number where there is none.
    pub(super) fn value(&self, before: &Sample, now: &Sample) -> f32 {
        let grown = |counter: fn(&Sample) -> u64| counter(now).saturating_sub(counter(before));
        let per = |count: u64, divisor: f64| {
            if divisor == 0.0 { f64::NAN } else { count as f64 / divisor }
        };
        let value = match &self.made {
            Made::Rate(counter) => per(grown(*counter), now.seconds_since(before)),
            Made::Level(level) => level(now) as f64,
            Made::Quantile(times, share) => {
                let seconds = times(now).quantile_since(times(before), *share);
                seconds.map_or(f64::NAN, |seconds| seconds * 1e3)
            }
            Made::Ratio(counter, other) => per(grown(*counter), grown(*other) as f64),
        };
        value as f32
    }
}

macro_rules! series {
    ($($name:literal: $made:expr;)+) => {
        /// All of them.
        pub(crate) const SERIES: [Series; [$($name),+].len()] =
            [$(Series { name: $name, made: $made }),+];
    };
}

use Made::{Level, Quantile, Rate, Ratio};

series! {
    "in_rate": Rate(|it| it.stats.received + it.stats.relayed);
    "stored_rate": Rate(|it| it.stats.stored);
    "out_rate": Rate(|it| it.stats.delivered);
    "in_byte_rate": Rate(|it| it.traffic.bytes_in);
    "out_byte_rate": Rate(|it| it.traffic.bytes_out);
    "in_packet_rate": Rate(|it| it.traffic.packets_in);
    "out_packet_rate": Rate(|it| it.traffic.packets_out);
    "ack_p50_ms": Quantile(|it| &it.acknowledged, 0.5);
    "ack_p99_ms": Quantile(|it| &it.acknowledged, 0.99);
    "ack_p999_ms": Quantile(|it| &it.acknowledged, 0.999);
    "delivery_p50_ms": Quantile(|it| &it.delivered, 0.5);
    "delivery_p99_ms": Quantile(|it| &it.delivered, 0.99);
    "delivery_p999_ms": Quantile(|it| &it.delivered, 0.999);
    "dropped_rate": Rate(|it| dropped(&it.stats));
    "publish_refused_rate": Rate(|it| it.stats.publish_refused);
    "refused_rate": Rate(|it| it.stats.rejected);
    "connections": Level(|it| it.stats.connections);
    "opened_rate": Rate(|it| it.traffic.opened);
    "closed_rate": Rate(|it| it.traffic.opened - it.traffic.open);
    "sessions": Level(|it| it.stats.sessions);
    "channels": Level(|it| it.stats.channels);
    "retained": Level(|it| it.stats.retained);
    "slow_consumers": Level(|it| it.traffic.slow);
    "deliveries_waiting": Level(|it| it.stats.deliveries_waiting);
    "waiting_bytes": Level(|it| it.stats.waiting_bytes);
    "log_messages": Level(|it| it.stats.log_held);
    "log_bytes": Level(|it| it.stats.log_bytes);
    "commit_rate": Rate(|it| it.commits.count());
    "commit_changes": Ratio(|it| it.committed_changes, |it| it.commits.count());
    "commit_p50_ms": Quantile(|it| &it.commits, 0.5);
    "commit_p99_ms": Quantile(|it| &it.commits, 0.99);
    "lock_held_p99_ms": Quantile(|it| &it.lock_held, 0.99);
    "lock_waited_p99_ms": Quantile(|it| &it.lock_waited, 0.99);
    "store_queue": Level(|it| it.stats.store_queue);
    "store_wait_ms": Level(|it| it.stats.store_wait_ms);
    "store_failure_rate": Rate(|it| it.stats.store_failures);
    "memory_bytes": Level(|it| it.resident_bytes);
}

fn dropped(stats: &Stats) -> u64 {
    stats.dropped_slow + stats.dropped_absent + stats.dropped_expired + stats.dropped_log
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rialto_stopwatch::Moment;

    use super::*;

    fn value(name: &str, before: &Sample, now: &Sample) -> f32 {
        SERIES.iter().find(|it| it.name == name).unwrap().value(before, now)
    }

    #[test]
    fn names_differ_and_there_are_no_more_than_rings_are_meant_for() {
        let mut names: Vec<_> = SERIES.iter().map(|it| it.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SERIES.len());
        assert!(SERIES.len() <= 40, "more than 340 KiB");
    }

    #[test]
    fn rates_are_by_the_time_that_passed_and_levels_are_as_they_are() {
        let began = Moment::now();
        let mut before = Sample { at: Some(began), ..Sample::default() };
        let mut now = Sample { at: Some(began + Duration::from_secs(2)), ..Sample::default() };
        (before.stats.received, now.stats.received) = (10, 30);
        (before.stats.connections, now.stats.connections) = (7, 9);
        (before.traffic.opened, now.traffic.opened) = (1, 5);
        now.traffic.open = 3;
        now.commits = Times::made_of(&[(0.001, 4)]);
        now.committed_changes = 10;
        let all = ["in_rate", "connections", "closed_rate", "commit_changes"];
        assert_eq!(all.map(|name| value(name, &before, &now)), [10.0, 9.0, 0.5, 2.5]);
        assert!(value("commit_p99_ms", &before, &now) < 1.0);
        assert!(value("commit_p99_ms", &now, &now).is_nan());
        assert!(value("in_rate", &now, &now).is_nan(), "no time has passed");
    }
}
