//! Copying a store into another one, of whatever kind, with the ids of its logs and all numbers of its messages.
//!
//! A [`StoreWalk`] gives the records, [`copy`] passes them on, a [`StoreTarget`] takes them. Until a copy is whole, the target
//! is no store: brokers refuse it.

mod copying;
mod sum;

pub use copying::{Copied, Step, copy};
pub use sum::Sum;

use crate::{Key, Part, Record, StoreError, StoreWalk};

/// How far a copy has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The part that is being copied.
    pub part: Part,
    /// The last entry of it that was looked at; `None` if none was.
    pub after: Option<Key>,
}

/// Takes in what another store holds.
///
/// A driver opens one for a *source*, which is a text that tells it from others. The target must be empty, or hold the copy of the
/// same source that was cut off, which is then taken up.
///
/// # Duties
/// 1. **Atomic:** after `put` returns `Ok`, all its records and the progress are there for good; after `Err`, none of both.
/// 2. **Exact:** a walk through the target gives what was put; logs have the ids that were put, and a log that is made later has
///    an id beyond the last one that the source ever gave.
/// 3. **No store until it is whole:** until `finish` has returned `Ok`, no store opens there, and no other copy is taken
///    up ([`Cause::Unfinished`](crate::Cause::Unfinished)).
/// 4. **Alone:** what others use, or hold something already, is refused when it is opened.
///
/// [`conformance::check_target`](crate::conformance::check_target) tests these.
pub trait StoreTarget: Send {
    /// Returns how far an earlier copy came that was cut off; `None` if this one begins.
    fn progress(&self) -> Option<&Progress>;

    /// Takes records of one part, in the order of a walk, and how far the copy has come with them.
    ///
    /// # Errors
    /// When the target cannot take them. The copy can be taken up later.
    fn put(&mut self, records: &[Record], progress: &Progress) -> Result<(), StoreError>;

    /// Begins a walk through what was put so far.
    ///
    /// # Errors
    /// Whatever keeps the driver from reaching it.
    fn walk(&mut self) -> Result<Box<dyn StoreWalk>, StoreError>;

    /// Makes the target a store.
    ///
    /// # Errors
    /// When that cannot be noted. The copy can be taken up later.
    fn finish(&mut self) -> Result<(), StoreError>;
}
