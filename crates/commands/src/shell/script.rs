//! Commands from a file or a pipe, without a prompt.

use std::io::{self, BufRead as _, Write as _};

use tokio::runtime::Runtime;

use crate::exit::{Exit, Failure};
use crate::output;

use super::executor::{Executor, Flow};
use super::feed::{Feed, Output};
use super::item::Item;
use super::look::{Place, Shown};
use super::peer::Peer;

/// Bytes that a line may have: more than the longest packet of a broker with the default settings.
const LINE_BYTES_MAX: usize = 16 << 20;

/// What to do about a command that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnFailure {
    Stop,
    GoOn,
}

/// Carries out the lines of standard input. The outcome is that of the first command that failed.
pub(super) fn run<P: Peer>(
    runtime: &Runtime,
    executor: &mut Executor<P>,
    on_failure: OnFailure,
) -> Result<(), Failure> {
    let feed = executor.feed.clone();
    let mut lines = Lines::default();
    let mut outcome = Ok(());
    while let Some(line) = lines.next()? {
        let done = runtime.block_on(async {
            let done = executor.line(line).await;
            feed.flush().await;
            done
        });
        match done {
            Ok(Flow::On) => {}
            Ok(Flow::Over) => break,
            Err(failure) => {
                // Told where it belongs among the rest; what is left is the code.
                let told = Failure::new(failure.exit, "");
                runtime.block_on(tell(&feed, failure, lines.number));
                outcome = outcome.and(Err(told));
                if on_failure == OnFailure::Stop {
                    break;
                }
            }
        }
        if feed.is_closed() {
            break;
        }
    }
    outcome
}

async fn tell(feed: &Feed, failure: Failure, number: u64) {
    feed.show(Item::Problem { failure, line: Some(number) }).await;
    feed.flush().await;
}

/// The lines of standard input.
#[derive(Default)]
struct Lines {
    number: u64,
    bytes: Vec<u8>,
}

impl Lines {
    fn next(&mut self) -> Result<Option<&str>, Failure> {
        self.bytes.clear();
        self.number += 1;
        let mut stdin = io::Read::take(io::stdin().lock(), LINE_BYTES_MAX as u64 + 1);
        let read = stdin.read_until(b'\n', &mut self.bytes);
        let count = read.map_err(|error| Failure::file("read standard input", &error))?;
        if count == 0 {
            return Ok(None);
        }
        let wrong = |what| {
            let text = format!("line {} of standard input {what}", self.number);
            Err(Failure::new(Exit::Usage, text))
        };
        if LINE_BYTES_MAX < count {
            return wrong("has more than 16 MiB");
        }
        match std::str::from_utf8(&self.bytes) {
            Ok(line) => Ok(Some(line.trim_end_matches(['\r', '\n']))),
            Err(_) => wrong("is not UTF-8"),
        }
    }
}

/// Standard output for data and standard error for talk.
pub(super) struct Pipes;

impl Output for Pipes {
    fn print(&mut self, shown: &Shown) -> Result<bool, Failure> {
        for (place, text) in shown.parts() {
            let is_read = match place {
                Place::Data => output::print_while_read(text)?,
                Place::Talk => {
                    // There is nowhere left to complain to.
                    let _ = io::stderr().write_all(text.as_bytes());
                    true
                }
            };
            if !is_read {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
