//! What stands alone: retained messages, histories, sessions, the clocks. Of each only the end counts.

use std::collections::{BTreeMap, BTreeSet};

use rialto_domain::{
    Change, ChannelName, ClientId, HistoryMessage, MessageId, Retained, SessionNumber, StoreClock,
};

use crate::{
    link::Request,
    names::{bytes, number, shard},
    statements::{
        CLOCK, HISTORY_ADD, HISTORY_DROP, HISTORY_PRUNE, RETAINED_DROP, RETAINED_PUT,
        SESSIONS_CLOSE, SESSIONS_OPEN,
    },
};

/// Changes of what stands alone.
#[derive(Debug, Default)]
pub(crate) struct Records<'a> {
    retained: BTreeMap<&'a ChannelName, Option<&'a Retained>>,
    sessions: BTreeMap<&'a ClientId, Option<SessionNumber>>,
    histories: Vec<Histories<'a>>,
    clock: Option<StoreClock>,
}

/// Changes of histories, those that are dropped first; no channel has two that are kept.
#[derive(Debug, Default)]
struct Histories<'a> {
    dropped: BTreeSet<&'a ChannelName>,
    kept: BTreeMap<&'a ChannelName, (&'a [HistoryMessage], u32)>,
}

impl<'a> Records<'a> {
    /// Takes a change in; one of something else is none.
    pub(crate) fn add(&mut self, change: &'a Change) {
        match change {
            Change::Retain(channel, retained) => _ = self.retained.insert(channel, Some(retained)),
            Change::DropRetained(channel) => _ = self.retained.insert(channel, None),
            Change::OpenSession(client, number) => {
                self.sessions.insert(client, Some(*number));
            }
            Change::CloseSession(client) => _ = self.sessions.insert(client, None),
            Change::NoteClock(clock) => self.clock = Some(*clock),
            Change::DropHistory(channel) => {
                self.histories_of(channel).dropped.insert(channel);
            }
            Change::KeepHistory { channel, messages, count_max } => {
                self.histories_of(channel).kept.insert(channel, (messages, *count_max));
            }
            _ => {}
        }
    }

    /// Returns the last step, or a new one if something of the channel is kept there already.
    fn histories_of(&mut self, channel: &ChannelName) -> &mut Histories<'a> {
        if self.histories.last().is_none_or(|last| last.kept.contains_key(channel)) {
            self.histories.push(Histories::default());
        }
        self.histories.last_mut().expect("there is one")
    }

    /// Returns the statements that carry the changes out.
    pub(crate) fn requests(&self, node: i64) -> Vec<Request> {
        let mut requests = Vec::new();
        self.retained(&mut requests);
        self.sessions(node, &mut requests);
        self.histories.iter().for_each(|step| step.requests(&mut requests));
        if let Some(clock) = self.clock {
            let values: Vec<crate::link::Value> =
                vec![Box::new(number(clock.served)), Box::new(number(clock.logical))];
            requests.push(Request::new(CLOCK, values));
        }
        requests
    }

    fn retained(&self, requests: &mut Vec<Request>) {
        let there = self.retained.iter().filter_map(|(channel, it)| Some((channel, (*it)?)));
        let there: Vec<_> = there.collect();
        if !there.is_empty() {
            let names: Vec<_> = there.iter().map(|(channel, _)| bytes(channel.as_str())).collect();
            let shards: Vec<_> = there.iter().map(|(channel, _)| shard(channel.as_str())).collect();
            let publishers: Vec<_> =
                there.iter().map(|(_, it)| bytes(it.publisher.as_str())).collect();
            let sums: Vec<_> =
                there.iter().map(|(_, it)| i64::from(crc32fast::hash(&it.payload))).collect();
            let payloads: Vec<_> = there.iter().map(|(_, it)| it.payload.to_vec()).collect();
            requests.push(Request::new(
                RETAINED_PUT,
                vec![
                    Box::new(names),
                    Box::new(shards),
                    Box::new(publishers),
                    Box::new(sums),
                    Box::new(payloads),
                ],
            ));
        }
        let gone = self.retained.iter().filter(|(_, it)| it.is_none());
        let gone: Vec<_> = gone.map(|(channel, _)| bytes(channel.as_str())).collect();
        if !gone.is_empty() {
            requests.push(Request::new(RETAINED_DROP, vec![Box::new(gone)]));
        }
    }

    fn sessions(&self, node: i64, requests: &mut Vec<Request>) {
        let open = self.sessions.iter().filter_map(|(client, number)| Some((client, (*number)?)));
        let open: Vec<_> = open.collect();
        if !open.is_empty() {
            let names: Vec<_> = open.iter().map(|(client, _)| bytes(client.as_str())).collect();
            let shards: Vec<_> = open.iter().map(|(client, _)| shard(client.as_str())).collect();
            let numbers: Vec<_> = open.iter().map(|(_, it)| number(*it)).collect();
            requests.push(Request::new(
                SESSIONS_OPEN,
                vec![Box::new(names), Box::new(shards), Box::new(numbers), Box::new(node)],
            ));
        }
        let closed = self.sessions.iter().filter(|(_, it)| it.is_none());
        let closed: Vec<_> = closed.map(|(client, _)| bytes(client.as_str())).collect();
        if !closed.is_empty() {
            requests.push(Request::new(SESSIONS_CLOSE, vec![Box::new(closed)]));
        }
    }
}

