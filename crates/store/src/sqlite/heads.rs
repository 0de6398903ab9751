//! Where each log ends, remembered so that an append need not ask the file.

use std::collections::HashMap;

use rialto_broker::{ChannelName, LogId, Sequence};

/// One log's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) log: LogId,
    /// Sequence of the last message ever appended.
    pub(super) last: Sequence,
    /// Pages that end at or below this one are gone.
    pub(super) trimmed: Sequence,
}

/// The heads of all logs: as committed, and as the open transaction has them.
#[derive(Debug, Default)]
pub(super) struct Heads {
    committed: HashMap<ChannelName, Head>,
    /// What the open transaction changed; `None` for a log that went.
    changed: HashMap<ChannelName, Option<Head>>,
}

impl Heads {
    /// Returns the head of a channel's log as the open transaction sees it.
    pub(super) fn get(&self, channel: &ChannelName) -> Option<Head> {
        match self.changed.get(channel) {
            Some(changed) => *changed,
            None => self.committed.get(channel).copied(),
        }
    }

    /// Notes a log's head; `None` when the log goes.
    pub(super) fn put(&mut self, channel: &ChannelName, head: Option<Head>) {
        self.changed.insert(channel.clone(), head);
    }

    /// Iterates over the heads that the open transaction changed, of logs still there.
    pub(super) fn changed(&self) -> impl Iterator<Item = Head> {
        self.changed.values().filter_map(|head| *head)
    }

    /// Forgets what an earlier transaction changed, if it was not committed.
    pub(super) fn begin(&mut self) {
        self.changed.clear();
    }

    /// Takes over what the transaction changed: it was committed.
    pub(super) fn keep(&mut self) {
        for (channel, head) in self.changed.drain() {
            match head {
                Some(head) => self.committed.insert(channel, head),
                None => self.committed.remove(&channel),
            };
        }
    }
}
