//! One channel's log in memory, and who reads it.

use std::collections::{BTreeMap, VecDeque};

use rialto_domain::{
    ChannelName, ClientId, CursorState, LogId, LogState, PageState, Sequence, ServedMs, StoredPage,
    Stretches,
};

#[derive(Debug)]
pub(super) struct Log {
    pub(super) id: LogId,
    pub(super) last: Sequence,
    pub(super) trimmed: Sequence,
    pub(super) pages: VecDeque<(StoredPage, ServedMs)>,
    pub(super) cursors: BTreeMap<ClientId, Cursor>,
    /// How many cursors stand at each place; that of the slowest is first.
    pub(super) floors: BTreeMap<Sequence, usize>,
}

#[derive(Debug, Default)]
pub(super) struct Cursor {
    pub(super) floor: Sequence,
    /// Above the floor.
    pub(super) acknowledged: Stretches,
}

impl Cursor {
    pub(super) fn state(&self) -> CursorState {
        CursorState { floor: self.floor, acknowledged: self.acknowledged.iter().collect() }
    }
}

impl Log {
    /// Makes an empty one.
    pub(super) fn new(id: LogId) -> Self {
        Log {
            id,
            last: 0,
            trimmed: 0,
            pages: VecDeque::new(),
            cursors: BTreeMap::new(),
            floors: BTreeMap::new(),
        }
    }

    /// Removes a client's cursor; says whether it was there.
    pub(super) fn remove_cursor(&mut self, client: &ClientId) -> bool {
        let cursor = self.cursors.remove(client);
        cursor.inspect(|cursor| self.leave_floor(cursor.floor)).is_some()
    }

    /// Counts one cursor less at a place.
    pub(super) fn leave_floor(&mut self, floor: Sequence) {
        if let Some(count) = self.floors.get_mut(&floor) {
            *count -= 1;
            if *count == 0 {
                self.floors.remove(&floor);
            }
        }
    }

    pub(super) fn trim(&mut self, through: Sequence) {
        let kept = self.pages.partition_point(|(page, _)| last_of(page) <= through);
        self.pages.drain(..kept);
        self.trimmed = self.trimmed.max(through.min(self.last));
    }

    pub(super) fn state(&self, channel: &ChannelName) -> LogState {
        let pages = self.pages.iter().map(|(page, served)| PageState {
            last: last_of(page),
            bytes: page.payloads.as_bytes().len() as u64,
            served: *served,
        });
        LogState {
            channel: channel.clone(),
            log: self.id,
            last: self.last,
            trimmed: self.trimmed,
            reader_count: self.cursors.len() as u64,
            slowest: self.floors.keys().next().copied().unwrap_or(self.last),
            pages: pages.collect(),
        }
    }
}

/// Returns the sequence of a page's last message.
pub(super) fn last_of(page: &StoredPage) -> Sequence {
    page.first + u64::from(page.count) - 1
}
