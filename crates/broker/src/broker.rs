//! The broker itself: one synchronous state machine. Commands go in, effects come out.
//!
//! A *round* is everything one caller does while it holds the broker: it sets the time with
//! [`Broker::begin_round`], gives commands, and takes the effects. Messages of a round are
//! gathered (QoS 0 into runs, stored QoS 1 into pages), so that their cost is shared.

mod acknowledge;
mod backlog;
mod batch;
mod bus;
mod catch_up;
mod channels;
mod claims;
mod clocks;
mod close;
mod command;
mod commit;
mod connect;
mod control;
mod count;
mod detached;
mod dirty;
mod elsewhere;
mod entry;
mod forecast;
mod forget;
mod history;
mod lanes;
mod limits;
mod logs;
mod message;
mod observers;
mod outgoing;
mod page;
mod presence;
mod publish;
mod receive;
mod reconfigure;
mod relay;
mod renewal;
mod report;
mod restore;
mod retained;
mod rights;
mod route;
mod run;
mod sequence;
mod shared;
mod silence;
mod store;
mod stored_ids;
mod subscribe;
mod tail;
mod tick;
mod unsubscribe;
mod view;
mod welcome;
mod write;

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use slotmap::{SlotMap, SparseSecondaryMap};

use rialto_domain::{ChannelName, ClientId, LogId, Reject, Seen, Snapshot};

use crate::{
    Answered, ChannelKey, ClientKey, CommandAnswer, ConnectionKey, Deliveries, Effect, Encoder,
    Format, Held, Settings, Stats,
    channel::Channel,
    client::{Client, Connection, Now},
    hasher::Hasher,
    output::Outputs,
    profile::Profiles,
    roster::Roster,
    run::{Run, RunBuffers},
    tail::Tails,
};

pub use backlog::{BacklogReport, Straggler};
pub use count::{
    ChannelCount, ChannelCounting, ClientCount, ClientCounting, SubscriberCount,
    SubscriberCounting, SubscriptionCount,
};
pub use entry::{Connect, Entry, Remembered};
pub use message::{Answer, Command, CommandOutcome, Issuer, Publish};
pub use observers::{ObserverPosition, Replicant};
pub use relay::Relayed;
pub use report::{ChannelReport, ClientReport, SessionReport};

/// Routes, remembers and delivers; the core of everything.
///
/// Synchronous and without I/O: time comes in by [`begin_round`](Self::begin_round), everything
/// for the outside leaves by [`take_effects`](Self::take_effects) and must be carried out in order.
pub struct Broker<E: Encoder> {
    encoder: E,
    settings: Settings,
    now: Now,
    connections: SlotMap<ConnectionKey, Connection>,
    /// Whose messages come on connections that do not carry their session.
    spoken_for: SparseSecondaryMap<ConnectionKey, ClientId>,
    /// Boxed, as are channels: a table that grows by doubling is then small.
    clients: SlotMap<ClientKey, Box<Client>>,
    client_keys: HashMap<ClientId, ClientKey, Hasher>,
    client_roster: Roster<ClientKey>,
    channels: SlotMap<ChannelKey, Box<Channel>>,
    channel_keys: HashMap<ChannelName, ChannelKey, Hasher>,
    channel_roster: Roster<ChannelKey>,
    log_channels: HashMap<LogId, ChannelKey, Hasher>,
    outputs: Outputs,
    outgoing: outgoing::Outgoing<E>,
    /// QoS 1 messages without a log and QoS 0 messages that still gather.
    run: Option<Box<Run<E>>>,
    run_buffers: RunBuffers,
    open_pages: page::OpenPages,
    /// Changes that still gather, to be committed together.
    batch: batch::Batch,
    /// Batches handed to the store, oldest first.
    committing: VecDeque<batch::UnderWay>,
    lanes: lanes::Lanes,
    claims: claims::Claims,
    view: view::View,
    stored_ids: stored_ids::StoredIds,
    /// Memory of pages handed over and not committed.
    uncommitted_bytes_total: usize,
    dirty: dirty::Dirty,
    bus: bus::Bus,
    elsewhere: elsewhere::Elsewhere,
    histories: history::Histories,
    profiles: Profiles,
    replication: observers::Replication,
    detached: detached::DetachedSessions,
    retained: retained::Retainment,
    expiring: renewal::Expiring,
    /// Sessions whose beginning is put off, by when they are to be started.
    starting: BTreeSet<(Duration, ConnectionKey)>,
    /// Whether nothing more is to be kept.
    is_short_of_memory: bool,
    live_ids: clocks::LiveIds,
    /// Counts retained publishes; see [`RetainedMessage::version`](crate::retained::RetainedMessage::version).
    retained_version: u64,
    clocks: clocks::Clocks,
    stats: Stats,
    /// Who looks at messages as they pass.
    tails: Tails,
    /// Messages handed over to the store, or about to be, whose publishers are not answered yet.
    uncommitted_count: u64,
    /// Deliveries that were put into outboxes.
    queued: u64,
    /// What became of them.
    deliveries: Arc<Deliveries>,
}

