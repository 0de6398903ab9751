//! What comes back of a statement.

use rialto_domain::{ChannelName, ClientId, Sequence};

/// A row that a statement returned, with the columns that the statement says.
pub trait Row {
    /// Returns a number; `None` if there is none.
    fn number(&self, column: usize) -> Option<i64>;

    /// Returns bytes; `None` if there are none.
    fn bytes(&self, column: usize) -> Option<&[u8]>;

    /// Returns the places of the pages of a segment that are set aside.
    fn places(&self, column: usize) -> Vec<i64>;

    /// Returns what a cursor has acknowledged above its floor: stretches, ascending, first and last included.
    fn stretches(&self, column: usize) -> Vec<(Sequence, Sequence)>;
}

/// Returns a number that is there; 0 if it is not.
pub(crate) fn id(row: &impl Row, column: usize) -> i64 {
    row.number(column).unwrap_or(0)
}

/// Returns a number of the database's; none is negative.
pub(crate) fn unsigned(row: &impl Row, column: usize) -> u64 {
    id(row, column).max(0).unsigned_abs()
}

/// Returns which of what was asked for a row is about, by a column that counts from 1.
pub(crate) fn place(row: &impl Row, column: usize) -> usize {
    (unsigned(row, column) as usize).saturating_sub(1)
}

/// Returns bytes that are there.
pub(crate) fn bytes(row: &impl Row, column: usize) -> &[u8] {
    row.bytes(column).unwrap_or_default()
}

/// Returns a client's id; `None` if it is not text.
pub(crate) fn client(row: &impl Row, column: usize) -> Option<ClientId> {
    std::str::from_utf8(row.bytes(column)?).ok().map(ClientId::from)
}

/// Returns a channel's name; `None` if it is not text.
pub(crate) fn channel(row: &impl Row, column: usize) -> Option<ChannelName> {
    std::str::from_utf8(row.bytes(column)?).ok().map(ChannelName::from)
}
