//! What a look through a store finds.

use rialto_domain::{ChannelName, Sequence};
use serde_json::value::RawValue;

/// How many findings a report lists.
const FINDINGS_MAX: usize = 100;

/// How many numbers of messages a log skips when a database turns out to be another one than before, so that none is
/// used twice. Nothing is missing there.
pub const SKIPPED_AT_FAILOVER: u64 = 1 << 20;

/// What a store holds, and what of it is not as it was written.
#[derive(Debug, Default)]
pub struct Report {
    /// Messages in logs that can be read.
    pub messages: u64,
    /// Retained messages that can be read.
    pub retained: u64,
    /// Messages of histories that can be read.
    pub history: u64,
    /// Persistent subscriptions that can be read.
    pub subscriptions: u64,
    /// Damaged records that were set aside. They are no finding; what is missing of a log for want of them is, until the
    /// log is trimmed.
    pub set_aside: u64,
    /// What is wrong, a sentence each; the first hundred.
    pub findings: Vec<String>,
    /// How many more there are.
    pub findings_left_out: usize,
}

impl Report {
    /// Whether everything is as it was written.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    /// Adds what is wrong with something.
    pub fn find(&mut self, finding: String) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        } else {
            self.findings_left_out += 1;
        }
    }
}

/// A look through a log, page by page.
#[derive(Debug)]
pub(crate) struct LogCheck {
    channel: ChannelName,
    trimmed: Sequence,
    last: Sequence,
    /// The message that the next page should begin with.
    next: Sequence,
}

impl LogCheck {
    /// Begins behind what is trimmed; the log ends with `last`.
    pub(crate) fn new(channel: ChannelName, trimmed: Sequence, last: Sequence) -> Self {
        LogCheck { channel, trimmed, last, next: trimmed.saturating_add(1) }
    }

    /// The channel.
    pub(crate) fn channel(&self) -> &ChannelName {
        &self.channel
    }

    /// Where it ends.
    pub(crate) fn last(&self) -> Sequence {
        self.last
    }

    /// Looks where the next page stands that can be read.
    pub(crate) fn page(&mut self, first: Sequence, last: Sequence, report: &mut Report) {
        let LogCheck { channel, next, .. } = self;
        if *next < first {
            miss(channel, *next, first - 1, report);
        } else if first < *next && self.trimmed + 1 < *next {
            report
                .find(format!("messages {first} to {} of {channel:?} are there twice", *next - 1));
        }
        if self.last < last {
            let end = self.last;
            report.find(format!(
                "the log of {channel:?} ends with message {end}, and there are messages up to {last}"
            ));
        }
        *next = (*next).max(last.saturating_add(1));
        report.messages += last + 1 - first;
    }

    /// Looks at the end.
    pub(crate) fn finish(&self, report: &mut Report) {
        if self.next <= self.last {
            miss(&self.channel, self.next, self.last, report);
        }
    }
}

fn miss(channel: &ChannelName, first: Sequence, last: Sequence, report: &mut Report) {
    if last - first + 1 == SKIPPED_AT_FAILOVER {
        return;
    }
    report.find(format!("messages {first} to {last} of the log of {channel:?} cannot be read"));
}

/// Says whether a text is one JSON text.
pub(crate) fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<&RawValue>(text).is_ok()
}
