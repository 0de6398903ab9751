//! Slowing down whoever tries passwords or tokens.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::{BuildHasher as _, Hash},
    net::IpAddr,
    time::Duration,
};

use parking_lot::Mutex;

use rialto_domain::network_of;

/// The first wait; each further failure doubles it.
const DELAY_MIN: Duration = Duration::from_millis(200);

/// One failure is forgiven in this time.
const FORGIVING: Duration = Duration::from_secs(10);

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
/// An attempt counts as a failure from the moment it comes, before it is judged, so that many at once
/// do not pass while none has failed yet; one that was right is [given back](Self::give_back). From
/// `failed_attempts_max` failures on, an attempt may be judged 200 ms behind the one before, twice as
/// long with each failure more, up to `attempt_delay_max`. A failure is forgiven every ten seconds.
///
/// Times are those of a clock that never goes back, since any moment before.
///
/// # Limits
/// It remembers 20,000 addresses and clients; beyond, it forgets a quarter of them, those with the
/// fewest failures. Addresses are counted by [`network_of`].
#[derive(Debug)]
pub struct Throttle {
    settings: ThrottleSettings,
    /// By a hash that differs in each process, so that names may be long and nobody can meet
    /// another's on purpose.
    failures: Mutex<HashMap<u64, Failures>>,
    hasher: RandomState,
}

/// An attempt that counts as a failure until it is given back.
#[derive(Debug)]
#[must_use = "it has to wait before it is judged"]
pub struct Attempt {
    /// How long it has to wait before it is judged.
    pub delay: Duration,
    judged: Duration,
    /// The address and the client, with when the attempt before was judged.
    keys: [(u64, Duration); 2],
}

/// The failures of one address or client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Failures {
    count: u32,
    /// When the last one was judged, or is going to be.
    last: Duration,
}

impl Throttle {
    /// Makes a throttle that knows nobody.
    #[must_use]
    pub fn new(settings: ThrottleSettings) -> Self {
        Throttle { settings, failures: Mutex::default(), hasher: RandomState::new() }
    }

    /// Counts an attempt that comes now from there, for that client.
    pub fn count(&self, address: IpAddr, client: &str, now: Duration) -> Attempt {
        let keys = [self.key("address", &network_of(address)), self.key("client", client)];
        let mut failures = self.failures.lock();
        let known = keys.map(|key| failures.get(&key).copied());
        let delays = known.map(|known| known.map_or(Duration::ZERO, |it| self.delay(it, now)));
        let delay = delays.into_iter().max().unwrap_or_default();
        let judged = now + delay;
        let keys = [(keys[0], known[0]), (keys[1], known[1])].map(|(key, known)| {
            let before = known.map_or(0, |failures| failures.left(now));
            if before == 0 && ENTRIES_MAX <= failures.len() {
                make_room(&mut failures, now);
            }
            // A fraction of the time that forgives one is lost with each failure, which is meant.
            failures.insert(key, Failures { count: before.saturating_add(1), last: judged });
            (key, known.map_or(Duration::ZERO, |failures| failures.last))
        });
        Attempt { delay, judged, keys }
    }

    /// Takes back the count of an attempt that was right, or was not judged.
    pub fn give_back(&self, attempt: &Attempt) {
        let mut failures = self.failures.lock();
        for (key, last_before) in attempt.keys {
            let Some(counted) = failures.get_mut(&key) else { continue };
            counted.count = counted.count.saturating_sub(1);
            if counted.last == attempt.judged {
                counted.last = last_before;
            }
            if counted.count == 0 {
                failures.remove(&key);
            }
        }
    }

    fn delay(&self, failures: Failures, now: Duration) -> Duration {
        let Some(doublings) = failures.left(now).checked_sub(self.settings.failed_attempts_max)
        else {
            return Duration::ZERO;
        };
        let longest = self.settings.attempt_delay_max;
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        let step = DELAY_MIN.saturating_mul(factor).min(longest);
        // Behind those that wait already, but never for longer than the longest.
        (failures.last + step).saturating_sub(now).min(longest)
    }

    fn key<T: Hash + ?Sized>(&self, kind: &str, name: &T) -> u64 {
        self.hasher.hash_one((kind, name))
    }
}

impl Failures {
    /// Returns how many are not forgiven yet.
    fn left(self, now: Duration) -> u32 {
        let forgiven = now.saturating_sub(self.last).as_secs() / FORGIVING.as_secs();
        self.count.saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX))
    }
}

fn make_room(failures: &mut HashMap<u64, Failures>, now: Duration) {
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