impl<E: Encoder> Broker<E> {
    /// Makes a broker that starts from what a store held.
    ///
    /// The store is to note the [clock](Self::first_clock) before anybody is served: ids are counted
    /// from it.
    pub fn new(encoder: E, settings: Settings, snapshot: Snapshot, started: Now) -> Self {
        let clocks = clocks::Clocks::new(&snapshot, started);
        let mut broker = Broker {
            encoder,
            histories: history::Histories::default(),
            profiles: Profiles::new(&settings),
            replication: observers::Replication::default(),
            detached: detached::DetachedSessions::default(),
            retained: retained::Retainment::default(),
            expiring: renewal::Expiring::new(),
            starting: BTreeSet::new(),
            is_short_of_memory: false,
            settings,
            now: started,
            connections: SlotMap::default(),
            spoken_for: SparseSecondaryMap::default(),
            clients: SlotMap::default(),
            client_keys: HashMap::default(),
            client_roster: Roster::default(),
            channels: SlotMap::default(),
            channel_keys: HashMap::default(),
            channel_roster: Roster::default(),
            log_channels: HashMap::default(),
            outputs: Outputs::default(),
            outgoing: outgoing::Outgoing::default(),
            run: None,
            run_buffers: RunBuffers::default(),
            open_pages: page::OpenPages::default(),
            batch: batch::Batch::default(),
            committing: VecDeque::new(),
            lanes: lanes::Lanes::default(),
            claims: claims::Claims::default(),
            view: view::View::new(snapshot.load),
            stored_ids: stored_ids::StoredIds::default(),
            uncommitted_bytes_total: 0,
            dirty: dirty::Dirty::default(),
            bus: bus::Bus::default(),
            elsewhere: elsewhere::Elsewhere::default(),
            live_ids: clocks.live_ids(),
            retained_version: 0,
            clocks,
            stats: Stats::default(),
            tails: Tails::default(),
            uncommitted_count: 0,
            queued: 0,
            deliveries: Arc::default(),
        };
        broker.restore(snapshot);
        broker.look_through_ids();
        broker
    }

    /// Begins a round at this moment.
    pub fn begin_round(&mut self, now: Now) {
        self.now = now;
        self.clocks.go_on(now);
    }

