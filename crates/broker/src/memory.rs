//! What things take in memory, so that a limit in bytes holds what it promises however small they
//! are.

/// Memory of all that a broker keeps for later, about, each part in bytes.
///
/// Every part counts what its entries take besides their payloads as well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// The last messages of channels, and the channels themselves.
    pub histories: usize,
    /// What came for clients that are lost.
    pub inboxes: usize,
    /// Retained messages, those under way to the store included, and their channels.
    pub retained: usize,
    /// What other servers have not fetched yet.
    pub backlog: usize,
    /// What was published and the store has not committed yet.
    pub uncommitted: usize,
}

impl Held {
    /// Returns the sum of all parts.
    #[must_use]
    pub fn total(&self) -> usize {
        self.histories + self.inboxes + self.retained + self.backlog + self.uncommitted
    }
}

/// Returns what so many bytes take as an allocation of their own. Size classes of allocators lie an
/// eighth apart; a sixteenth is lost on average.
pub(crate) const fn allocated(bytes: usize) -> usize {
    if bytes == 0 { 0 } else { (bytes + bytes / 16).next_multiple_of(16) }
}

/// Returns what a text or a slice of so many bytes takes behind an `Arc`.
pub(crate) const fn shared(bytes: usize) -> usize {
    allocated(2 * size_of::<usize>() + bytes)
}

/// Returns what a payload of so many bytes takes behind a `Bytes` that has been cloned: itself, and
/// the counter of those who share it.
pub(crate) const fn shared_payload(bytes: usize) -> usize {
    allocated(bytes) + allocated(3 * size_of::<usize>())
}
