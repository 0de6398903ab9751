//! Requests that wait for their acknowledgement, oldest first.

use std::collections::VecDeque;

use crate::message::Persistence;

/// What an acknowledgement must match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Subscribe(String, Persistence),
    Unsubscribe(String),
    /// A publish with this packet id.
    Publish(u64),
    /// The heartbeat of this number on the present connection.
    Heartbeat(u64),
}

/// One request.
#[derive(Debug)]
pub(crate) struct Entry<T> {
    pub(crate) kind: Kind,
    /// The packet as it was sent, to be sent again.
    frame: Vec<u8>,
    pub(crate) ticket: T,
}

/// The requests in the order they were made, each with the ticket of whoever waits for it.
#[derive(Debug)]
pub(crate) struct Awaited<T> {
    entries: VecDeque<Entry<T>>,
}

impl<T> Awaited<T> {
    pub(crate) fn new() -> Self {
        Awaited { entries: VecDeque::new() }
    }

    pub(crate) fn count(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn push(&mut self, kind: Kind, frame: Vec<u8>, ticket: T) {
        self.entries.push_back(Entry { kind, frame, ticket });
    }

    /// Takes the oldest request that `matches`.
    ///
    /// # Cost
    /// O(1) for acknowledgements in the order of their requests, which is the usual case.
    pub(crate) fn take(&mut self, matches: impl Fn(&Kind) -> bool) -> Option<Entry<T>> {
        let index = self.entries.iter().position(|entry| matches(&entry.kind))?;
        self.entries.remove(index)
    }

    /// Numbers the heartbeats anew, from 1 on, for a new connection; returns how many there are.
    pub(crate) fn renumber_heartbeats(&mut self) -> u64 {
        let mut count = 0;
        for entry in &mut self.entries {
            if let Kind::Heartbeat(number) = &mut entry.kind {
                count += 1;
                *number = count;
            }
        }
        count
    }

    /// Returns the packets in order, to be sent again.
    pub(crate) fn frames(&self) -> impl Iterator<Item = &[u8]> {
        self.entries.iter().map(|entry| &entry.frame[..])
    }

    /// Takes the tickets of all, oldest first.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = T> {
        self.entries.drain(..).map(|entry| entry.ticket)
    }
}
