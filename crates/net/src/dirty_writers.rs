//! The connection writers that a round of the broker left dirty: filled, and not flushed yet.

use std::sync::Arc;

use crate::connection_writer::{Accounts, ConnectionWriter, TryWrite};

/// Connection writers that rounds have put frames into and that are not flushed yet.
pub struct DirtyWriters<S: TryWrite, A: Accounts>(Vec<Arc<ConnectionWriter<S, A>>>);

impl<S: TryWrite, A: Accounts> Default for DirtyWriters<S, A> {
    fn default() -> Self {
        DirtyWriters(Vec::new())
    }
}

impl<S: TryWrite, A: Accounts> DirtyWriters<S, A> {
    /// Adds a writer that something was put into, unless it is there.
    pub fn add(&mut self, writer: &Arc<ConnectionWriter<S, A>>) {
        if writer.mark_dirty() {
            self.0.push(writer.clone());
        }
    }

    /// Writes what the rounds put in.
    pub fn flush(&mut self) {
        for writer in self.0.drain(..) {
            writer.flush();
        }
    }

    /// Writes what the rounds put in; returns writers whose readers are so far behind that the
    /// publisher should wait for them.
    pub fn flush_for_publisher(&mut self, behind: &mut Vec<Arc<ConnectionWriter<S, A>>>) {
        for writer in self.0.drain(..) {
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
