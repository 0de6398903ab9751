//! Clocks that are stepped by hand, and waits over them.

use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::{Clock, TICK_WITHIN, timeout};

/// A clock over a monotonic clock that says what the test wants.
#[derive(Default)]
struct Stepped {
    clock: Clock,
    monotonic: Cell<Duration>,
}

impl Stepped {
    fn ticking() -> Self {
        let stepped = Stepped::default();
        stepped.clock.begin(|| stepped.monotonic.get());
        stepped
    }

    fn pass(&self, ms: u64) {
        self.monotonic.set(self.monotonic.get() + Duration::from_millis(ms));
    }

    fn tick(&self) {
        self.clock.tick(|| self.monotonic.get());
    }

    fn running_ms(&self) -> u128 {
        self.clock.running(|| self.monotonic.get()).as_millis()
    }
}

#[test]
fn time_with_ticks_counts_and_a_stop_does_not() {
    let stepped = Stepped::ticking();
    for _ in 0..50 {
        stepped.pass(100);
        stepped.tick();
    }
    assert_eq!(stepped.running_ms(), 5000);
    stepped.pass(20_000);
    assert_eq!(stepped.running_ms(), 5250, "whoever looks first finds it");
    stepped.tick();
    assert_eq!(stepped.running_ms(), 5250);
    assert_eq!(stepped.clock.stopped(), Duration::from_millis(19_750));
    stepped.pass(100);
    assert_eq!(stepped.running_ms(), 5350);
}

#[test]
fn a_tick_that_is_a_little_late_is_no_stop() {
    let stepped = Stepped::ticking();
    for _ in 0..10 {
        stepped.pass(TICK_WITHIN.as_millis() as u64);
        stepped.tick();
    }
    assert_eq!(stepped.running_ms(), 2500);
}

#[test]
fn time_goes_on_for_a_process_that_hardly_ever_runs() {
    let stepped = Stepped::ticking();
    for _ in 0..10 {
        stepped.pass(5000);
        stepped.tick();
    }
    assert_eq!(stepped.running_ms(), 2500);
}

#[test]
fn while_nobody_ticks_all_time_counts() {
    let stepped = Stepped::default();
    stepped.pass(9000);
    assert_eq!(stepped.running_ms(), 9000);
    stepped.clock.begin(|| stepped.monotonic.get());
    stepped.pass(100);
    stepped.clock.end(|| stepped.monotonic.get());
    stepped.pass(9000);
    assert_eq!(stepped.running_ms(), 18_100);
    assert_eq!(stepped.clock.stopped(), Duration::ZERO);
}

#[test]
fn the_clock_never_goes_back_for_anybody() {
    let clock = Clock::default();
    let monotonic = AtomicU64::new(0);
    let now = || Duration::from_micros(monotonic.load(Ordering::SeqCst));
    clock.begin(now);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut last = Duration::ZERO;
                while now() < Duration::from_secs(600) {
                    let running = clock.running(now);
                    assert!(last <= running);
                    last = running;
                }
            });
        }
        for step in 0..200_u64 {
            monotonic.fetch_add(if step % 10 == 0 { 30_000_000 } else { 1000 }, Ordering::SeqCst);
            clock.tick(now);
            std::thread::yield_now();
        }
    });
    assert!(clock.running(now) < Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_with_its_time_or_with_what_came() {
    let short = Duration::from_millis(20);
    assert_eq!(timeout(Duration::from_secs(5), async { 7 }).await, Ok(7));
    assert!(timeout(short, std::future::pending::<()>()).await.is_err());
}
