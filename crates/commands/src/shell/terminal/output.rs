//! Printing above the line that is edited.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustyline::ExternalPrinter;

use crate::exit::Failure;
use crate::output;

use super::super::feed::Output;
use super::super::look::Shown;
use super::gate::{Gate, Way};

/// The shortest time between two prints: with each the line is drawn again, and who types should not wait
/// for a thousand messages a second to be drawn one by one.
const PAUSE: Duration = Duration::from_millis(20);

/// The terminal while lines are edited on it, and afterwards.
pub(in super::super) struct TerminalOutput {
    gate: Arc<Gate>,
    printer: Box<dyn ExternalPrinter + Send>,
    printed: Option<Instant>,
    /// What was handed to the editor last, and how often it had drawn the line before.
    handed: Option<(String, u64)>,
}

impl TerminalOutput {
    pub(super) fn new(gate: Arc<Gate>, printer: Box<dyn ExternalPrinter + Send>) -> Self {
        TerminalOutput { gate, printer, printed: None, handed: None }
    }

    fn pause(&mut self) {
        if let Some(left) = self.printed.and_then(|at| PAUSE.checked_sub(at.elapsed())) {
            thread::sleep(left);
        }
        self.printed = Some(Instant::now());
    }

    /// Prints what the editor was handed and did not come to.
    fn print_left(&mut self) -> Result<bool, Failure> {
        match self.handed.take() {
            Some((text, drawn_count)) if drawn_count == self.gate.drawn_count() => {
                output::print_while_read(&text)
            }
            _ => Ok(true),
        }
    }

    fn print_by(&mut self, way: Way, text: String) -> Result<bool, Failure> {
        if way == Way::Above {
            let drawn_count = self.gate.drawn_count();
            if self.printer.print(text.clone()).is_ok() {
                self.handed = Some((text, drawn_count));
                return Ok(true);
            }
            // The editor went while its queue was full.
        }
        Ok(self.print_left()? && output::print_while_read(&text)?)
    }
}

impl Output for TerminalOutput {
    fn print(&mut self, shown: &Shown) -> Result<bool, Failure> {
        let text: String = shown.parts().map(|(_, text)| text).collect();
        if text.is_empty() {
            return Ok(true);
        }
        self.pause();
        let gate = Arc::clone(&self.gate);
        gate.pass(|way| self.print_by(way, text))
    }

    fn finish(&mut self) -> Result<(), Failure> {
        self.print_left().map(drop)
    }
}
