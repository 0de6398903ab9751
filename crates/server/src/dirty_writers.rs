//! The connection writers that a round of the broker left dirty: filled, and not flushed yet.

use std::sync::Arc;

use crate::connection_writer::ConnectionWriter;

/// Connection writers that rounds have put frames into and that are not flushed yet.
#[derive(Default)]
pub(crate) struct DirtyWriters(Vec<Arc<ConnectionWriter>>);

impl DirtyWriters {
    pub(crate) fn add(&mut self, writer: &Arc<ConnectionWriter>) {
        if writer.mark_dirty() {
            self.0.push(writer.clone());
        }
    }

    /// Writes what the rounds put in.
    pub(crate) fn flush(&mut self) {
        for writer in self.0.drain(..) {
            writer.flush();
        }
    }

    /// Writes what the rounds put in; returns writers whose readers are so far behind that the
    /// publisher should wait for them.
    pub(crate) fn flush_for_publisher(&mut self, behind: &mut Vec<Arc<ConnectionWriter>>) {
        for writer in self.0.drain(..) {
            writer.flush();
            if writer.must_wait_for(None) {
                behind.push(writer);
            }
        }
    }
}

/// What was put in must go out, also when a panic ends the task that did.
impl Drop for DirtyWriters {
    fn drop(&mut self) {
        self.flush();
    }
}
