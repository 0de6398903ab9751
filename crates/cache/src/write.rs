//! What is asked of items, and what comes of it.

use bytes::Bytes;

use crate::{exptime::Exptime, key::Key};

/// A value to be stored.
#[derive(Debug)]
pub struct Write {
    /// Where to.
    pub key: Key,
    /// The client's own number; `append` and `prepend` leave the item's.
    pub flags: u32,
    /// How long it lives; `append` and `prepend` leave the item's.
    pub exptime: Exptime,
    /// The value.
    pub value: Bytes,
}

/// What came of storing a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It is there.
    Stored,
    /// There is an item where none may be, or none where one must be.
    NotStored,
    /// Somebody has stored something since.
    Exists,
    /// There is no item to compare with.
    NotFound,
    /// With what was there already it is longer than items may be; the item is as it was.
    TooLarge,
}

/// Which way to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Beyond 2⁶⁴ − 1 it goes on at 0.
    Up,
    /// At 0 it stops.
    Down,
}

/// Why nothing was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoSum {
    /// There is no such item.
    NotFound,
    /// Its value is no number.
    NotNumeric,
}
