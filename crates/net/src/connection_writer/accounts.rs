//! Where a writer counts.

/// Where what becomes of a connection's frames is counted.
pub trait Accounts {
    /// What answers take until they are written.
    type Lease;

    /// Counts deliveries that were written to their last byte.
    fn count_written(&self, deliveries: u64);

    /// Counts deliveries that will never be written.
    fn count_unwritten(&self, deliveries: u64);

    /// Notes that what frames take besides their bytes has changed.
    fn change_overhead(&self, before: usize, after: usize);
}
