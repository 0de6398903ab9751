//! How often one connection may publish, for each rule that limits it: token buckets.

use std::time::Duration;

use crate::profile::Rate;

/// What one connection has left of each limit.
#[derive(Debug, Default)]
pub(crate) struct Rates(Vec<(usize, Bucket)>);

#[derive(Debug)]
struct Bucket {
    /// Messages that may come at once.
    left: f64,
    filled: Duration,
}

impl Rates {
    /// Takes one message from the bucket of a limit; says whether there was one left.
    ///
    /// A bucket holds the messages of one second, so that a client may send them in one go.
    pub(crate) fn take(&mut self, rate: Rate, now: Duration) -> bool {
        let per_second_max = f64::from(rate.per_second_max);
        let index = self.0.iter().position(|(rule, _)| *rule == rate.rule).unwrap_or_else(|| {
            self.0.push((rate.rule, Bucket { left: per_second_max, filled: now }));
            self.0.len() - 1
        });
        let bucket = &mut self.0[index].1;
        let since = now.saturating_sub(bucket.filled).as_secs_f64();
        bucket.left = per_second_max.min(bucket.left + since * per_second_max);
        bucket.filled = now;
        if bucket.left < 1.0 {
            return false;
        }
        bucket.left -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests;
