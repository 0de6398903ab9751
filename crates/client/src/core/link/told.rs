//! What the application hears of the connection (K-1).

use crate::event::{Event, State, StateChange};

use super::super::outlet::Outlet;
use super::Link;

impl Link {
    pub(super) fn change(&self, state: State) -> StateChange {
        StateChange {
            state,
            previous: self.state,
            reason: None,
            status: None,
            text: None,
            address: None,
            attempt: self.attempt_count,
            wait: None,
        }
    }

    /// Tells of a change; a client that drains does so until it is closed.
    pub(super) fn tell<T>(&mut self, change: StateChange, out: &mut Outlet<T>) {
        let is_told = self.state != State::Draining || change.state == State::Closed;
        if is_told && self.state != change.state {
            self.state = change.state;
            out.tell(Event::State(change));
        }
    }
}
