//! Time and processor time of the process that is measured.

use std::io::Write;
use std::time::Instant;

use anyhow::Result;
use rustix::time::{ClockId, clock_gettime};

/// Messages between two notes of how far the client is.
const NOTE_EVERY: u64 = 512;
/// What comes first, and is not counted.
const WARM_UP: u64 = 20;

/// Meters the messages of a run behind its first twentieth.
#[derive(Debug)]
pub struct Meter {
    total: u64,
    count: u64,
    notes: bool,
    begun: Option<(Instant, f64, u64)>,
}

/// What a run came to.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// Messages a second.
    pub rate: f64,
    /// Processor time of the client's process for each, in microseconds.
    pub cpu_us: f64,
}

impl Meter {
    /// Expects so many messages.
    pub fn new(total: u64) -> Self {
        Meter { total, count: 0, notes: false, begun: None }
    }

    /// Has each further 512 messages told on standard output, for whoever feeds this client.
    pub fn with_notes(self) -> Self {
        Meter { notes: true, ..self }
    }

    /// Counts one message.
    pub fn count(&mut self) -> Result<()> {
        self.count += 1;
        if self.begun.is_none() && self.total / WARM_UP <= self.count {
            self.begun = Some((Instant::now(), cpu_seconds(), self.count));
        }
        if self.notes && (self.count.is_multiple_of(NOTE_EVERY) || self.count == self.total) {
            writeln!(std::io::stdout().lock(), "got {}", self.count)?;
        }
        Ok(())
    }

    /// Returns the figures, once all has been counted.
    pub fn figures(&self) -> Figures {
        let (time, cpu, before) = self.begun.unwrap_or((Instant::now(), 0.0, 0));
        let count = (self.count - before) as f64;
        Figures {
            rate: count / time.elapsed().as_secs_f64(),
            cpu_us: (cpu_seconds() - cpu) * 1e6 / count,
        }
    }
}

fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Tells whoever started this process something.
pub fn say(word: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{word}")?)
}
