//! Random numbers to spread waits by. Not for secrets.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// A sequence of random numbers that a seed decides.
#[derive(Debug, Clone)]
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    /// Returns dice that no two clients share.
    pub(crate) fn unseeded() -> Self {
        // The standard library asks the system for the keys of its hash maps.
        Dice::seeded(RandomState::new().hash_one(0_u8))
    }

    pub(crate) fn seeded(seed: u64) -> Self {
        Dice { state: seed }
    }

    /// Returns any number. The steps are those of SplitMix64.
    pub(crate) fn roll(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns a time from `least` to `most`, each as likely as any other.
    pub(crate) fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let span = most.saturating_sub(least);
        let part = (self.roll() >> 11) as f64 / (1_u64 << 53) as f64;
        least + span.mul_f64(part)
    }

    /// Brings `items` into a random order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.roll() % (last as u64 + 1);
            items.swap(last, usize::try_from(other).unwrap_or(last));
        }
    }
}
