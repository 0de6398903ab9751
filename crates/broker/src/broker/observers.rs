//! Observers: other servers, to which all goes that our clients publish.
//!
//! Every message of our own clients has a number. Those that other servers may have missed, because
//! a connection was down, are remembered as encoded frames, in chunks, and read again from a
//! number on; what is older than the backlog is counted and left to the history.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;

use rialto_domain::CloseReason;

use crate::{
    ChannelKey, ConnectionKey, Encoder, Format, Source,
    memory::shared_payload,
    output::Delivery,
    run::{FinishedRun, RunFrames},
};

use super::Broker;

/// Bytes an observer is sent before it has to ask for more, while it catches up.
pub(super) const CATCH_UP_BYTES: usize = 256 << 10;

/// Who asks for all messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replicant<'a> {
    /// What the server behind the connection calls itself.
    pub name: &'a str,
    /// Whether its address is that of a configured host.
    pub is_listed: bool,
}

/// How far an observer has come: in which run of this server, and among its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObserverPosition {
    /// The run of the server that it observes, or observed last.
    pub origin: u64,
    /// The last message of that run that it has, or never will have.
    pub last: u64,
}

/// What this server knows of others.
#[derive(Debug, Default)]
pub(super) struct Replication {
    /// Number of the last message of our own clients.
    pub(super) last: u64,
    /// Messages that other servers gave no name.
    pub(super) unnamed: u64,
    observers: BTreeMap<ConnectionKey, Observer>,
    backlog: VecDeque<BacklogChunk>,
    backlog_bytes: usize,
    /// Servers whose messages come in over a connection of our own.
    pub(super) linked: BTreeSet<String>,
}

/// A connection that gets the messages of all channels.
#[derive(Debug)]
struct Observer {
    /// The server behind it: its own messages are not sent back to it.
    name: String,
    is_listed: bool,
    format: Format,
    /// The chunk that begins behind this message is next; `None` once it has all there is.
    catching_up_from: Option<u64>,
    /// Channels whose history it has asked for and not had yet.
    histories: Vec<ChannelKey>,
}

/// The frames of one run, as other servers get them.
#[derive(Debug)]
struct BacklogChunk {
    first: u64,
    count: u32,
    frames: Bytes,
    /// Fewer than messages where the format has no form for some.
    frame_count: u32,
}

impl Replication {
    /// Returns the memory of what is remembered for others, about.
    pub(super) fn backlog_bytes(&self) -> usize {
        self.backlog_bytes
    }

    /// Returns the formats in which our own messages are wanted.
    pub(super) fn formats(&self, backlog: Option<Format>) -> impl Iterator<Item = Format> {
        let observers = self.observers.values().map(|observer| observer.format);
        observers.chain(backlog)
    }
}

impl<E: Encoder> Broker<E> {
    /// Sends a connection the messages of all channels from now on, and those it missed since
    /// `since` as far as they are remembered, which it [asks for](Self::observe_more). Returns where
    /// it is taken up.
    ///
    /// Messages of the server behind it do not go back to it. Whether it
    /// [may](Self::may_replicate) is asked before, and again whenever its rights change.
    pub fn observe(
        &mut self,
        connection: ConnectionKey,
        who: &Replicant<'_>,
        format: Format,
        since: Option<ObserverPosition>,
    ) -> ObserverPosition {
        let Replicant { name, is_listed } = *who;
        self.settle();
        self.close_observer(name, connection);
        let origin = self.settings.replication.origin;
        let last = self.replication.last;
        let from = match since {
            Some(since) if since.origin == origin => since.last.min(last),
            // It was there before this run began, and has nothing of it yet.
            Some(_) => 0,
            None => last,
        };
        let oldest = self.replication.backlog.front().map_or(last + 1, |chunk| chunk.first);
        // What is not remembered any more is missed: it will see that from the number.
        let from = from.max(oldest - 1);
        let observer = Observer {
            name: name.to_owned(),
            is_listed,
            format,
            catching_up_from: (from < last).then_some(from),
            histories: Vec::new(),
        };
        self.replication.observers.insert(connection, observer);
        ObserverPosition { origin, last: from }
    }

    /// Closes the connection of an observer that is there anew: it has lost that one.
    fn close_observer(&mut self, name: &str, by: ConnectionKey) {
        let observers = self.replication.observers.iter();
        let same = observers.filter(|(key, observer)| **key != by && observer.name == name);
        let lost: Vec<ConnectionKey> = same.map(|(&key, _)| key).collect();
        for connection in lost {
            self.close(connection, CloseReason::TakenOver);
        }
    }

