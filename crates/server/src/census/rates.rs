//! Rates: by how much counters grew since an earlier count.

use std::time::Duration;

use rialto_stopwatch::Moment;

/// What has counters: messages in and out, and bytes in and out.
pub(crate) trait Counted {
    /// Names it; in the order in which all are counted.
    type Key: Ord + Copy + Send;
    /// Counters begin anew with another one.
    type Life: Eq + Copy + Send;

    fn key(&self) -> Self::Key;
    fn life(&self) -> Self::Life;
    fn counters(&self) -> [u64; 4];
    fn rates(&self) -> Rates;
    fn set_rates(&mut self, rates: Rates);
}

/// By how much counters grow in a second: messages in and out, bytes in and out. Where nothing is known yet, the
/// numbers are negative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rates(pub(crate) [f32; 4]);

/// Rates are means over at least this.
pub(super) const OVER_MIN: Duration = Duration::from_secs(1);
/// And over about this, if there are counts often enough.
const OVER: Duration = Duration::from_secs(5);

/// An earlier count.
pub(super) struct Base<T: Counted> {
    pub(super) at: Moment,
    entries: Vec<Entry<T>>,
    /// Over which time the rates of that count are means, if there were any.
    over: Option<Duration>,
}

struct Entry<T: Counted> {
    key: T::Key,
    life: T::Life,
    counters: [u64; 4],
    rates: Rates,
}

impl Rates {
    pub(crate) const UNKNOWN: Rates = Rates([-1.0; 4]);

    /// Returns those that are known.
    pub(crate) fn known(self) -> Option<[f32; 4]> {
        (0.0 <= self.0[0]).then_some(self.0)
    }
}

/// Gives what was counted now, in the order of the keys, its rates; returns over which time they are means, if there are any.
/// From time to time what was counted now becomes the base of later counts.
pub(super) fn rate<T: Counted>(
    base: &mut Option<Base<T>>,
    at: Moment,
    entries: &mut [T],
) -> Option<Duration> {
    let passed = base.as_ref().map(|base| at.since(base.at));
    let over = match (base.as_ref(), passed) {
        (Some(base), Some(passed)) if OVER_MIN <= passed => {
            for entry in entries.iter_mut() {
                entry.set_rates(base.rates_of(entry, passed));
            }
            Some(passed)
        }
        // Too soon: what was known then still holds.
        (Some(base), _) => {
            for entry in entries.iter_mut() {
                entry.set_rates(base.find(entry).map_or(Rates::UNKNOWN, |it| it.rates));
            }
            base.over
        }
        (None, _) => None,
    };
    if passed.is_none_or(|passed| OVER <= passed) {
        *base = Some(Base::new(at, entries, over));
    }
    over
}

impl<T: Counted> Base<T> {
    fn new(at: Moment, entries: &[T], over: Option<Duration>) -> Self {
        let entry = |it: &T| Entry {
            key: it.key(),
            life: it.life(),
            counters: it.counters(),
            rates: it.rates(),
        };
        Base { at, entries: entries.iter().map(entry).collect(), over }
    }

    fn find(&self, entry: &T) -> Option<&Entry<T>> {
        let place = self.entries.binary_search_by_key(&entry.key(), |it| it.key).ok()?;
        Some(&self.entries[place]).filter(|it| it.life == entry.life())
    }

    /// Returns the rates since this count. What is new since then has counted from nothing.
    fn rates_of(&self, entry: &T, passed: Duration) -> Rates {
        let before = self.find(entry).map_or([0; 4], |it| it.counters);
        let now = entry.counters();
        let seconds = passed.as_secs_f32();
        let rate = |index: usize| now[index].saturating_sub(before[index]) as f32 / seconds;
        Rates(std::array::from_fn(rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Meter(u32, u32, u64, Rates);

    impl Counted for Meter {
        type Key = u32;
        type Life = u32;

        fn key(&self) -> u32 {
            self.0
        }

        fn life(&self) -> u32 {
            self.1
        }

        fn counters(&self) -> [u64; 4] {
            [self.2, 2 * self.2, 3 * self.2, 4 * self.2]
        }

        fn rates(&self) -> Rates {
            self.3
        }

        fn set_rates(&mut self, rates: Rates) {
            self.3 = rates;
        }
    }

    /// Counts meters, given as key, life and counter, so many milliseconds after `began`; returns over how many
    /// milliseconds rates are means, and the first rate of each.
    fn count(
        base: &mut Option<Base<Meter>>,
        (began, after_ms): (Moment, u64),
        meters: &[(u32, u32, u64)],
    ) -> (Option<u64>, Vec<f32>) {
        let mut meters: Vec<_> =
            meters.iter().map(|it| Meter(it.0, it.1, it.2, Rates::UNKNOWN)).collect();
        let over = rate(base, began + Duration::from_millis(after_ms), &mut meters);
        let rates = meters.iter().map(|it| it.3.known().map_or(-1.0, |it| it[0]));
        (over.map(|over| over.as_millis() as u64), rates.collect())
    }

    #[test]
    fn rates_are_means_since_a_count_that_is_a_second_old_at_least() {
        let (began, mut base) = (Moment::now(), None);
        assert_eq!(count(&mut base, (began, 0), &[(1, 1, 10)]), (None, vec![-1.0]));
        assert_eq!(count(&mut base, (began, 500), &[(1, 1, 20)]), (None, vec![-1.0]));
        let both = [(1, 1, 30), (2, 1, 4)];
        assert_eq!(count(&mut base, (began, 2000), &both), (Some(2000), vec![10.0, 2.0]));
        // With another connection it has counted from nothing.
        assert_eq!(count(&mut base, (began, 4000), &[(1, 2, 8)]), (Some(4000), vec![2.0]));
        assert_eq!(count(&mut base, (began, 5000), &[(1, 1, 110)]), (Some(5000), vec![20.0]));
        // From then on it is this one that is compared with, and what was known then holds for a second.
        assert_eq!(count(&mut base, (began, 5100), &[(1, 1, 111)]), (Some(5000), vec![20.0]));
        assert_eq!(count(&mut base, (began, 7000), &[(1, 1, 130)]), (Some(2000), vec![10.0]));
    }

    #[test]
    fn all_four_are_told() {
        let (began, mut base) = (Moment::now(), None);
        rate(&mut base, began, &mut [Meter(1, 1, 0, Rates::UNKNOWN)]);
        let mut meters = [Meter(1, 1, 10, Rates::UNKNOWN)];
        rate(&mut base, began + Duration::from_secs(2), &mut meters);
        assert_eq!(meters[0].3, Rates([5.0, 10.0, 15.0, 20.0]));
    }
}
