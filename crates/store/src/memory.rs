//! A store that forgets: for brokers that keep nothing, and the measure of those that do.

mod log;

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::{Arc, Mutex, MutexGuard},
};

use rialto_domain::{
    Change, ChannelName, ClientId, ClientState, Commit, HistoryMessage, Load, LogEntry, LogId,
    MessageId, Outcome, Page, Retained, Seen, Sequence, SessionNumber, Snapshot, StoreClock,
    StoredClient, StoredId, StoredPage,
};

use crate::{Cause, Store, StoreError, StoreReader, latest::Latest};

use log::{Cursor, Log};

/// Keeps everything in memory, until the last handle to it is dropped.
///
/// # Limits
/// None of its own: the core's limits on logs and histories bound it.
#[derive(Debug, Default)]
pub struct MemoryStore {
    shelves: Arc<Mutex<Shelves>>,
    latest: Latest,
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

impl Store for MemoryStore {
    fn load(&mut self, load: Load) -> Result<Snapshot, StoreError> {
        let snapshot = lock(&self.shelves).snapshot();
        Ok(match load {
            Load::All => snapshot,
            Load::Heads => Snapshot { load, clients: Vec::new(), cursors: Vec::new(), ..snapshot },
        })
    }

    fn commit_all(&mut self, commits: &[Commit]) -> Result<Vec<Outcome>, StoreError> {
        let MemoryStore { shelves, latest } = self;
        latest.once(commits, |commits| {
            let changes = || commits.iter().flat_map(|commit| &commit.changes);
            // The only change that can fail is found before the first is carried out.
            let is_empty = |change: &Change| match change {
                Change::Append(page) | Change::AppendDirect(_, page) => page.count == 0,
                _ => false,
            };
            if changes().any(is_empty) {
                return Err(StoreError::new("committing", None, Cause::EmptyPage));
            }
            let mut shelves = lock(shelves);
            Ok(changes().map(|change| shelves.apply(change)).collect())
        })
    }

    fn reader(&self) -> Result<Box<dyn StoreReader>, StoreError> {
        Ok(Box::new(MemoryReader { shelves: Arc::clone(&self.shelves) }))
    }