    /// Ends the round: closes what gathers and returns all there is to do, in order.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        self.settle();
        self.drop_idle();
        self.hand_over_batch();
        if self.bus.calls_look {
            self.call_look();
        }
        self.outputs.take()
    }

    /// Returns the counters, as of the last [`settle`](Self::settle).
    pub fn stats(&self) -> Stats {
        let begun = self.outputs.begun();
        let (written, unwritten) = (self.deliveries.written(), self.deliveries.unwritten());
        // Written and counted beside the broker: what is read late is no less.
        let in_outboxes = self.queued.saturating_sub(written + unwritten);
        Stats {
            deliveries: self.stats.deliveries + begun.total,
            delivered: written,
            deliveries_waiting: self.detached.waiting + begun.untaken + in_outboxes,
            dropped_closed: unwritten,
            dropped_dialect: self.stats.dropped_dialect + begun.left_out,
            publish_waiting: self.uncommitted_count,
            connections: self.connections.len() as u64,
            channels: self.channels.len() as u64,
            store_queue: self.committing.len() as u64,
            store_wait_ms: self.oldest_wait().as_millis() as u64,
            retained: self.retained.count() as u64,
            retained_bytes: self.retained.bytes() as u64,
            ..self.stats
        }
    }

    /// Returns the counters of what only the server sees, to be counted up by it.
    pub fn stats_mut(&mut self) -> &mut Stats {
        &mut self.stats
    }

    /// Counts deliveries that were put into the outbox of a connection, from which they go to
    /// [`deliveries`](Self::deliveries).
    pub fn note_queued(&mut self, count: u32) {
        self.queued += u64::from(count);
    }

    /// Returns where is counted what becomes of deliveries in outboxes.
    pub fn deliveries(&self) -> &Arc<Deliveries> {
        &self.deliveries
    }

    /// Returns the memory of what is kept for later. Costs no more than five numbers.
    pub fn held(&self) -> Held {
        Held {
            histories: self.histories.bytes,
            inboxes: self.detached.bytes,
            retained: self.retained.bytes(),
            backlog: self.replication.backlog_bytes(),
            uncommitted: self.uncommitted_bytes_total,
        }
    }

    /// Sets whether memory is short: then no more messages are retained, and none kept for clients
    /// that are lost.
    pub fn set_short_of_memory(&mut self, is_short: bool) {
        self.is_short_of_memory = is_short;
    }

    /// Returns the settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns the moment of the present round.
    pub fn now(&self) -> Now {
        self.now
    }

    /// Sends a connection frames of its session's own making, in order with everything else.
    pub fn send(&mut self, connection: ConnectionKey, encode: impl FnOnce(Format, &mut Vec<u8>)) {
        if let Some(to) = self.connections.get(connection) {
            let format = to.profile.format;
            self.outputs.append(connection, |out| encode(format, out));
        }
    }

    /// Sends a connection an answer of its session's own making, in order with everything else: a
    /// large one, which [`send`](Self::send) would copy.
    pub fn send_large(&mut self, connection: ConnectionKey, frame: Vec<u8>) {
        if self.connections.contains_key(connection) {
            let frame = self.outputs.tally().frames(frame);
            self.outputs.answer(connection, frame, 1);
        }
    }

    fn known_client(&mut self, id: ClientId, last_seen: Seen) -> ClientKey {
        if let Some(&key) = self.client_keys.get(&id) {
            return key;
        }
        let epoch = self.note_known(&id);
        let mut client = Client::new(id.clone(), last_seen);
        client.epoch = epoch;
        let key = self.clients.insert(Box::new(client));
        self.client_keys.insert(id, key);
        self.client_roster.note(key);
        key
    }

    /// Closes the run and the pages that gather, because what comes next must come behind them.
    pub fn settle(&mut self) {
        self.finish_run();
        self.finish_pages();
    }

    /// Tells a connection what became of a command that came on it.
    fn answer(&mut self, connection: ConnectionKey, answer: &CommandAnswer<'_>) {
        let Some(to) = self.connections.get(connection) else { return };
        let format = to.profile.format;
        self.outputs.append(connection, |out| self.encoder.command_answer(format, answer, out));
    }

    /// Answers a publish, where the publisher wants or can make use of an answer.
    fn answer_publish(
        &mut self,
        connection: ConnectionKey,
        request: Option<&str>,
        result: Result<Option<&str>, &Reject>,
    ) {
        self.stats.rejected += u64::from(result.is_err());
        self.answer(connection, &CommandAnswer { command: Answered::Publish, request, result });
    }
}

#[cfg(test)]
mod tests;
