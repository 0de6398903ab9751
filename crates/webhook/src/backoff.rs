//! How long to wait before the next try.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(30);

/// Waits that double from 200 ms to 30 s, each shortened at random by up to a half, so that servers
/// that lost the application at the same moment do not all come back at the same moment.
#[derive(Debug)]
pub(crate) struct Backoff {
    longest: Duration,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Backoff { longest: FIRST }
    }

    /// Returns how long to wait this time.
    pub(crate) fn pause(&mut self) -> Duration {
        let longest = self.longest;
        self.longest = (longest * 2).min(LONGEST);
        longest.mul_f64(1.0 - random_fraction() / 2.0)
    }
}

/// Returns a number from 0 to 1; 0 if the system has no randomness to give, which harms nobody here.
fn random_fraction() -> f64 {
    let mut byte = [0_u8];
    let _ = aws_lc_rs::rand::fill(&mut byte);
    f64::from(byte[0]) / f64::from(u8::MAX)
}

#[cfg(test)]
mod tests;
