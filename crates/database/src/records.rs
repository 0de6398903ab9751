//! What stands alone: retained messages, histories, sessions, the clocks. Of each only the end counts.

use std::collections::{BTreeMap, BTreeSet};

use rialto_domain::{
    Change, ChannelName, ClientId, HistoryMessage, MessageId, Retained, SessionNumber, StoreClock,
};

use crate::{
    node::Node,
    shared::SharedStatement,
    statement::{RecordStatement, Statement},
};

/// Changes of what stands alone.
#[derive(Debug, Default)]
pub(crate) struct Records<'a> {
    retained: BTreeMap<&'a ChannelName, Option<&'a Retained>>,
    sessions: BTreeMap<&'a ClientId, Option<SessionNumber>>,
    histories: Vec<Histories<'a>>,
    clock: Option<StoreClock>,
    released: BTreeSet<&'a ClientId>,
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
            Change::Release(client) => _ = self.released.insert(client),
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

    /// Returns the channels whose retained message is changed.
    pub(crate) fn retained(&self) -> impl Iterator<Item = &'a ChannelName> {
        self.retained.keys().copied()
    }

    /// Returns the statements that carry the changes out, for a node that has the database for itself or shares it.
    pub(crate) fn statements(&self, node: Node, is_shared: bool) -> Vec<Statement<'a>> {
        let (retained, dropped) = parted(&self.retained);
        let (sessions, closed) = parted(&self.sessions);
        let mut statements = Vec::new();
        let mut push = |statement: Statement<'a>| statements.push(statement);
        if !retained.is_empty() {
            push(RecordStatement::Retain(retained).into());
        }
        if !dropped.is_empty() {
            push(RecordStatement::DropRetained(dropped).into());
        }
        if !sessions.is_empty() {
            push(RecordStatement::OpenSessions { sessions, node }.into());
        }
        if !closed.is_empty() {
            push(match is_shared {
                true => SharedStatement::CloseSessions { clients: closed, node }.into(),
                false => RecordStatement::CloseSessions(closed).into(),
            });
        }
        self.histories.iter().for_each(|step| step.push(&mut push));
        if let Some(clock) = self.clock {
            push(match is_shared {
                true => SharedStatement::NoteClock(clock).into(),
                false => RecordStatement::NoteClock(clock).into(),
            });
        }
        if is_shared && !self.released.is_empty() {
            let clients = self.released.iter().copied().collect();
            push(SharedStatement::Release { clients, node }.into());
        }
        statements
    }
}

/// Parts what is there from what goes.
fn parted<'a, N: Ord, T: Copy>(all: &BTreeMap<&'a N, Option<T>>) -> (Vec<(&'a N, T)>, Vec<&'a N>) {
    let there = all.iter().filter_map(|(name, it)| Some((*name, (*it)?)));
    let gone = all.iter().filter(|(_, it)| it.is_none()).map(|(name, _)| *name);
    (there.collect(), gone.collect())
}

impl<'a> Histories<'a> {
    fn push(&self, push: &mut impl FnMut(Statement<'a>)) {
        if !self.dropped.is_empty() {
            push(RecordStatement::DropHistories(self.dropped.iter().copied().collect()).into());
        }
        if self.kept.is_empty() {
            return;
        }
        let all = self.kept.iter().flat_map(|(channel, (messages, _))| {
            messages.iter().map(move |message| (*channel, message))
        });
        push(RecordStatement::AddHistory(all.collect()).into());
        let counts = self.kept.iter().map(|(channel, (_, count))| (*channel, *count));
        push(RecordStatement::PruneHistories(counts.collect()).into());
    }
}

/// Returns the id that these bytes are of; `None` if they are of none.
pub(crate) fn id_of(bytes: &[u8]) -> Option<MessageId> {
    let (origin, rest) = bytes.split_first_chunk::<8>()?;
    let sequence = rest.try_into().ok()?;
    Some(MessageId { origin: u64::from_be_bytes(*origin), sequence: u64::from_be_bytes(sequence) })
}
