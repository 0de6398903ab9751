//! QoS 0 publishes of which a refusal may still come (K-40).

use std::collections::VecDeque;
use std::sync::Arc;

/// How many are remembered.
const COUNT_MAX: usize = 1_000;

#[derive(Debug, Default)]
pub(crate) struct Quiet {
    /// Their numbers, which rise, and their channels.
    sent: VecDeque<(u64, Arc<str>)>,
}

impl Quiet {
    pub(crate) fn note(&mut self, number: u64, channel: &str) {
        // Most publishes go where the one before went, and need no name of their own.
        let channel = match self.sent.back() {
            Some((_, last)) if **last == *channel => Arc::clone(last),
            _ => channel.into(),
        };
        if COUNT_MAX <= self.sent.len() {
            self.sent.pop_front();
        }
        self.sent.push_back((number, channel));
    }

    /// Takes the publish of this number, if it is one of these, and returns its channel.
    pub(crate) fn take(&mut self, number: u64) -> Option<Arc<str>> {
        let index = self.sent.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        self.sent.remove(index).map(|(_, channel)| channel)
    }

    /// Forgets them: with their connection, refusals are lost.
    pub(crate) fn clear(&mut self) {
        self.sent.clear();
    }
}