    fn close(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl StoreReader for MemoryReader {
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
        Ok(log.read(from, bytes_max))
    }

    fn client(&mut self, id: &ClientId) -> Result<Option<ClientState>, StoreError> {
        let shelves = lock(&self.shelves);
        Ok(shelves.is_known(id).then(|| shelves.client(id)))
    }

    fn clients(
        &mut self,
        after: &ClientId,
        count_max: usize,
    ) -> Result<Vec<StoredClient>, StoreError> {
        let shelves = lock(&self.shelves);
        let readers = shelves.logs.values().flat_map(|log| log.cursors.keys());
        let ids: BTreeSet<&ClientId> = shelves.clients.keys().chain(readers).collect();
        let behind = ids.into_iter().filter(|id| after < id).take(count_max);
        Ok(behind.map(|id| shelves.listed(id)).collect())
    }

    fn ids(&mut self, after: &ClientId, count_max: usize) -> Result<Vec<StoredId>, StoreError> {
        let listed = self.clients(after, count_max)?;
        let shelves = lock(&self.shelves);
        let ids = listed.into_iter().map(|StoredClient { id, .. }| {
            let has_cursor = shelves.logs.values().any(|log| log.cursors.contains_key(&id));
            StoredId { id, has_cursor }
        });
        Ok(ids.collect())
    }
}

impl Shelves {
    fn apply(&mut self, change: &Change) -> Outcome {
        match change {
            Change::Append(page) => return self.append(page),
            Change::AppendDirect(client, page) => return self.append_direct(client, page),
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
            Change::Unsubscribe(client, channel) => {
                if let Some(log) = self.logs.get_mut(channel) {
                    log.remove_cursor(client);
                }
            }
            Change::DropLog(channel) => self.drop_log(channel),
            Change::MoveCursor(client, channel, floor) => {
                return self.move_cursor(client, channel, *floor);
            }
            Change::Acknowledge(client, channel, stretches) => {
                if let Some((cursor, end)) = self.cursor(client, channel) {
                    for (first, last) in stretches {
                        cursor.acknowledged.add(*first, end.min(*last));
                    }
                    cursor.acknowledged.remove_through(cursor.floor);
                }
            }
            Change::Trim(channel, trim) => {
                let log = self.logs.get_mut(channel);
                if let Some(log) = log.filter(|log| trim.log.is_none_or(|meant| meant == log.id)) {
                    log.trim(trim);
                    return Outcome::Trimmed(log.extent());
                }
            }
            Change::SetAside(channel, id, last) => {
                let log = self.logs.get_mut(channel).filter(|log| log.id == *id);
                if let Some(log) = log
                    && log.set_aside(*last)
                {
                    return Outcome::Trimmed(log.extent());
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
        let stored = StoredPage {
            first,
            publisher: page.publisher.clone(),
            at: page.at,
            count: page.count,
            payloads: page.payloads.clone(),
        };
        log.append(stored, page.served);
        Outcome::Appended { log: log.id, first }
    }

    fn append_direct(&mut self, client: &ClientId, page: &Page) -> Outcome {
        if !self.is_known(client) {
            return Outcome::ClientUnknown;
        }
        self.subscribe(client, &page.channel);
        self.append(page)
    }

    fn is_known(&self, client: &ClientId) -> bool {
        self.clients.contains_key(client)
            || self.logs.values().any(|log| log.cursors.contains_key(client))
    }

    fn subscribe(&mut self, client: &ClientId, channel: &ChannelName) -> Outcome {
        let log = self.log_of(channel);
        let floor = log.cursors.get(client).map(|cursor| cursor.floor);
        let floor = floor.unwrap_or_else(|| {
            let cursor = Cursor { floor: log.last, ..Cursor::default() };
            log.cursors.insert(client.clone(), cursor);
            *log.floors.entry(log.last).or_default() += 1;
            log.last
        });
        Outcome::Subscribed { log: log.id, floor }
    }

    fn move_cursor(
        &mut self,
        client: &ClientId,
        channel: &ChannelName,
        floor: Sequence,
    ) -> Outcome {
        let Some(log) = self.logs.get_mut(channel) else { return Outcome::Done };
        if let Some(cursor) = log.cursors.get_mut(client) {
            let before = cursor.floor;
            cursor.floor = before.max(log.last.min(floor));
            cursor.acknowledged.remove_through(cursor.floor);
            *log.floors.entry(cursor.floor).or_default() += 1;
            log.leave_floor(before);
        }
        let slowest = log.floors.keys().next();
        slowest.map_or(Outcome::Done, |&slowest| Outcome::Moved { slowest })
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

    /// Drops a channel's log, unless it has a cursor.
    fn drop_log(&mut self, channel: &ChannelName) {
        if self.logs.get(channel).is_some_and(|log| log.cursors.is_empty())
            && let Some(log) = self.logs.remove(channel)
        {
            self.channels.remove(&log.id);
        }
    }

    fn forget(&mut self, client: &ClientId) {
        self.clients.remove(client);
        for log in self.logs.values_mut() {
            log.remove_cursor(client);
        }
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
            Log::new(id)
        })
    }

    fn client(&self, id: &ClientId) -> ClientState {
        let logs = self.logs.iter();
        let cursors =
            logs.filter_map(|(channel, log)| Some((channel.clone(), log.cursors.get(id)?.state())));
        ClientState { seen: self.clients.get(id).copied(), cursors: cursors.collect() }
    }

    fn listed(&self, id: &ClientId) -> StoredClient {
        let ClientState { seen, cursors } = self.client(id);
        let direct = id.direct_channel();
        let topics = cursors.iter().filter(|(channel, _)| *channel != direct);
        StoredClient { id: id.clone(), seen, topic_count: topics.count() as u64 }
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
            load: Load::All,
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

fn lock(shelves: &Mutex<Shelves>) -> MutexGuard<'_, Shelves> {
    shelves.lock().expect("nothing panics while it holds the shelves")
}

#[cfg(test)]
mod tests;
