//! A journal that tests can read.

use std::cell::RefCell;

use rialto_domain::Refused;

use crate::{Journal, Notice};

/// Keeps what it is told until it is taken out.
#[derive(Debug, Default)]
pub(crate) struct TestJournal(RefCell<Vec<String>>);

impl TestJournal {
    /// Takes out what was noted of servers, and of clients where that is wanted.
    pub(crate) fn take(&self, with_clients: bool) -> Vec<String> {
        let mut notes = self.0.take();
        notes.retain(|note| with_clients || note.starts_with("Replicant"));
        notes
    }
}

impl Journal for TestJournal {
    /// What is refused is seen by the answers.
    fn note_refused(&self, _refused: &Refused<'_>) {}

    fn note(&self, notice: &Notice<'_>) {
        self.0.borrow_mut().push(format!("{notice:?}"));
    }
}
