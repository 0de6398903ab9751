//! How the broker's lock does.

use rialto_stopwatch::Durations;

/// How long the broker's lock is held, and waited for.
#[derive(Debug, Default)]
pub(crate) struct LockTimes {
    /// By some of the rounds.
    pub(crate) held: Durations,
    /// For a step of a count, each.
    pub(crate) counted: Durations,
    /// By rounds that had to wait.
    pub(crate) waited: Durations,
}
