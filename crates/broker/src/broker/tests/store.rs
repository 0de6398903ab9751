//! A store for tests: carries out what the core asks, in memory, as the drivers promise to.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use crate::{
    Change, ChannelName, ClientId, CursorState, HistoryMessage, LogEntry, LogId, LogState,
    MessageId, Outcome, Page, PageState, ReadRequest, Retained, Seen, Sequence, ServedMs,
    SessionNumber, Snapshot, StoreClock, StoredPage, Stretches,
};

/// What would be on disk.
#[derive(Debug, Default)]
pub(super) struct TestStore {
    clients: BTreeMap<ClientId, Seen>,
    logs: BTreeMap<ChannelName, StoredLog>,
    pub(super) retained: BTreeMap<ChannelName, Retained>,
    history: BTreeMap<ChannelName, Vec<HistoryMessage>>,
    pub(super) sessions: BTreeMap<ClientId, SessionNumber>,
    clock: StoreClock,
    /// How many logs were ever made; the latest one's id.
    made: u64,
    /// Damaged pages, by their last message.
    damaged: BTreeSet<(LogId, Sequence)>,
}

#[derive(Debug)]
struct StoredLog {
    id: LogId,
    last: Sequence,
    trimmed: Sequence,
    pages: Vec<StoredPage>,
    /// When each page was taken in, by its last message.
    served: BTreeMap<Sequence, ServedMs>,
    cursors: BTreeMap<ClientId, CursorState>,
}

impl TestStore {
    /// Carries out a batch and says what became of each change.
    pub(super) fn commit(&mut self, changes: &[Change]) -> Vec<Outcome> {
        changes.iter().map(|change| self.apply(change)).collect()
    }

    /// Reads pages as a [`ReadRequest`] asks: at least one if there is any.
    pub(super) fn read(&self, request: &ReadRequest) -> Vec<LogEntry> {
        let mut bytes = 0;
        let mut entries = Vec::new();
        for page in self.pages(request.log).filter(|page| request.from <= last_of(page)) {
            bytes += page.payloads.as_bytes().len();
            entries.push(if self.damaged.contains(&(request.log, last_of(page))) {
                LogEntry::Damaged(last_of(page))
            } else {
                LogEntry::Page(page.clone())
            });
            if request.bytes_max < bytes {
                break;
            }
        }
        entries
    }

    /// Damages the page of a channel's log that holds a message; returns what it held.
    pub(super) fn damage(&mut self, channel: &ChannelName, sequence: Sequence) -> Vec<Bytes> {
        let Some(log) = self.logs.get(channel) else { return Vec::new() };
        let mut pages = log.pages.iter();
        let Some(page) = pages.find(|page| page.first <= sequence && sequence <= last_of(page))
        else {
            return Vec::new();
        };
        self.damaged.insert((log.id, last_of(page)));
        page.payloads.iter().map(Bytes::copy_from_slice).collect()
    }

    /// Returns the pages of a log, oldest first.
    pub(super) fn pages(&self, log: LogId) -> impl Iterator<Item = &StoredPage> {
        let log = self.logs.values().filter(move |one| one.id == log);
        log.flat_map(|log| &log.pages)
    }

    /// Returns where a client stands in a channel's log.
    pub(super) fn cursor(&self, client: &ClientId, channel: &ChannelName) -> Option<&CursorState> {
        self.logs.get(channel)?.cursors.get(client)
    }

    /// Returns the id of a channel's log.
    pub(super) fn log(&self, channel: &ChannelName) -> Option<LogId> {
        self.logs.get(channel).map(|log| log.id)
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let cursors = self.logs.iter().flat_map(|(channel, log)| {
            let cursors = log.cursors.iter();
            cursors.map(move |(client, state)| (client.clone(), channel.clone(), state.clone()))
        });
        Snapshot {
            clients: self.clients.iter().map(|(client, &seen)| (client.clone(), seen)).collect(),
            logs: self.logs.iter().map(|(channel, log)| log.state(channel)).collect(),
            cursors: cursors.collect(),
            retained: self.retained.clone().into_iter().collect(),
            history: self.history.clone().into_iter().collect(),
            sessions: self.sessions.clone().into_iter().collect(),
            clock: self.clock,
            damaged: 0,
        }
    }

