//! State that is served from only while it is whole.
//!
//! A panic in the middle of a change may leave state half changed. So the only way to guarded state
//! is [`Guarded::lock`], and a panic while it is locked ends the process, before anybody else can
//! have the lock.

use std::{
    ops::{Deref, DerefMut},
    time::{Duration, Instant},
};

use parking_lot::{Mutex, MutexGuard};

/// State behind a lock that no panic lets go of.
pub(crate) struct Guarded<T>(Mutex<T>);

/// Guarded state, locked.
pub(crate) struct Locked<'a, T> {
    /// Dropped first, and so while the lock is still held.
    _abort: AbortOnPanic,
    state: MutexGuard<'a, T>,
}

impl<T> Guarded<T> {
    pub(crate) fn new(state: T) -> Self {
        Guarded(Mutex::new(state))
    }

    /// Waits for the lock; whoever has it ends the process by a panic, which names `part`.
    pub(crate) fn lock(&self, part: &'static str) -> Locked<'_, T> {
        let state = self.0.lock();
        Locked { _abort: AbortOnPanic::new(part), state }
    }
}

impl<T> Guarded<T> {
    /// As [`lock`](Self::lock); `waited` is told how long, where somebody else has the lock.
    pub(crate) fn lock_noting(
        &self,
        part: &'static str,
        waited: impl FnOnce(Duration),
    ) -> Locked<'_, T> {
        let state = self.0.try_lock().unwrap_or_else(|| {
            let began = Instant::now();
            let state = self.0.lock();
            waited(began.elapsed());
            state
        });
        Locked { _abort: AbortOnPanic::new(part), state }
    }
}

impl<T> Deref for Locked<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.state
    }
}

impl<T> DerefMut for Locked<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.state
    }
}

/// Ends the process if what it guards panics: state that may be half changed is not served from.
pub(crate) struct AbortOnPanic {
    part: &'static str,
    /// Whether the thread was unwinding already, for a reason outside of what is guarded.
    was_panicking: bool,
}

impl AbortOnPanic {
    pub(crate) fn new(part: &'static str) -> Self {
        AbortOnPanic { part, was_panicking: std::thread::panicking() }
    }
}

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() && !self.was_panicking {
            tracing::error!(
                part = self.part,
                "a part of the broker panicked: the process aborts; after a restart it goes on from the store"
            );
            std::process::abort();
        }
    }
}

#[cfg(test)]
mod tests;
