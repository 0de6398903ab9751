//! How the look-up tables of the core hash.

/// Hasher of the core's look-up tables; seeded per process.
pub(crate) type Hasher = foldhash::fast::RandomState;
