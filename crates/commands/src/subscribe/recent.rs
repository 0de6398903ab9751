//! Which messages have been printed already.

use std::collections::{HashSet, VecDeque};

/// Ids that are remembered: more than a broker leaves unacknowledged by default.
const IDS_MAX: usize = 16_384;

/// The ids of the last messages, to know those that a new connection brings again.
#[derive(Debug, Default)]
pub(super) struct Recent {
    known: HashSet<String>,
    oldest_first: VecDeque<String>,
}

impl Recent {
    /// Notes `id`, and returns whether it is new.
    pub(super) fn note(&mut self, id: &str) -> bool {
        if !self.known.insert(id.to_owned()) {
            return false;
        }
        self.oldest_first.push_back(id.to_owned());
        if IDS_MAX < self.oldest_first.len()
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}
