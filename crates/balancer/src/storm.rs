//! How fast new connections are passed on: a storm of reconnects reaches the servers spread out.
//!
//! Pure: time is told to it.

use std::time::Duration;

use rialto_stopwatch::Moment;

/// Gives each new connection its turn.
#[derive(Debug, Default)]
pub(crate) struct Storm {
    /// When the next turn is; in the past while there is no storm.
    next: Option<Moment>,
}

impl Storm {
    /// Returns how long a new connection has to wait, or `None` if that is longer than `wait_max`.
    /// `per_second_max` of 0 is no limit.
    pub(crate) fn turn(
        &mut self,
        now: Moment,
        per_second_max: usize,
        wait_max: Duration,
    ) -> Option<Duration> {
        if per_second_max == 0 {
            return Some(Duration::ZERO);
        }
        let turn = self.next.map_or(now, |next| next.max(now));
        let wait = turn.since(now);
        if wait_max < wait {
            return None;
        }
        let apart = Duration::from_secs(1) / u32::try_from(per_second_max).unwrap_or(u32::MAX);
        self.next = Some(turn + apart);
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_apart_and_nobody_waits_longer_than_may_be() {
        let (mut storm, now) = (Storm::default(), Moment::now());
        let mut turn = |now| storm.turn(now, 10, Duration::from_millis(250));
        let milliseconds = |ms| Some(Duration::from_millis(ms));
        assert_eq!(turn(now), milliseconds(0));
        assert_eq!(turn(now), milliseconds(100));
        assert_eq!(turn(now), milliseconds(200));
        assert_eq!(turn(now), None, "300 ms would be too long, and take nobody's turn");
        assert_eq!(turn(now + Duration::from_millis(100)), milliseconds(200));
        assert_eq!(turn(now + Duration::from_secs(9)), milliseconds(0));
        assert_eq!(storm.turn(now, 0, Duration::ZERO), milliseconds(0));
    }
}
