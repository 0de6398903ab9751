//! What a broker wrote to its log, as far as it has come.

use std::{
    io::{BufRead, BufReader, Read},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Instant,
};

use serde_json::Value;

use crate::PATIENCE;

/// The log lines of one process, gathered by a thread of its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    lines: Mutex<Lines>,
    grown: Condvar,
}

#[derive(Debug, Default)]
struct Lines {
    texts: Vec<String>,
    ended: bool,
}

impl Log {
    /// Reads `source` until its end.
    pub(crate) fn gather(source: impl Read + Send + 'static) -> Self {
        let log = Log::default();
        let gathering = log.clone();
        thread::spawn(move || {
            for line in BufReader::new(source).split(b'\n') {
                let Ok(line) = line else { break };
                gathering.lock().texts.push(String::from_utf8_lossy(&line).into_owned());
                gathering.0.grown.notify_all();
            }
            gathering.lock().ended = true;
            gathering.0.grown.notify_all();
        });
        log
    }

    /// Returns all lines so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lock().texts.clone()
    }

    /// Returns all lines of a process that has ended, once they have been read.
    pub(crate) fn all_lines(&self) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        let mut lines = self.lock();
        while !lines.ended && Instant::now() < deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            lines = self.0.grown.wait_timeout(lines, left).unwrap().0;
        }
        lines.texts.clone()
    }

    /// Waits until `find` finds something in the lines, from the first on, and returns it.
    pub(crate) fn wait_for<T>(
        &self,
        what: &str,
        mut find: impl FnMut(&[String]) -> Option<T>,
    ) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut lines = self.lock();
        loop {
            if let Some(found) = find(&lines.texts) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !lines.ended && !left.is_zero(),
                "the broker's log has no {what}, but:\n{}",
                lines.texts.join("\n")
            );
            lines = self.0.grown.wait_timeout(lines, left).unwrap().0;
        }
    }

    /// Also after a panic of [`wait_for`](Self::wait_for): the lines are needed most then.
    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns a line's JSON if it has that `message`.
pub(crate) fn with_message(line: &str, message: &str) -> Option<Value> {
    let entry: Value = serde_json::from_str(line).ok()?;
    (entry["message"] == message).then_some(entry)
}
