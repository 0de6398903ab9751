//! Where a writer counts.

use crate::outbox::Written;

/// Where what becomes of a connection's frames is counted.
pub trait Accounts {
    /// What answers take until they are written.
    type Lease;

    /// Counts what was written.
    fn count_written(&self, written: Written);

    /// Counts deliveries that will never be written.
    fn count_unwritten(&self, deliveries: u64);

    /// Notes that the peer has become slow, which is that its outbox is more than half full, or is slow
    /// no more.
    fn change_slow(&self, is_slow: bool);

    /// Notes that what frames take besides their bytes has changed.
    fn change_overhead(&self, before: usize, after: usize);
}
