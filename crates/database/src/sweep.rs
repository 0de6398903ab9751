//! Removes rows that nobody sees any more, a few at a time, so that dropping a long log never holds up a commit.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use crate::{
    cause::Trouble,
    link::Link,
    row::{Row, id, unsigned},
    statement::LogStatement,
};

/// How many logs are looked at in one step.
const LOGS_MAX: usize = 64;

/// Rows that one step removes at most, as the statements have it.
const ROWS_MAX: u64 = 500;

/// How long a step is put off, unless the one before left something that it could have removed.
const PAUSE: Duration = Duration::from_millis(500);

/// What is to be removed.
#[derive(Debug)]
pub(crate) struct Sweep {
    trimmed: BTreeSet<i64>,
    /// Whether logs may have gone whose rows are there.
    has_gone: bool,
    /// When it should go on, though there is no quiet moment.
    next: Instant,
}

impl Default for Sweep {
    fn default() -> Self {
        // An earlier run may have left some.
        Sweep { trimmed: BTreeSet::new(), has_gone: true, next: Instant::now() + PAUSE }
    }
}

impl Sweep {
    /// Knows of logs that were trimmed, and whether some may have gone.
    pub(crate) fn note(&mut self, trimmed: Vec<i64>, has_gone: bool) {
        self.trimmed.extend(trimmed);
        self.has_gone |= has_gone;
    }

    /// Says whether it is time to remove something: a busy server has no quiet moment.
    pub(crate) fn is_due(&self) -> bool {
        (self.has_gone || !self.trimmed.is_empty()) && self.next <= Instant::now()
    }

    /// Removes some.
    pub(crate) async fn go_on(&mut self, link: &mut impl Link) -> Result<(), Trouble> {
        let removed = self.remove_trimmed(link).await?.max(self.remove_gone(link).await?);
        let pause = if removed < ROWS_MAX { PAUSE } else { Duration::ZERO };
        self.next = Instant::now() + pause;
        Ok(())
    }

    /// Removes rows of logs that were trimmed; returns how many.
    async fn remove_trimmed(&mut self, link: &mut impl Link) -> Result<u64, Trouble> {
        let logs: Vec<i64> = self.trimmed.iter().copied().take(LOGS_MAX).collect();
        if logs.is_empty() {
            return Ok(0);
        }
        let removed = count(&link.ask(LogStatement::SweepTrimmed(logs.clone())).await?);
        if removed < ROWS_MAX {
            logs.iter().for_each(|log| _ = self.trimmed.remove(log));
        }
        Ok(removed)
    }

    /// Removes rows of a log that went; returns how many.
    async fn remove_gone(&mut self, link: &mut impl Link) -> Result<u64, Trouble> {
        if !self.has_gone {
            return Ok(0);
        }
        let gone = link.ask(LogStatement::Gone).await?;
        let Some(row) = gone.first() else {
            self.has_gone = false;
            return Ok(0);
        };
        let log = id(row, 0);
        let removed = count(&link.ask(LogStatement::SweepGone(log)).await?);
        if removed < ROWS_MAX {
            link.ask(LogStatement::ForgetGone(log)).await?;
        }
        Ok(removed)
    }
}

/// Returns how many rows were removed.
fn count(rows: &[impl Row]) -> u64 {
    rows.first().map_or(0, |row| unsigned(row, 0))
}
