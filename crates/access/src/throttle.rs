//! Slowing down whoever tries passwords or tokens.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::{BuildHasher as _, Hash},
    net::IpAddr,
    time::Duration,
};

use parking_lot::Mutex;
use rialto_broker::UnixMs;

use crate::network::network_of;

/// The first wait; each further failure doubles it.
const DELAY_MIN: Duration = Duration::from_millis(200);

/// One failure is forgiven in this time.
const FORGIVING_MS: u64 = 10_000;

/// How many addresses and clients are remembered together.
const ENTRIES_MAX: usize = 20_000;

/// How patient a [`Throttle`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThrottleSettings {
    /// Failures before anybody has to wait.
    pub failed_attempts_max: u32,
    /// The longest that an attempt has to wait behind the last failure.
    pub attempt_delay_max: Duration,
}

/// Counts failed attempts by address and by client, and says how long the next one has to wait.
///
/// From `failed_attempts_max` failures on, an attempt may come 200 ms behind the last failure,
/// twice as long with each failure more, up to `attempt_delay_max`. A failure is forgiven every ten
/// seconds. Only failures count: whoever succeeds is not slowed down by it, nor forgiven.
///
/// # Limits
/// It remembers 20,000 addresses and clients; beyond, it forgets a quarter of them, those with the
/// fewest failures. All addresses of an IPv6 network of 64 bits are one, as they are one customer's.
#[derive(Debug)]
pub struct Throttle {
    settings: ThrottleSettings,
    /// By a hash that differs in each process, so that names may be long and nobody can meet
    /// another's on purpose.
    failures: Mutex<HashMap<u64, Failures>>,
    hasher: RandomState,
}

/// The failures of one address or client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Failures {
    count: u32,
    last: UnixMs,
}

impl Throttle {
    /// Makes a throttle that knows nobody.
    #[must_use]
    pub fn new(settings: ThrottleSettings) -> Self {
        Throttle { settings, failures: Mutex::default(), hasher: RandomState::new() }
    }

    /// Returns how long an attempt that comes now from there, for that client, has to wait before
    /// it is judged.
    #[must_use]
    pub fn delay(&self, address: IpAddr, client: &str, now: UnixMs) -> Duration {
        let failures = self.failures.lock();
        let delay_by = |key| {
            failures.get(&key).map_or(Duration::ZERO, |failures| self.delay_after(*failures, now))
        };
        self.keys(address, client).map(delay_by).into_iter().max().unwrap_or_default()
    }

    /// Notes that an attempt failed.
    pub fn note_failure(&self, address: IpAddr, client: &str, now: UnixMs) {
        let mut failures = self.failures.lock();
        for key in self.keys(address, client) {
            let before = failures.get(&key).map_or(0, |failures| failures.left(now));
            if before == 0 && ENTRIES_MAX <= failures.len() {
                make_room(&mut failures, now);
            }
            // A fraction of the time that forgives one is lost with each failure, which is meant.
            failures.insert(key, Failures { count: before.saturating_add(1), last: now });
        }
    }

    fn delay_after(&self, failures: Failures, now: UnixMs) -> Duration {
        let left = failures.left(now);
        let Some(doublings) = left.checked_sub(self.settings.failed_attempts_max) else {
            return Duration::ZERO;
        };
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        let delay = DELAY_MIN.saturating_mul(factor).min(self.settings.attempt_delay_max);
        let waited = Duration::from_millis(now.saturating_sub(failures.last));
        delay.saturating_sub(waited)
    }

    fn keys(&self, address: IpAddr, client: &str) -> [u64; 2] {
        [self.key("address", &network_of(address)), self.key("client", client)]
    }

    fn key<T: Hash + ?Sized>(&self, kind: &str, name: &T) -> u64 {
        self.hasher.hash_one((kind, name))
    }
}

impl Failures {
    /// Returns how many are not forgiven yet.
    fn left(self, now: UnixMs) -> u32 {
        let forgiven = now.saturating_sub(self.last) / FORGIVING_MS;
        self.count.saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX))
    }
}

fn make_room(failures: &mut HashMap<u64, Failures>, now: UnixMs) {
    failures.retain(|_, failures| failures.left(now) > 0);
    if failures.len() < ENTRIES_MAX {
        return;
    }
    let mut least = failures.values().copied().collect::<Vec<_>>();
    let (_, &mut threshold, _) = least.select_nth_unstable(ENTRIES_MAX / 4);
    failures.retain(|_, failures| *failures > threshold);
}

#[cfg(test)]
mod tests;