    fn apply(&mut self, change: &Change) -> Outcome {
        match change {
            Change::Append(page) => return self.append(page),
            Change::Subscribe(client, channel) => return self.subscribe(client, channel),
            Change::Retain(channel, retained) => {
                self.retained.insert(channel.clone(), retained.clone());
            }
            Change::DropRetained(channel) => _ = self.retained.remove(channel),
            Change::PutClient(client, seen) => _ = self.clients.insert(client.clone(), *seen),
            Change::ForgetClient(client) => {
                self.clients.remove(client);
                self.logs.retain(|_, log| {
                    let is_removed = log.cursors.remove(client).is_some();
                    !is_removed || !log.cursors.is_empty()
                });
            }
            Change::Unsubscribe(client, channel) => {
                if let Some(log) = self.logs.get_mut(channel) {
                    log.cursors.remove(client);
                }
                // Also one that never had a cursor.
                self.logs.retain(|name, log| name != channel || !log.cursors.is_empty());
            }
            Change::MoveCursor(client, channel, floor) => {
                self.change_cursor(client, channel, &[], *floor);
            }
            Change::Acknowledge(client, channel, stretches) => {
                self.change_cursor(client, channel, stretches, 0);
            }
            Change::Trim(channel, through) => {
                if let Some(log) = self.logs.get_mut(channel) {
                    log.pages.retain(|page| *through < last_of(page));
                    log.trimmed = log.trimmed.max(*through.min(&log.last));
                }
            }
            Change::SetAside(channel, id, last) => {
                let log = self.logs.get_mut(channel).filter(|log| log.id == *id);
                if let Some(log) = log {
                    log.pages.retain(|page| last_of(page) != *last);
                }
            }
            Change::KeepHistory { channel, messages, count_max } => {
                self.keep_history(channel, messages, *count_max as usize);
            }
            Change::DropHistory(channel) => _ = self.history.remove(channel),
            Change::OpenSession(client, number) => {
                self.sessions.insert(client.clone(), *number);
            }
            Change::CloseSession(client) => _ = self.sessions.remove(client),
            Change::NoteClock(clock) => self.clock = *clock,
        }
        Outcome::Done
    }

    fn append(&mut self, page: &Page) -> Outcome {
        let log = self.log_of(&page.channel);
        let first = log.last + 1;
        log.last += u64::from(page.count);
        log.served.insert(log.last, page.served);
        let Page { publisher, at, count, payloads, .. } = page.clone();
        log.pages.push(StoredPage { first, publisher, at, count, payloads });
        Outcome::Appended { log: log.id, first }
    }

    fn subscribe(&mut self, client: &ClientId, channel: &ChannelName) -> Outcome {
        let log = self.log_of(channel);
        let behind_last = CursorState { floor: log.last, acknowledged: Vec::new() };
        let cursor = log.cursors.entry(client.clone()).or_insert(behind_last);
        Outcome::Subscribed { log: log.id, floor: cursor.floor }
    }

    fn change_cursor(
        &mut self,
        client: &ClientId,
        channel: &ChannelName,
        stretches: &[(Sequence, Sequence)],
        floor: Sequence,
    ) {
        let log = self.logs.get_mut(channel);
        let Some(cursor) = log.and_then(|log| log.cursors.get_mut(client)) else { return };
        cursor.floor = cursor.floor.max(floor);
        let all = cursor.acknowledged.iter().chain(stretches).copied();
        let mut all: Stretches = all.collect();
        all.remove_through(cursor.floor);
        cursor.acknowledged = all.iter().collect();
    }

    fn keep_history(&mut self, channel: &ChannelName, new: &[HistoryMessage], count_max: usize) {
        let mut messages = self.history.remove(channel).unwrap_or_default();
        let mut ids: BTreeSet<MessageId> = messages.iter().map(|message| message.id).collect();
        messages.extend(new.iter().filter(|message| ids.insert(message.id)).cloned());
        messages.sort_by_key(|message| (message.logical, message.id));
        messages.drain(..messages.len().saturating_sub(count_max));
        if !messages.is_empty() {
            self.history.insert(channel.clone(), messages);
        }
    }

    fn log_of(&mut self, channel: &ChannelName) -> &mut StoredLog {
        self.logs.entry(channel.clone()).or_insert_with(|| {
            self.made += 1;
            let id = LogId(self.made);
            StoredLog {
                id,
                last: 0,
                trimmed: 0,
                pages: Vec::new(),
                served: BTreeMap::new(),
                cursors: BTreeMap::new(),
            }
        })
    }
}

impl StoredLog {
    fn state(&self, channel: &ChannelName) -> LogState {
        let pages = self.pages.iter().map(|page| PageState {
            last: last_of(page),
            bytes: page.payloads.as_bytes().len() as u64,
            served: self.served[&last_of(page)],
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

fn last_of(page: &StoredPage) -> Sequence {
    page.first + u64::from(page.count) - 1
}
