//! A store that forgets: for brokers that keep nothing, and the measure of those that do.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use rialto_domain::{
    Change, ChannelName, ClientId, CursorState, HistoryMessage, LogEntry, LogId, LogState,
    MessageId, Outcome, Page, PageState, Retained, Seen, Sequence, ServedMs, SessionNumber,
    Snapshot, StoreClock, StoredPage, Stretches,
};

use crate::{Cause, LogReader, Store, StoreError};

/// Keeps everything in memory, until the last handle to it is dropped.
///
/// # Limits
/// None of its own: the core's limits on logs and histories bound it.
#[derive(Debug, Default)]
pub struct MemoryStore {
    shelves: Arc<Mutex<Shelves>>,
}

/// The reader's end.
struct MemoryReader {
    shelves: Arc<Mutex<Shelves>>,
}

/// Everything stored. Ordered maps, since a snapshot lists names ascending.
#[derive(Debug, Default)]
struct Shelves {
    clients: BTreeMap<ClientId, Seen>,
    logs: BTreeMap<ChannelName, Log>,
    /// The channel of each log, for readers.
    channels: BTreeMap<LogId, ChannelName>,
    retained: BTreeMap<ChannelName, Retained>,
    /// None is empty; the messages oldest first.
    history: BTreeMap<ChannelName, Vec<HistoryMessage>>,
    /// Open sessions, and their numbers.
    sessions: BTreeMap<ClientId, SessionNumber>,
    clock: StoreClock,
    /// How many logs were ever made; the latest one's id.
    made: u64,
}

#[derive(Debug)]
struct Log {
    id: LogId,
    last: Sequence,
    trimmed: Sequence,
    pages: VecDeque<(StoredPage, ServedMs)>,
    cursors: BTreeMap<ClientId, Cursor>,
}

#[derive(Debug, Default)]
struct Cursor {
    floor: Sequence,
    /// Above the floor.
    acknowledged: Stretches,
}

impl Store for MemoryStore {
    fn load(&mut self) -> Result<Snapshot, StoreError> {
        Ok(lock(&self.shelves).snapshot())
    }

    fn commit(&mut self, changes: &[Change]) -> Result<Vec<Outcome>, StoreError> {
        // The only change that can fail is found before the first is carried out.
        if changes.iter().any(|change| matches!(change, Change::Append(page) if page.count == 0)) {
            return Err(StoreError::new("committing", None, Cause::EmptyPage));
        }
        let mut shelves = lock(&self.shelves);
        Ok(changes.iter().map(|change| shelves.apply(change)).collect())
    }

    fn reader(&self) -> Result<Box<dyn LogReader>, StoreError> {
        Ok(Box::new(MemoryReader { shelves: Arc::clone(&self.shelves) }))
    }

