//! Names that were seen, to complete words by.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Names of a kind that are remembered, the last ones.
const NAMES_MAX: usize = 500;

/// The channels and clients that were seen, shared by all that see some.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen(Arc<Mutex<Names>>);

#[derive(Debug, Default)]
struct Names {
    channels: VecDeque<String>,
    clients: VecDeque<String>,
}

impl Seen {
    /// Notes a channel; of a client's own one the client.
    pub(super) fn channel(&self, name: &str) {
        match name.strip_prefix('#') {
            Some(client) => self.client(client),
            None => note(&mut self.names().channels, name),
        }
    }

    pub(super) fn client(&self, name: &str) {
        note(&mut self.names().clients, name);
    }

    /// Returns the channels, the latest first.
    pub(super) fn channels(&self) -> Vec<String> {
        self.names().channels.iter().rev().cloned().collect()
    }

    /// Returns the clients, the latest first.
    pub(super) fn clients(&self) -> Vec<String> {
        self.names().clients.iter().rev().cloned().collect()
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn note(names: &mut VecDeque<String>, name: &str) {
    if name.is_empty() || names.back().is_some_and(|it| it == name) {
        return;
    }
    names.retain(|it| it != name);
    if names.len() == NAMES_MAX {
        names.pop_front();
    }
    names.push_back(name.to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_remembered_once_the_latest_first_and_only_so_many() {
        let seen = Seen::default();
        for name in ["a", "b", "#bob", "a", ""] {
            seen.channel(name);
        }
        assert_eq!(seen.channels(), ["a", "b"]);
        assert_eq!(seen.clients(), ["bob"]);
        (0..NAMES_MAX).for_each(|number| seen.channel(&format!("{number}")));
        assert_eq!(seen.channels().len(), NAMES_MAX);
        assert!(!seen.channels().contains(&"a".to_owned()));
    }
}
