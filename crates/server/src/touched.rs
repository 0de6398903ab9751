//! Who has something to be written.

use std::sync::Arc;

use crate::outlet::Outlet;

/// Outlets that rounds have put something into and that are not flushed yet.
#[derive(Default)]
pub(crate) struct Touched(Vec<Arc<Outlet>>);

impl Touched {
    pub(crate) fn add(&mut self, outlet: &Arc<Outlet>) {
        if outlet.touch() {
            self.0.push(outlet.clone());
        }
    }

    /// Writes what the rounds put in.
    pub(crate) fn flush(&mut self) {
        for outlet in self.0.drain(..) {
            outlet.flush();
        }
    }

    /// Writes what the rounds put in; returns outlets whose readers are so far behind that the
    /// publisher should wait for them.
    pub(crate) fn flush_for_publisher(&mut self, behind: &mut Vec<Arc<Outlet>>) {
        for outlet in self.0.drain(..) {
            outlet.flush();
            if outlet.must_wait_for(None) {
                behind.push(outlet);
            }
        }
    }
}

/// What was put in must go out, also when a panic ends the task that did.
impl Drop for Touched {
    fn drop(&mut self) {
        self.flush();
    }
}
