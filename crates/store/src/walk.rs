//! Reading all that a store holds.

use crate::{Entry, Key, Part, StoreError};

/// Reads all that a store holds, in the order of its keys, and changes nothing.
///
/// # Duties
/// 1. **As of one moment:** whatever is read of a walk was there when it began, also if the store is written to
///    meanwhile.
/// 2. **Everything once:** reading a part from behind the last entry that was read, until nothing comes, gives each record of
///    that part once, in an order that is the same each time.
/// 3. **Bounded:** returns at least one entry if there is any, and not many beyond those whose weight passes `bytes_max`.
/// 4. **Only what readers see:** pages that are trimmed or set aside, and those of logs that went, are left out.
/// 5. **Damage is told, and hides nothing:** a record that is not what was written is an entry that says so, in its place.
///
/// [`conformance::check_walk`](crate::conformance::check_walk) tests these.
pub trait StoreWalk: Send {
    /// Returns the first entries of a part, or those behind a key.
    ///
    /// # Errors
    /// Whatever keeps the driver from reaching what is stored.
    fn read(
        &mut self,
        part: Part,
        after: Option<&Key>,
        bytes_max: usize,
    ) -> Result<Vec<Entry>, StoreError>;
}

/// Shows each entry of a part to `look`, reading so many bytes at a time.
///
/// # Errors
/// What reading or looking fails for.
pub fn walk_part(
    walk: &mut dyn StoreWalk,
    part: Part,
    bytes_max: usize,
    mut look: impl FnMut(Entry) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut after: Option<Key> = None;
    loop {
        let entries = walk.read(part, after.as_ref(), bytes_max)?;
        let Some(last) = entries.last() else { return Ok(()) };
        after = Some(last.key.clone());
        entries.into_iter().try_for_each(&mut look)?;
    }
}
