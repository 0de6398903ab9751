//! Removes rows that nobody sees any more, a few at a time, so that dropping a long log never holds up a commit.

use std::collections::BTreeSet;

use crate::{
    cause::Trouble,
    link::Link,
    statements::{SWEEP_GONE, SWEEP_TRIMMED},
};

/// How many logs are looked at in one step.
const LOGS_MAX: usize = 64;

/// What is to be removed.
#[derive(Debug)]
pub(crate) struct Sweep {
    trimmed: BTreeSet<i64>,
    /// Whether logs may have gone whose rows are there.
    has_gone: bool,
}

impl Default for Sweep {
    fn default() -> Self {
        // An earlier run may have left some.
        Sweep { trimmed: BTreeSet::new(), has_gone: true }
    }
}

impl Sweep {
    /// Knows of logs that were trimmed, and whether some may have gone.
    pub(crate) fn note(&mut self, trimmed: Vec<i64>, has_gone: bool) {
        self.trimmed.extend(trimmed);
        self.has_gone |= has_gone;
    }

    /// Says whether there is much to remove, so that it should not wait for a quiet moment.
    pub(crate) fn is_due(&self) -> bool {
        LOGS_MAX <= self.trimmed.len()
    }

    /// Removes some.
    pub(crate) async fn go_on(&mut self, link: &Link) -> Result<(), Trouble> {
        let logs: Vec<i64> = self.trimmed.iter().copied().take(LOGS_MAX).collect();
        if !logs.is_empty() {
            let removed = link.execute(SWEEP_TRIMMED, &[&logs]).await?;
            if removed == 0 {
                logs.iter().for_each(|log| _ = self.trimmed.remove(log));
            }
        }
        if self.has_gone {
            let gone = link.query("SELECT log FROM gone_log LIMIT 1", &[]).await?;
            let Some(row) = gone.first() else {
                self.has_gone = false;
                return Ok(());
            };
            let log: i64 = row.get(0);
            if link.execute(SWEEP_GONE, &[&log]).await? == 0 {
                link.execute("DELETE FROM gone_log WHERE log = $1", &[&log]).await?;
            }
        }
        Ok(())
    }
}
