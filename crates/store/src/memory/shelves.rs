//! Everything that a store in memory keeps, and how changes change it.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Mutex, MutexGuard},
};

use rialto_domain::{
    Change, ChannelName, ClientId, ClientState, HistoryMessage, Load, LogId, MessageId, Outcome,
    Page, Retained, Seen, Sequence, SessionNumber, Snapshot, StoreClock, StoredClient, StoredPage,
};

use super::{
    log::{Cursor, Log},
    nodes::Nodes,
};

/// Everything stored. Ordered maps, since a snapshot lists names ascending.
#[derive(Debug, Default)]
pub(super) struct Shelves {
    pub(super) clients: BTreeMap<ClientId, Seen>,
    pub(super) logs: BTreeMap<ChannelName, Log>,
    /// The channel of each log, for readers.
    pub(super) channels: BTreeMap<LogId, ChannelName>,
    pub(super) retained: BTreeMap<ChannelName, Retained>,
    /// None is empty; the messages oldest first.
    history: BTreeMap<ChannelName, Vec<HistoryMessage>>,
    /// Open sessions, and their numbers.
    pub(super) sessions: BTreeMap<ClientId, SessionNumber>,
    pub(super) clock: StoreClock,
    /// Who shares it, if anybody does.
    pub(super) nodes: Nodes,
    /// How many logs were ever made; the latest one's id.
    made: u64,
}

impl Shelves {
    pub(super) fn apply(&mut self, change: &Change) -> Outcome {
        match change {
            Change::Append(page) => return self.append(page),
            Change::AppendIfRead(page) if !self.logs.contains_key(&page.channel) => {
                return Outcome::Unread;
            }
            Change::AppendIfRead(page) => return self.append(page),
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
            // Nobody owns clients where nobody shares the store.
            Change::Release(_) => {}
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

    pub(super) fn is_known(&self, client: &ClientId) -> bool {
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

    pub(super) fn client(&self, id: &ClientId) -> ClientState {
        let logs = self.logs.iter();
        let cursors =
            logs.filter_map(|(channel, log)| Some((channel.clone(), log.cursors.get(id)?.state())));
        ClientState { seen: self.clients.get(id).copied(), cursors: cursors.collect() }
    }

    pub(super) fn listed(&self, id: &ClientId) -> StoredClient {
        let ClientState { seen, cursors } = self.client(id);
        let direct = id.direct_channel();
        let topics = cursors.iter().filter(|(channel, _)| *channel != direct);
        StoredClient { id: id.clone(), seen, topic_count: topics.count() as u64 }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
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

pub(super) fn lock(shelves: &Mutex<Shelves>) -> MutexGuard<'_, Shelves> {
    shelves.lock().expect("nothing panics while it holds the shelves")
}
