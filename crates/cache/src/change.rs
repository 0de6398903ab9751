//! What became of items, for those who want to hear of it.

use bytes::Bytes;
use parking_lot::Mutex;

use crate::key::Key;

/// Something a client did to the items whose keys are published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The item; `None` when it is all of them.
    pub key: Option<Key>,
    /// What happened to it.
    pub kind: ChangeKind,
}

/// What happened to an item.
///
/// Only what clients do counts: an item that expires or is evicted changes nothing, as does one that is touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind {
    /// It has this value now.
    Set(Bytes),
    /// It is gone.
    Deleted,
    /// Everything is gone.
    Flushed,
}

/// Changes that nobody has taken yet, in the order in which they were made.
#[derive(Debug)]
pub(crate) struct ChangeLog {
    prefixes: Vec<Vec<u8>>,
    changes: Mutex<Vec<Change>>,
}

impl ChangeLog {
    pub(crate) fn new(prefixes: Vec<Vec<u8>>) -> Self {
        ChangeLog { prefixes, changes: Mutex::new(Vec::new()) }
    }

    /// Notes what happened to an item, if anybody wants to know.
    pub(crate) fn note(&self, key: &Key, kind: ChangeKind) {
        if self.prefixes.iter().any(|prefix| key.as_bytes().starts_with(prefix)) {
            self.changes.lock().push(Change { key: Some(key.clone()), kind });
        }
    }

    /// Notes that everything is gone.
    pub(crate) fn note_flush(&self) {
        if !self.prefixes.is_empty() {
            self.changes.lock().push(Change { key: None, kind: ChangeKind::Flushed });
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.prefixes.is_empty() || self.changes.lock().is_empty()
    }

    pub(crate) fn take(&self) -> Vec<Change> {
        std::mem::take(&mut self.changes.lock())
    }
}
