//! Random numbers that a seed gives again.

use std::{env, ops::Range, time::SystemTime};

/// SplitMix64: small, quick, and good enough to find bugs with.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Dice(seed)
    }

    /// Returns dice of their own for the actor of that number.
    pub(crate) fn for_actor(seed: u64, actor: usize) -> Self {
        let mut dice = Dice(seed ^ (actor as u64 + 1).wrapping_mul(0xD6E8_FEB8_6659_FD93));
        dice.roll();
        dice
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn within(&mut self, range: Range<u64>) -> u64 {
        range.start + self.roll() % (range.end - range.start)
    }

    /// Says yes once in `count` times.
    pub(crate) fn once_in(&mut self, count: u64) -> bool {
        self.within(0..count) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.within(0..from.len() as u64) as usize]
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for index in (1..items.len()).rev() {
            items.swap(index, self.within(0..index as u64 + 1) as usize);
        }
    }
}

/// Returns the number that an environment variable gives.
pub(crate) fn number_from(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} must be a number, not {text:?}")))
}

/// Returns a seed that is another each time.
pub(crate) fn seed_of_the_moment() -> u64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Dice::new(since_epoch.as_nanos() as u64).roll() >> 16
}
