//! One channel on the wire: what was asked of the broker, and who shares the subscription (K-20).

use std::collections::VecDeque;
use std::time::Instant;

/// The number of a subscription of the application; they rise in the order of the calls.
pub(crate) type Key = u64;

/// Somebody who waits for the end of a subscription.
#[derive(Debug)]
pub(crate) struct Leaver<T> {
    pub(crate) ticket: Option<T>,
    /// Whether the broker must hear of it even over the loss of the connection.
    pub(crate) is_lasting: bool,
}

#[derive(Debug)]
pub(crate) struct Channel<T> {
    /// Subscriptions, those that only listen included, oldest first.
    pub(crate) members: Vec<Key>,
    /// For each `sub` that is not answered, who asked.
    pub(crate) asked: VecDeque<Vec<Key>>,
    /// For each `unsub` that is not answered, who waits.
    pub(crate) leaving: VecDeque<Leaver<T>>,
    /// Whether the broker has accepted it, ever since it was last ended.
    pub(crate) was_made: bool,
    /// Whether it has done so on the present connection.
    pub(crate) is_active: bool,
    /// Who gets the retained message that comes.
    pub(crate) retained_for: Vec<Key>,
    /// Refusals because of the broker's own state (status 5), and when to ask again.
    pub(crate) futile_count: u32,
    pub(crate) retry_at: Option<Instant>,
}

impl<T> Channel<T> {
    pub(crate) fn new() -> Self {
        Channel {
            members: Vec::new(),
            asked: VecDeque::new(),
            leaving: VecDeque::new(),
            was_made: false,
            is_active: false,
            retained_for: Vec::new(),
            futile_count: 0,
            retry_at: None,
        }
    }

    pub(crate) fn remove(&mut self, key: Key) {
        self.members.retain(|member| *member != key);
        self.retained_for.retain(|member| *member != key);
    }

    /// Returns whether nothing is left to remember.
    pub(crate) fn is_idle(&self) -> bool {
        self.members.is_empty() && self.asked.is_empty() && self.leaving.is_empty()
    }
}
