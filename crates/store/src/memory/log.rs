//! One channel's log in memory, and who reads it.

use std::collections::{BTreeMap, VecDeque};

use rialto_domain::{
    ChannelName, ClientId, CursorState, LogEntry, LogExtent, LogId, LogState, OldestPage, Sequence,
    ServedMs, StoredPage, Stretches, Trim,
};

#[derive(Debug)]
pub(super) struct Log {
    pub(super) id: LogId,
    pub(super) last: Sequence,
    trimmed: Sequence,
    pages: VecDeque<(StoredPage, ServedMs)>,
    /// Of the payloads of all pages.
    bytes: u64,
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
            bytes: 0,
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

    /// Appends a page.
    pub(super) fn append(&mut self, page: StoredPage, served: ServedMs) {
        self.last = last_of(&page);
        self.bytes += bytes_of(&page);
        self.pages.push_back((page, served));
    }

    pub(super) fn trim(&mut self, trim: &Trim) {
        while trim.drops(self.last, &self.extent()) {
            self.trimmed = self.pages.front().map_or(self.last, |(page, _)| last_of(page));
            self.remove(0);
        }
        if self.pages.is_empty() {
            self.trimmed = self.last;
        }
    }

    /// Removes the page that ends with this message; says whether it was there.
    pub(super) fn set_aside(&mut self, last: Sequence) -> bool {
        let place = self.pages.iter().position(|(page, _)| last_of(page) == last);
        place.inspect(|place| self.remove(*place)).is_some()
    }

    fn remove(&mut self, place: usize) {
        if let Some((page, _)) = self.pages.remove(place) {
            self.bytes -= bytes_of(&page);
        }
    }

    /// Returns the pages whose last message is at or above `from`, until they pass `bytes_max`.
    pub(super) fn read(&self, from: Sequence, bytes_max: usize) -> Vec<LogEntry> {
        let start = self.pages.partition_point(|(page, _)| last_of(page) < from);
        let mut entries = Vec::new();
        let mut bytes = 0;
        for (page, _) in self.pages.range(start..) {
            bytes += page.payloads.as_bytes().len();
            entries.push(LogEntry::Page(page.clone()));
            if bytes_max < bytes {
                break;
            }
        }
        entries
    }

    pub(super) fn extent(&self) -> LogExtent {
        let oldest = self.pages.front();
        let oldest =
            oldest.map(|(page, served)| OldestPage { last: last_of(page), served: *served });
        LogExtent { trimmed: self.trimmed, bytes: self.bytes, oldest }
    }

    pub(super) fn state(&self, channel: &ChannelName) -> LogState {
        LogState {
            channel: channel.clone(),
            log: self.id,
            last: self.last,
            extent: self.extent(),
            newest: self.pages.back().map_or(0, |(_, served)| *served),
            reader_count: self.cursors.len() as u64,
            slowest: self.floors.keys().next().copied().unwrap_or(self.last),
        }
    }
}

/// Returns the sequence of a page's last message.
fn last_of(page: &StoredPage) -> Sequence {
    page.first + u64::from(page.count) - 1
}

fn bytes_of(page: &StoredPage) -> u64 {
    page.payloads.as_bytes().len() as u64
}
