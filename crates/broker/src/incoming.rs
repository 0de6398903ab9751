//! What is on its way into the order of a log that several nodes append to.

use std::collections::BTreeMap;

use rialto_domain::{Sequence, StoredPage};

/// Payload bytes of pages that wait in one log; what is beyond is read from the store when its turn comes.
const AHEAD_BYTES_MAX: usize = 256 << 10;

/// Pages that this node has committed, or heard of, and that stand behind pages of other nodes, and how far the log is known to go.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    /// By their first message.
    ahead: BTreeMap<Sequence, Ahead>,
    ahead_bytes: usize,
    /// The last message that is known to be in the store.
    through: Sequence,
    /// Whether the store is asked for pages.
    pub(crate) is_read_under_way: bool,
}

/// A page that waits for its turn.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ahead {
    pub(crate) page: StoredPage,
    /// Whether this node has committed it.
    pub(crate) is_own: bool,
}

impl Incoming {
    /// Keeps a page until those before it have come, if there is room.
    pub(crate) fn keep(&mut self, page: StoredPage, is_own: bool) {
        let bytes = page.payloads.as_bytes().len();
        if self.ahead_bytes + bytes <= AHEAD_BYTES_MAX
            && self.ahead.insert(page.first, Ahead { page, is_own }).is_none()
        {
            self.ahead_bytes += bytes;
        }
    }

    /// Takes the page that begins with this message, if it waits; forgets those before it.
    pub(crate) fn take(&mut self, first: Sequence) -> Option<Ahead> {
        loop {
            let ahead = self.ahead.first_entry().filter(|page| *page.key() <= first)?.remove();
            self.ahead_bytes -= ahead.page.payloads.as_bytes().len();
            if ahead.page.first == first {
                return Some(ahead);
            }
        }
    }

    /// Knows that the log goes up to this message at least.
    pub(crate) fn expect(&mut self, through: Sequence) {
        self.through = self.through.max(through);
    }

    /// Returns the last message that is known to be in the store.
    pub(crate) fn through(&self) -> Sequence {
        self.through
    }
}

#[cfg(test)]
mod tests;
