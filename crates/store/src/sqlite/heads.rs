//! Where each log ends, remembered so that an append need not ask the file.

use std::collections::HashMap;

use rialto_domain::{ChannelName, LogId, Sequence};

/// One log's row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) log: LogId,
    /// Sequence of the last message ever appended.
    pub(super) last: Sequence,
    /// Pages that end at or below this one are gone.
    pub(super) trimmed: Sequence,
    /// Length of the payloads of the others.
    pub(super) bytes: u64,
}

impl Head {
    /// Returns the head of a log that nothing was appended to.
    pub(super) fn new(log: LogId) -> Self {
        Head { log, last: 0, trimmed: 0, bytes: 0 }
    }
}

/// The heads of all logs, as committed.
#[derive(Debug, Default)]
pub(super) struct Heads {
    committed: HashMap<ChannelName, Head>,
}

/// The heads as an open transaction has them; nothing comes of it unless it is [kept](Self::keep).
pub(super) struct HeadsDraft<'a> {
    heads: &'a mut Heads,
    /// What the transaction changed; `None` for a log that went.
    changed: HashMap<ChannelName, Option<Head>>,
}

impl Heads {
    pub(super) fn draft(&mut self) -> HeadsDraft<'_> {
        HeadsDraft { heads: self, changed: HashMap::new() }
    }
}

impl FromIterator<(ChannelName, Head)> for Heads {
    fn from_iter<T: IntoIterator<Item = (ChannelName, Head)>>(heads: T) -> Self {
        Heads { committed: heads.into_iter().collect() }
    }
}

impl HeadsDraft<'_> {
    /// Returns the head of a channel's log.
    pub(super) fn get(&self, channel: &ChannelName) -> Option<Head> {
        match self.changed.get(channel) {
            Some(changed) => *changed,
            None => self.heads.committed.get(channel).copied(),
        }
    }

    /// Notes a log's head; `None` when the log goes.
    pub(super) fn put(&mut self, channel: &ChannelName, head: Option<Head>) {
        self.changed.insert(channel.clone(), head);
    }

    /// Iterates over the heads that changed, of logs still there: how each stood in the file
    /// before, and how it stands now.
    pub(super) fn changed(&self) -> impl Iterator<Item = (Head, Head)> {
        self.changed.iter().filter_map(|(channel, head)| {
            let head = (*head)?;
            let committed = self.heads.committed.get(channel).copied();
            let before = committed.filter(|before| before.log == head.log);
            Some((before.unwrap_or(Head::new(head.log)), head))
        })
    }

    /// Makes the draft what is remembered: the transaction was committed.
    pub(super) fn keep(self) {
        for (channel, head) in self.changed {
            match head {
                Some(head) => self.heads.committed.insert(channel, head),
                None => self.heads.committed.remove(&channel),
            };
        }
    }
}