    fn close(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl LogReader for MemoryReader {
    fn read(
        &mut self,
        log: LogId,
        from: Sequence,
        bytes_max: usize,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let shelves = lock(&self.shelves);
        let Some(log) = shelves.channels.get(&log).and_then(|channel| shelves.logs.get(channel))
        else {
            return Ok(Vec::new());
        };
        let start = log.pages.partition_point(|(page, _)| last_of(page) < from);
        let mut entries = Vec::new();
        let mut bytes = 0;
        for (page, _) in log.pages.range(start..) {
            bytes += page.payloads.as_bytes().len();
            entries.push(LogEntry::Page(page.clone()));
            if bytes_max < bytes {
                break;
            }
        }
        Ok(entries)
    }
}

impl Shelves {
    fn apply(&mut self, change: &Change) -> Outcome {
        match change {
            Change::Append(page) => return self.append(page),
            Change::Subscribe(client, channel) => return self.subscribe(client, channel),
            Change::DropRetained(channel) => {
                self.retained.remove(channel);
            }
            Change::Retain(channel, retained) => {
                self.retained.insert(channel.clone(), retained.clone());
            }
            Change::PutClient(client, seen) => {
                self.clients.insert(client.clone(), *seen);
            }
            Change::ForgetClient(client) => self.forget(client),
            Change::Unsubscribe(client, channel) => self.unsubscribe(client, channel),
            Change::MoveCursor(client, channel, floor) => {
                if let Some((cursor, last)) = self.cursor(client, channel) {
                    cursor.floor = cursor.floor.max(last.min(*floor));
                    cursor.acknowledged.remove_through(cursor.floor);
                }
            }
            Change::Acknowledge(client, channel, stretches) => {
                if let Some((cursor, end)) = self.cursor(client, channel) {
                    for (first, last) in stretches {
                        cursor.acknowledged.add(*first, end.min(*last));
                    }
                    cursor.acknowledged.remove_through(cursor.floor);
                }
            }
            Change::Trim(channel, through) => {
                if let Some(log) = self.logs.get_mut(channel) {
                    log.trim(*through);
                }
            }
            Change::SetAside(channel, id, last) => {
                let log = self.logs.get_mut(channel).filter(|log| log.id == *id);
                if let Some(log) = log {
                    log.pages.retain(|(page, _)| last_of(page) != *last);
                }
            }
            Change::KeepHistory { channel, messages, count_max } => {
                self.keep_history(channel, messages, *count_max);
            }
            Change::DropHistory(channel) => {
                self.history.remove(channel);
            }
            Change::OpenSession(client, number) => {
                self.sessions.insert(client.clone(), *number);
            }
            Change::CloseSession(client) => {
                self.sessions.remove(client);
            }
            Change::NoteClock(clock) => self.clock = *clock,
        }
        Outcome::Done
    }

    fn append(&mut self, page: &Page) -> Outcome {
        let log = self.log_of(&page.channel);
        let first = log.last + 1;
        log.last += u64::from(page.count);
        let stored = StoredPage {
            first,
            publisher: page.publisher.clone(),
            at: page.at,
            count: page.count,
            payloads: page.payloads.clone(),
        };
        log.pages.push_back((stored, page.served));
        Outcome::Appended { log: log.id, first }
    }

    fn subscribe(&mut self, client: &ClientId, channel: &ChannelName) -> Outcome {
        let log = self.log_of(channel);
        let behind_last = Cursor { floor: log.last, ..Cursor::default() };
        let cursor = log.cursors.entry(client.clone()).or_insert(behind_last);
        Outcome::Subscribed { log: log.id, floor: cursor.floor }
    }

    /// Returns a cursor, and the last message of its log.
    fn cursor(
        &mut self,
        client: &ClientId,
        channel: &ChannelName,
    ) -> Option<(&mut Cursor, Sequence)> {
        let log = self.logs.get_mut(channel)?;
        Some((log.cursors.get_mut(client)?, log.last))
    }

    fn unsubscribe(&mut self, client: &ClientId, channel: &ChannelName) {
        if let Some(log) = self.logs.get_mut(channel) {
            log.cursors.remove(client);
            if log.cursors.is_empty() {
                self.channels.remove(&log.id);
                self.logs.remove(channel);
            }
        }
    }

    fn forget(&mut self, client: &ClientId) {
        self.clients.remove(client);
        self.logs.retain(|_, log| {
            let last_left = log.cursors.remove(client).is_some() && log.cursors.is_empty();
            if last_left {
                self.channels.remove(&log.id);
            }
            !last_left
        });
    }

    fn keep_history(&mut self, channel: &ChannelName, added: &[HistoryMessage], count_max: u32) {
        let mut messages = self.history.remove(channel).unwrap_or_default();
        let mut ids: HashSet<MessageId> = messages.iter().map(|message| message.id).collect();
        messages.extend(added.iter().filter(|message| ids.insert(message.id)).cloned());
        messages.sort_by_key(|message| (message.logical, message.id));
        messages.drain(..messages.len().saturating_sub(count_max as usize));
        if !messages.is_empty() {
            self.history.insert(channel.clone(), messages);
        }
    }

    /// Returns the channel's log, made if need be.
    fn log_of(&mut self, channel: &ChannelName) -> &mut Log {
        self.logs.entry(channel.clone()).or_insert_with(|| {
            self.made += 1;
            let id = LogId(self.made);
            self.channels.insert(id, channel.clone());
            Log { id, last: 0, trimmed: 0, pages: VecDeque::new(), cursors: BTreeMap::new() }
        })
    }

    fn snapshot(&self) -> Snapshot {
        let mut cursors: Vec<_> = self
            .logs
            .iter()
            .flat_map(|(channel, log)| {
                let cursors = log.cursors.iter();
                cursors.map(|(client, cursor)| (client.clone(), channel.clone(), cursor.state()))
            })
            .collect();
        cursors.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));

        Snapshot {
            clients: self.clients.iter().map(|(client, &seen)| (client.clone(), seen)).collect(),
            logs: self.logs.iter().map(|(channel, log)| log.state(channel)).collect(),
            cursors,
            retained: self.retained.clone().into_iter().collect(),
            history: self.history.clone().into_iter().collect(),
            sessions: self.sessions.clone().into_iter().collect(),
            clock: self.clock,
            damaged: 0,
        }
    }
}

impl Cursor {
    fn state(&self) -> CursorState {
        CursorState { floor: self.floor, acknowledged: self.acknowledged.iter().collect() }
    }
}

impl Log {
    fn trim(&mut self, through: Sequence) {
        let kept = self.pages.partition_point(|(page, _)| last_of(page) <= through);
        self.pages.drain(..kept);
        self.trimmed = self.trimmed.max(through.min(self.last));
    }

    fn state(&self, channel: &ChannelName) -> LogState {
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
            pages: pages.collect(),
        }
    }
}

/// Returns the sequence of a page's last message.
fn last_of(page: &StoredPage) -> Sequence {
    page.first + u64::from(page.count) - 1
}

fn lock(shelves: &Mutex<Shelves>) -> MutexGuard<'_, Shelves> {
    shelves.lock().expect("nothing panics while it holds the shelves")
}

#[cfg(test)]
mod tests;
