//! The trace of what a program does with the server that it runs.

use super::Handle;
use crate::audit::{Act, act, published};

impl Handle {
    /// Leaves a trace of an act of the program.
    pub(super) fn note(&self, done: &Act<'_>) {
        if self.is_program {
            act(done);
        }
    }

    /// Leaves a trace of what the program publishes.
    pub(super) fn note_published(&self) {
        if self.is_program {
            published(None);
        }
    }
}

/// Begins what is told of an act on a client.
pub(super) fn act_on<'a>(event: &'static str, client: &'a str) -> Act<'a> {
    Act { event, client: Some(client), ..Act::default() }
}
