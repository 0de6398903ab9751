//! When the printing thread may print above the line that is edited.
//!
//! What is printed goes through the editor's queue, which is read while a line is edited. Between two
//! lines the terminal is in its ordinary mode for a moment: what was written directly then would stand in
//! the line that was just finished, and before what still waits in the queue. So nothing is printed from
//! the key that ends a line until the next prompt is there.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long the end of a line waits for a print that has begun. One that takes longer waits for room in
/// the editor's queue, and has it with the next prompt.
const PRINT_TIMEOUT: Duration = Duration::from_millis(50);

/// Whether, and how, something can be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Above the line, by the editor.
    Above,
    /// Directly: no line is edited any more.
    Direct,
}

/// The gate, shared by the thread that edits and the one that prints.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
    /// How often the line was drawn.
    drawn_count: AtomicU64,
    /// Whether the line was empty when the last key was pressed.
    is_line_empty: AtomicBool,
    /// Whether Ctrl-C ended the line.
    is_interrupted: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    way: Option<Way>,
    is_printing: bool,
}

impl Gate {
    /// The prompt is there.
    pub(super) fn open(&self) {
        let mut state = self.state();
        if state.way.is_none() {
            state.way = Some(Way::Above);
            self.changed.notify_all();
        }
    }

    /// The line is being finished.
    pub(super) fn close(&self) {
        let mut state = self.state();
        if state.way == Some(Way::Above) {
            state.way = None;
        }
        let printed =
            self.changed.wait_timeout_while(state, PRINT_TIMEOUT, |state| state.is_printing);
        drop(printed.unwrap_or_else(PoisonError::into_inner));
    }

    /// No line will be edited any more.
    pub(super) fn end(&self) {
        self.state().way = Some(Way::Direct);
        self.changed.notify_all();
    }

    /// Waits until something can be printed, which is then done by `print`.
    pub(super) fn pass<T>(&self, print: impl FnOnce(Way) -> T) -> T {
        let waited = self.changed.wait_while(self.state(), |state| state.way.is_none());
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        let way = state.way.unwrap_or(Way::Direct);
        state.is_printing = true;
        drop(state);
        let printed = print(way);
        self.state().is_printing = false;
        self.changed.notify_all();
        printed
    }

    /// Notes that the line was drawn.
    pub(super) fn note_drawn(&self) {
        self.drawn_count.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn drawn_count(&self) -> u64 {
        self.drawn_count.load(Ordering::Acquire)
    }

    pub(super) fn note_line(&self, line: &str) {
        self.is_line_empty.store(line.is_empty(), Ordering::Release);
    }

    pub(super) fn was_line_empty(&self) -> bool {
        self.is_line_empty.load(Ordering::Acquire)
    }

    pub(super) fn note_interrupt(&self) {
        self.is_interrupted.store(true, Ordering::Release);
    }

    /// Returns whether Ctrl-C ended the line, and forgets it.
    pub(super) fn take_interrupt(&self) -> bool {
        self.is_interrupted.swap(false, Ordering::AcqRel)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
