//! What came of the messages, and what to show of it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use rialto_client::{Qos, Refusal, Status};

use crate::exit::{Exit, Failure};
use crate::output::talk;

/// How many messages went well, and how many did not and why.
#[derive(Debug)]
pub(super) struct Tally {
    started: Instant,
    acknowledged_count: u64,
    /// How often each status came, and the first refusal with it.
    refused: BTreeMap<Status, (u64, Refusal)>,
}

impl Tally {
    pub(super) fn new() -> Self {
        Tally { started: Instant::now(), acknowledged_count: 0, refused: BTreeMap::new() }
    }

    pub(super) fn acknowledged(&mut self) {
        self.acknowledged_count += 1;
    }

    pub(super) fn refused(&mut self, refusal: Refusal) {
        self.refused.entry(refusal.status).or_insert((0, refusal)).0 += 1;
    }

    pub(super) fn acknowledged_count(&self) -> u64 {
        self.acknowledged_count
    }

    fn refused_count(&self) -> u64 {
        self.refused.values().map(|(count, _)| count).sum()
    }

    /// Prints a summary to standard error.
    pub(super) fn report(&self, qos: Qos) {
        let took = self.started.elapsed();
        let count = self.acknowledged_count;
        let done = match qos {
            Qos::AtLeastOnce => "acknowledged",
            Qos::AtMostOnce => "sent, which QoS 0 does not acknowledge",
        };
        let (seconds, rate) = (took.as_secs_f64(), rate(count, took));
        talk(&format!("{count} messages {done}, in {seconds:.2} s ({rate:.0}/s)"));
    }

    /// Fails if any message was refused.
    pub(super) fn verdict(&self) -> Result<(), Failure> {
        if self.refused.is_empty() {
            return Ok(());
        }
        let all = self.acknowledged_count + self.refused_count();
        let reasons: Vec<String> = self
            .refused
            .values()
            .map(|(count, refusal)| format!("{count} with {refusal}"))
            .collect();
        let text = match all {
            1 => format!("the message was refused: {}", reasons[0].trim_start_matches("1 with ")),
            _ => format!(
                "{} of {all} messages were refused: {}",
                self.refused_count(),
                reasons.join("; ")
            ),
        };
        Err(Failure::new(Exit::Failed, text))
    }
}

fn rate(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64().max(1e-9)
}

/// A bar on standard error, if that is a terminal.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Starts a bar over `bytes`, or without an end if they are unknown.
    pub(super) fn start(bytes: Option<u64>, is_wanted: bool) -> Self {
        let bar = match bytes {
            _ if !is_wanted => ProgressBar::hidden(),
            Some(bytes) => {
                ProgressBar::new(bytes).with_style(style("{bar:30} {percent:>3}% {msg}"))
            }
            None => ProgressBar::new_spinner().with_style(style("{spinner} {msg}")),
        };
        Progress { bar }
    }

    /// Shows that the file is done up to `bytes`.
    pub(super) fn advance(&self, bytes: u64, tally: &Tally) {
        self.bar.set_position(bytes);
        let count = tally.acknowledged_count + tally.refused_count();
        if count.is_multiple_of(64) && !self.bar.is_hidden() {
            let rate = rate(count, tally.started.elapsed());
            self.bar.set_message(format!("{count} messages, {rate:.0}/s"));
        }
    }

    /// Says something above the bar.
    pub(super) fn talk(&self, text: &str) {
        self.bar.suspend(|| talk(text));
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is a constant")
}