    /// Sends an observer more of what it missed; says whether there may be more yet.
    pub fn observe_more(&mut self, connection: ConnectionKey) -> bool {
        self.settle();
        let Replication { observers, backlog, last, .. } = &mut self.replication;
        let Some(observer) = observers.get_mut(&connection) else { return false };
        let Some(from) = observer.catching_up_from else { return false };
        let begin = backlog.partition_point(|chunk| chunk.last() <= from);
        let mut bytes = 0;
        let mut reached = if begin == backlog.len() { *last } else { from };
        for chunk in backlog.range(begin..) {
            if CATCH_UP_BYTES < bytes {
                break;
            }
            bytes += chunk.frames.len();
            reached = chunk.last();
            let (frames, count) = (chunk.frames.clone(), chunk.frame_count);
            self.outputs.answer_with_deliveries(chunk.count, (connection, frames, count));
        }
        let is_behind = reached < *last;
        observer.catching_up_from = is_behind.then_some(reached);
        is_behind
    }

    /// Notes that an observer wants the history of all channels; it [asks](Self::history_more) for
    /// one part after the other.
    pub fn observe_histories(&mut self, connection: ConnectionKey) {
        let keys = self.channels.iter().filter(|(_, channel)| channel.history.is_some());
        let keys = keys.map(|(key, _)| key).collect();
        if let Some(observer) = self.replication.observers.get_mut(&connection) {
            observer.histories = keys;
        }
    }

    /// Sends an observer more of the history, each message as `encode` writes it; says whether
    /// there may be more yet.
    pub fn history_more(
        &mut self,
        connection: ConnectionKey,
        mut encode: impl FnMut(&str, Source<'_>, &[u8], &mut Vec<u8>),
    ) -> bool {
        self.settle();
        let Some(observer) = self.replication.observers.get_mut(&connection) else { return false };
        let (mut frames, mut count) = (Vec::new(), 0);
        while frames.len() < CATCH_UP_BYTES
            && let Some(key) = observer.histories.pop()
        {
            let Some(channel) = self.channels.get(key) else { continue };
            for (source, payload) in channel.history.iter().flat_map(|history| history.iter()) {
                encode(channel.name.as_str(), source, payload, &mut frames);
                count += 1;
            }
        }
        let is_more = !observer.histories.is_empty();
        if count > 0 {
            let frames = self.outputs.tally().frames(frames);
            self.outputs.answer(connection, frames, count);
        }
        is_more
    }

    /// Returns the number of the last message of our own clients.
    pub fn last_own(&mut self) -> u64 {
        self.settle();
        self.replication.last
    }

    /// Returns the names of the servers that observe this one.
    pub fn observers(&self) -> impl Iterator<Item = &str> {
        self.replication.observers.values().map(|observer| observer.name.as_str())
    }

    /// Says whether a connection observes all channels.
    pub fn is_observer(&self, connection: ConnectionKey) -> bool {
        self.replication.observers.contains_key(&connection)
    }

    /// Says of a connection that observes all channels whether its address is that of a configured
    /// host.
    pub(super) fn listing_of(&self, connection: ConnectionKey) -> Option<bool> {
        self.replication.observers.get(&connection).map(|observer| observer.is_listed)
    }

    /// Sends a run of our own clients to all observers, and remembers it for those that are away.
    pub(super) fn pass_on(&mut self, run: &FinishedRun, frames: &RunFrames) {
        self.replication.last += u64::from(run.count);
        let server = run.author.server.as_deref();
        for (&connection, observer) in &self.replication.observers {
            let is_behind = observer.catching_up_from.is_some();
            if is_behind || server == Some(observer.name.as_str()) {
                continue;
            }
            let (frames, count) = frames.of(observer.format);
            // What another server loses here it could not fetch again, unless it can.
            let droppable = Some(observer.format) != self.settings.replication.format;
            self.outputs.deliver(run.count, Delivery { connection, frames, count, droppable });
        }
        if let Some(format) = self.settings.replication.format {
            let (frames, frame_count) = frames.of(format);
            let (first, count) = (run.first.sequence, run.count);
            self.keep_chunk(BacklogChunk { first, count, frames, frame_count });
        }
    }

    fn keep_chunk(&mut self, chunk: BacklogChunk) {
        let bytes_max = self.settings.replication.backlog_bytes_max;
        let Replication { backlog, backlog_bytes, .. } = &mut self.replication;
        *backlog_bytes += chunk.bytes();
        backlog.push_back(chunk);
        while bytes_max < *backlog_bytes
            && let Some(oldest) = backlog.pop_front()
        {
            *backlog_bytes -= oldest.bytes();
        }
    }

    pub(super) fn has_observers(&self) -> bool {
        self.settings.replication.format.is_some() || !self.replication.observers.is_empty()
    }

    pub(super) fn forget_observer(&mut self, connection: ConnectionKey) {
        self.replication.observers.remove(&connection);
    }
}

impl BacklogChunk {
    fn last(&self) -> u64 {
        self.first + u64::from(self.count) - 1
    }

    /// Returns the memory it takes, with its place in a queue that grows by doubling.
    fn bytes(&self) -> usize {
        3 * size_of::<Self>() / 2 + shared_payload(self.frames.len())
    }
}
