//! The clock itself, over whatever monotonic clock it is given.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

use parking_lot::Mutex;

/// How late a tick may be; at least this much of any longer time between two ticks counts as time
/// in which the process ran, and no more than it.
pub const TICK_WITHIN: Duration = Duration::from_millis(250);

/// Takes out of a monotonic clock what lies between two ticks that are too far apart.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    /// What the monotonic clock said at the last tick.
    ticked: AtomicU64,
    /// How much was taken out so far.
    stopped: AtomicU64,
    /// Who ticks.
    ticking: AtomicUsize,
    /// Held while time is taken out, so that it is taken out once.
    taking_out: Mutex<()>,
}

impl Clock {
    /// Returns the time that counts. `now` reads the monotonic clock.
    pub(crate) fn running(&self, now: impl Fn() -> Duration) -> Duration {
        loop {
            let stopped = self.stopped.load(Ordering::Acquire);
            let time = nanoseconds(now());
            if self.is_late(time) {
                self.take_out(&now);
            } else if stopped == self.stopped.load(Ordering::Acquire) {
                // Else it was read before a stop that is taken out by now.
                return Duration::from_nanos(time - stopped);
            }
        }
    }

    pub(crate) fn stopped(&self) -> Duration {
        Duration::from_nanos(self.stopped.load(Ordering::Acquire))
    }

    pub(crate) fn begin(&self, now: impl Fn() -> Duration) {
        let _taking_out = self.taking_out.lock();
        if self.ticking.load(Ordering::Acquire) == 0 {
            self.ticked.store(nanoseconds(now()), Ordering::Release);
        }
        self.ticking.fetch_add(1, Ordering::Release);
    }

    pub(crate) fn tick(&self, now: impl Fn() -> Duration) {
        if self.is_late(nanoseconds(now())) {
            self.take_out(&now);
        }
        self.ticked.fetch_max(nanoseconds(now()), Ordering::Release);
    }

    pub(crate) fn end(&self, now: impl Fn() -> Duration) {
        self.tick(now);
        self.ticking.fetch_sub(1, Ordering::Release);
    }

    fn is_late(&self, time: u64) -> bool {
        // In this order: with nobody who ticks, when the last tick was says nothing.
        let ticked = self.ticked.load(Ordering::Acquire);
        ticked + nanoseconds(TICK_WITHIN) < time && 0 < self.ticking.load(Ordering::Acquire)
    }

    fn take_out(&self, now: &impl Fn() -> Duration) {
        let _taking_out = self.taking_out.lock();
        let time = nanoseconds(now());
        if self.is_late(time) {
            let ticked = self.ticked.load(Ordering::Acquire);
            let stopped = time - ticked - nanoseconds(TICK_WITHIN);
            self.stopped.fetch_add(stopped, Ordering::Release);
            self.ticked.store(time, Ordering::Release);
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).expect("a process runs for less than 584 years")
}
