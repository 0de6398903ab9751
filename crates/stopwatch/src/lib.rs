//! The time in which this process ran.
//!
//! A process can be stopped, by a signal, by the machine it runs in that goes on from a snapshot, or
//! by others that leave it no processor. Its peers go on meanwhile, and what they send waits in its
//! sockets: by the monotonic clock they seem to have been silent when it was the process that did not
//! listen. Whatever judges them counts by this clock instead, which stands still meanwhile.
//!
//! Somebody has to [tick](Ticking::tick) for that; while nobody does, this is the monotonic clock.
//! What took how long is counted in [`Durations`]. Knows nothing of sockets and starts nothing. Read
//! [`running`] first, then [`timeout`].

use std::{ops::Add, pin::pin, sync::LazyLock, time::Duration};

use tokio::time::Instant;

mod clock;
mod durations;
mod ranges;

pub use clock::TICK_WITHIN;
pub use durations::Durations;
pub use ranges::Ranges;

use clock::Clock;

/// The clock of this process, and what it reads.
static PROCESS: LazyLock<(Instant, Clock)> = LazyLock::new(|| (Instant::now(), Clock::default()));

/// Returns how long this process has run since the first call. Never goes back.
pub fn running() -> Duration {
    let (began, clock) = &*PROCESS;
    clock.running(|| began.elapsed())
}

/// Returns for how long this process was found to have been stopped.
pub fn stopped() -> Duration {
    running();
    PROCESS.1.stopped()
}

/// A moment of this clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Duration);

impl Moment {
    /// Returns the present one.
    #[must_use]
    pub fn now() -> Self {
        Moment(running())
    }

    /// Returns how long this process has run since.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        running().saturating_sub(self.0)
    }

    /// Returns how long the process ran from `earlier` to this moment; nothing if that was later.
    #[must_use]
    pub fn since(self, earlier: Moment) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Moment;

    fn add(self, time: Duration) -> Moment {
        Moment(self.0.saturating_add(time))
    }
}

/// Whoever keeps the clock: while there is one, time without a tick is time in which the process was
/// stopped.
#[derive(Debug)]
pub struct Ticking(());

impl Ticking {
    /// Begins to tick, which is to be done several times in [`TICK_WITHIN`].
    #[must_use]
    pub fn begin() -> Self {
        let (began, clock) = &*PROCESS;
        clock.begin(|| began.elapsed());
        Ticking(())
    }

    /// Ticks.
    pub fn tick(&self) {
        let (began, clock) = &*PROCESS;
        clock.tick(|| began.elapsed());
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        let (began, clock) = &*PROCESS;
        clock.end(|| began.elapsed());
    }
}

/// What was waited for did not come in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elapsed(());

impl From<Elapsed> for std::io::Error {
    fn from(_: Elapsed) -> Self {
        std::io::ErrorKind::TimedOut.into()
    }
}

/// Waits for `future`, at most for `limit` in which this process runs.
///
/// # Errors
/// When it takes longer.
pub async fn timeout<F: Future>(limit: Duration, future: F) -> Result<F::Output, Elapsed> {
    timeout_at(Moment::now() + limit, future).await
}

/// Waits for `future`, at most until `end`.
///
/// # Errors
/// When it takes longer.
pub async fn timeout_at<F: Future>(end: Moment, future: F) -> Result<F::Output, Elapsed> {
    let mut future = pin!(future);
    loop {
        let left = end.0.saturating_sub(running());
        // Looks at the future before the time, also when both are due: what came is taken.
        match tokio::time::timeout(left, &mut future).await {
            Ok(output) => return Ok(output),
            Err(_) if end <= Moment::now() => return Err(Elapsed(())),
            Err(_) => {}
        }
    }
}

/// Waits until `end`.
pub async fn sleep_until(end: Moment) {
    _ = timeout_at(end, std::future::pending::<()>()).await;
}

#[cfg(test)]
mod tests;
