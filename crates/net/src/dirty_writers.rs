//! The connection writers that a round of the broker left dirty: filled, and not flushed yet.

use std::{sync::Arc, time::Instant};

use crate::connection_writer::{Accounts, ConnectionWriter, TryWrite};

/// Connection writers that rounds have put frames into and that are not flushed yet.
pub struct DirtyWriters<S: TryWrite, A: Accounts> {
    writers: Vec<Arc<ConnectionWriter<S, A>>>,
    /// Since when it is measured how long it takes until they are flushed, if it is.
    measured: Option<Instant>,
}

impl<S: TryWrite, A: Accounts> Default for DirtyWriters<S, A> {
    fn default() -> Self {
        DirtyWriters { writers: Vec::new(), measured: None }
    }
}

impl<S: TryWrite, A: Accounts> DirtyWriters<S, A> {
    /// Adds a writer that something was put into, unless it is there.
    pub fn add(&mut self, writer: &Arc<ConnectionWriter<S, A>>) {
        if writer.mark_dirty() {
            self.writers.push(writer.clone());
        }
    }

    /// Has it measured how long it takes from then until all is flushed; where several rounds are, from
    /// the first.
    pub fn measure(&mut self, began: Instant) {
        self.measured.get_or_insert(began);
    }

    /// Returns since when it was measured, if it was, to whoever has flushed.
    #[inline]
    pub fn take_measured(&mut self) -> Option<Instant> {
        self.measured.take()
    }

    /// Writes what the rounds put in.
    pub fn flush(&mut self) {
        for writer in self.writers.drain(..) {
            writer.flush();
        }
    }

    /// Writes what the rounds put in; returns writers whose readers are so far behind that the
    /// publisher should wait for them.
    pub fn flush_for_publisher(&mut self, behind: &mut Vec<Arc<ConnectionWriter<S, A>>>) {
        for writer in self.writers.drain(..) {
            writer.flush();
            if writer.must_wait_for(None) {
                behind.push(writer);
            }
        }
    }
}

/// What was put in must go out, also when a panic ends the task that did.
impl<S: TryWrite, A: Accounts> Drop for DirtyWriters<S, A> {
    fn drop(&mut self) {
        self.flush();
    }
}