impl Histories<'_> {
    fn requests(&self, requests: &mut Vec<Request>) {
        if !self.dropped.is_empty() {
            let names: Vec<_> = self.dropped.iter().map(|name| bytes(name.as_str())).collect();
            requests.push(Request::new(HISTORY_DROP, vec![Box::new(names)]));
        }
        if self.kept.is_empty() {
            return;
        }
        let all = self.kept.iter().flat_map(|(channel, (messages, _))| {
            messages.iter().map(move |message| (channel.as_str(), message))
        });
        let all: Vec<(&str, &HistoryMessage)> = all.collect();
        let publishers = all.iter().map(|(_, it)| bytes(it.publisher.as_str()));
        let servers = all.iter().map(|(_, it)| it.server.as_deref().map(bytes));
        let sums = all.iter().map(|(_, it)| i64::from(crc32fast::hash(&it.payload)));
        requests.push(Request::new(
            HISTORY_ADD,
            vec![
                Box::new(all.iter().map(|(name, _)| bytes(name)).collect::<Vec<_>>()),
                Box::new(all.iter().map(|(name, _)| shard(name)).collect::<Vec<_>>()),
                Box::new(all.iter().map(|(_, it)| id_bytes(it.id)).collect::<Vec<_>>()),
                Box::new(all.iter().map(|(_, it)| number(it.logical)).collect::<Vec<_>>()),
                Box::new(all.iter().map(|(_, it)| number(it.at)).collect::<Vec<_>>()),
                Box::new(publishers.collect::<Vec<_>>()),
                Box::new(servers.collect::<Vec<_>>()),
                Box::new(sums.collect::<Vec<_>>()),
                Box::new(all.iter().map(|(_, it)| it.payload.to_vec()).collect::<Vec<_>>()),
            ],
        ));
        let names: Vec<_> = self.kept.keys().map(|name| bytes(name.as_str())).collect();
        let counts: Vec<_> = self.kept.values().map(|(_, count)| i64::from(*count)).collect();
        requests.push(Request::new(HISTORY_PRUNE, vec![Box::new(names), Box::new(counts)]));
    }
}

/// Returns an id as bytes that sort as ids do.
fn id_bytes(id: MessageId) -> Vec<u8> {
    [id.origin.to_be_bytes(), id.sequence.to_be_bytes()].concat()
}

/// Returns the id that these bytes are of; `None` if they are of none.
pub(crate) fn id_of(bytes: &[u8]) -> Option<MessageId> {
    let (origin, rest) = bytes.split_first_chunk::<8>()?;
    let sequence = rest.try_into().ok()?;
    Some(MessageId { origin: u64::from_be_bytes(*origin), sequence: u64::from_be_bytes(sequence) })
}
