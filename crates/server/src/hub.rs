//! Where everything meets: the broker behind its one lock, and the sending ends of connections.
//!
//! A round locks the broker, gives it commands and carries out the effects that only put things
//! into queues (outboxes, the store's inbox); so queues are in the broker's order. Sockets are
//! written after the lock is let go.

mod archive;
mod latencies;
mod lock_times;
mod relief;
mod state;
mod told;
mod walk;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rialto_broker::{
    Broker, Command, ConnectionKey, ConnectionProfile, Deliveries, Issuer, Now, Publish,
    Remembered, Stats,
};
use rialto_domain::{ClientId, CloseReason, Reject, UnixMs};
use tokio::sync::oneshot;

use crate::{
    answers::Answers,
    audit::Audit,
    authorizer::{Authorizer, Caller},
    bus::BusLink,
    clock::Clock,
    cluster::standing::LinkCounts,
    connection_writer::{ConnectionWriter, DirtyWriters},
    dialects::Dialects,
    guarded::{Guarded, Locked},
    lease::Lease,
    memory::Memory,
    session_events::SessionEvents,
    store_jobs::StoreInboxes,
    visit::Visit,
};

use archive::Archive;
use state::{Endpoint, State};

pub(crate) use {latencies::Latencies, lock_times::LockTimes, state::Pushing, walk::Carrier};

/// The broker and all that its effects reach.
pub(crate) struct Hub {
    state: Guarded<State>,
    uncounted: Uncounted,
    pub(crate) answers: Arc<Answers>,
    pub(crate) memory: Arc<Memory>,
    /// Where what becomes of deliveries is counted.
    pub(crate) deliveries: Arc<Deliveries>,
    pub(crate) authorizer: Arc<Authorizer>,
    pub(crate) audit: Arc<Audit>,
    session_events: SessionEvents,
    clock: Clock,
    /// How the broker's lock does.
    pub(crate) lock_times: Arc<LockTimes>,
    /// How long messages take.
    pub(crate) latencies: Arc<Latencies>,
    /// How the links to other servers stand.
    pub(crate) links: Arc<LinkCounts>,
    /// What is stored about clients that the broker does not have in memory.
    pub(crate) archive: Archive,
    /// Until when this node may serve, where several share the store.
    pub(crate) lease: Option<Arc<Lease>>,
    /// What nodes that share a store tell each other over.
    pub(crate) bus: Option<Arc<BusLink>>,
}

/// What is counted without the broker's lock, until the next round counts it in: connections that
/// were turned away, however many come, cost those that are served nothing.
#[derive(Default)]
struct Uncounted {
    refused: AtomicU64,
    silent: Arc<AtomicU64>,
}

impl Hub {
    pub(crate) fn new(
        broker: Broker<Dialects>,
        authorizer: Arc<Authorizer>,
        session_events: SessionEvents,
        clock: Clock,
        inboxes: StoreInboxes,
        (memory, close_slow): (Arc<Memory>, bool),
    ) -> Self {
        let StoreInboxes { writer, reader, archive, member, lease, bus } = inboxes;
        let archive = Archive::new(&broker, archive);
        let deliveries = broker.deliveries().clone();
        Hub {
            state: Guarded::new(State::new(
                broker,
                (writer, reader, member, bus.clone()),
                &authorizer.audit,
                close_slow,
            )),
            uncounted: Uncounted::default(),
            answers: Answers::new(),
            memory,
            deliveries,
            audit: authorizer.audit.clone(),
            authorizer,
            session_events,
            clock,
            lock_times: Arc::default(),
            latencies: Arc::default(),
            links: Arc::default(),
            archive,
            lease,
            bus,
        }
    }

    /// Counts a connection that was refused. Takes no lock.
    pub(crate) fn count_refused(&self) {
        self.uncounted.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns what counts connections that do not say in time what they speak. Takes no lock.
    pub(crate) fn silent(&self) -> Arc<AtomicU64> {
        self.uncounted.silent.clone()
    }

    /// Reads the clocks.
    pub(crate) fn now(&self) -> Now {
        self.clock.now()
    }

    /// Reads the clock that never steps, in milliseconds since the Unix epoch.
    pub(crate) fn steady_ms(&self) -> UnixMs {
        self.clock.steady_ms()
    }

    /// Adds a connection with its sending end.
    pub(crate) fn open(
        &self,
        profile: ConnectionProfile,
        writer: Arc<ConnectionWriter>,
        caller: Arc<Caller>,
    ) -> ConnectionKey {
        let visit = Visit::begin(caller.origin(), Some(&self.audit));
        self.add(profile, Endpoint { writer, caller, visit, is_watcher: false })
    }

    /// The same, of a connection of which nobody is told.
    pub(crate) fn open_quietly(
        &self,
        profile: ConnectionProfile,
        writer: Arc<ConnectionWriter>,
        caller: Arc<Caller>,
    ) -> ConnectionKey {
        self.add(profile, Endpoint { writer, caller, visit: None, is_watcher: false })
    }

    fn add(&self, profile: ConnectionProfile, endpoint: Endpoint) -> ConnectionKey {
        let mut state = self.begin_round();
        let key = state.broker.open(profile);
        state.endpoints.insert(key, endpoint);
        key
    }

    /// Forgets a connection.
    pub(crate) fn forget(&self, connection: ConnectionKey) {
        self.round(|broker| broker.disconnect(connection));
        let endpoint = self.locked().endpoints.remove(connection);
        // Told of once the lock is let go.
        drop(endpoint);
    }

    /// Publishes messages of the server itself, or of whoever is on a connection, in order; each result comes
    /// once the message is on its way, and stored where that is asked for.
    pub(crate) fn push(&self, issuer: Issuer<'_>, messages: &[Publish<'_>]) -> Vec<Pushing> {
        let mut dirty = DirtyWriters::default();
        let mut state = self.begin_round();
        let commands = messages.iter().map(Command::Publish);
        let pushing = commands.map(|command| state.command(issuer, &command)).collect();
        self.end_round(&mut state, &mut dirty);
        drop(state);
        dirty.flush();
        self.note_written(&mut dirty);
        pushing
    }

    /// Changes a client's subscriptions on the server's own account.
    pub(crate) fn command_for(&self, client: &ClientId, command: &Command<'_>) -> Pushing {
        let mut dirty = DirtyWriters::default();
        let mut state = self.begin_round();
        let pushing = state.command(Issuer::ServerFor(client), command);
        self.end_round(&mut state, &mut dirty);
        drop(state);
        dirty.flush();
        pushing
    }

    /// Has what is stored about a client in the broker's memory, for some seconds at least.
    ///
    /// # Errors
    /// [`Reject::StoreUnavailable`] when it cannot be read.
    pub(crate) async fn claim(&self, client: &str) -> Result<(), Reject> {
        self.claim_by(|broker, ticket| broker.claim(client, ticket)).await
    }

    /// Has in the broker's memory what a session of a client begins with.
    ///
    /// # Errors
    /// [`Reject::StoreUnavailable`] when it cannot be read.
    pub(crate) async fn claim_session(
        &self,
        client: &str,
        remembered: Remembered,
    ) -> Result<(), Reject> {
        self.claim_by(|broker, ticket| broker.claim_session(client, remembered, ticket)).await
    }

    async fn claim_by(
        &self,
        claim: impl FnOnce(&mut Broker<Dialects>, u64) -> bool,
    ) -> Result<(), Reject> {
        if self.archive.is_empty() {
            return Ok(());
        }
        let claiming = {
            let mut dirty = DirtyWriters::default();
            let mut state = self.begin_round();
            let claiming = state.claim(claim);
            self.end_round(&mut state, &mut dirty);
            drop(state);
            dirty.flush();
            claiming
        };
        claiming.done().await
    }

    /// Runs one round, and returns what becomes of what it has the store do.
    pub(crate) fn round_stored<E>(
        &self,
        act: impl FnOnce(&mut Broker<Dialects>) -> Result<(), E>,
    ) -> Result<Pushing, E> {
        let (done, waiting) = oneshot::channel();
        let ticket = self.locked().take_ticket(done);
        let result = self.round(|broker| {
            act(broker)?;
            broker.resolve_when_stored(ticket);
            Ok(())
        });
        if result.is_err() {
            self.locked().tickets.remove(&ticket);
        }
        result.map(|()| Pushing::UnderWay(waiting))
    }

    /// Notes that the store has prolonged this node's lease, as it was asked at a moment. Where the lease was over
    /// before, what it may not serve any more ends first, whoever finds that out.
    pub(crate) fn prolong_lease(&self, asked: Instant) {
        self.round(|broker| {
            self.lease.iter().for_each(|lease| lease.prolong(asked));
            broker.resume_service();
        });
    }

    /// Asks the store now what other nodes did.
    pub(crate) fn look(&self) {
        self.locked().look();
    }

    /// Gives the lease back, where several nodes share the store.
    pub(crate) fn end_membership(&self) {
        if let Some(lease) = &self.lease {
            lease.end();
        }
    }

    /// Closes a connection that does not read what it asked for.
    pub(crate) fn close_unread(&self, connection: ConnectionKey) {
        let mut dirty = DirtyWriters::default();
        let mut state = self.begin_round();
        let limit =
            state.endpoints.get(connection).map_or(0, |endpoint| endpoint.writer.bytes_max());
        state.broker.close(connection, CloseReason::SlowConsumer { limit });
        self.end_round(&mut state, &mut dirty);
    }

    /// Sets whether clients that do not read are closed.
    pub(crate) fn set_close_slow(&self, close_slow: bool) {
        self.locked().close_slow = close_slow;
    }

    /// Hands in no more ended sessions.
    pub(crate) fn end_session_events(&self) {
        self.session_events.end();
    }

    /// Returns of how many ended sessions the application was not told of.
    pub(crate) fn dropped_session_events(&self) -> u64 {
        self.session_events.dropped()
    }

    /// Runs one round and writes what came of it.
    pub(crate) fn round<R>(&self, act: impl FnOnce(&mut Broker<Dialects>) -> R) -> R {
        let mut dirty = DirtyWriters::default();
        let result = self.round_into(&mut dirty, act);
        dirty.flush();
        result
    }

    /// Runs one round; what came of it is written when `dirty` is flushed.
    pub(crate) fn round_into<R>(
        &self,
        dirty: &mut DirtyWriters,
        act: impl FnOnce(&mut Broker<Dialects>) -> R,
    ) -> R {
        let mut state = self.begin_round();
        let result = act(&mut state.broker);
        self.end_round(&mut state, dirty);
        result
    }

    /// As [`round_into`](Self::round_into), with what was committed; says whether anybody is sent messages
    /// that were stored.
    pub(crate) fn round_committed(
        &self,
        dirty: &mut DirtyWriters,
        act: impl FnOnce(&mut Broker<Dialects>),
    ) -> bool {
        let mut state = self.begin_round();
        act(&mut state.broker);
        self.end_round(&mut state, dirty);
        state.sent.kept
    }

    /// Notes how long it took until messages were written, if it is measured: called once writers were
    /// flushed.
    #[inline]
    pub(crate) fn note_written(&self, dirty: &mut DirtyWriters) {
        if let Some(began) = dirty.take_measured() {
            self.latencies.delivered.note(began.elapsed());
        }
    }

    /// Carries out what came of a round, and sees to it that all that waits stays within its bound.
    fn end_round(&self, state: &mut State, dirty: &mut DirtyWriters) {
        state.perform(dirty, &self.session_events);
        if state.watch(&self.memory) {
            state.relieve(&self.memory);
            state.perform(dirty, &self.session_events);
        }
        if let Some(began) = state.measured.take() {
            self.lock_times.held.note(began.elapsed());
            if state.sent.droppable {
                dirty.measure(began);
            }
        }
    }

    fn locked(&self) -> Locked<'_, State> {
        self.state.lock("the broker")
    }

    fn begin_round(&self) -> Locked<'_, State> {
        let waited = |waited| self.lock_times.waited.note(waited);
        let mut state = self.state.lock_noting("the broker", waited);
        state.begin_measure();
        // Read under the lock, or a round that had to wait for it would go back in time.
        state.broker.begin_round(self.clock.now());
        if self.lease.as_ref().is_some_and(|lease| lease.is_over()) {
            state.broker.suspend_service();
        }
        self.uncounted.count_in(state.broker.stats_mut());
        state
    }
}

impl Uncounted {
    fn count_in(&self, stats: &mut Stats) {
        for (uncounted, counter) in [
            (&self.refused, &mut stats.refused_connections),
            (&*self.silent, &mut stats.closed_silent),
        ] {
            // Looked at first: writing would take the line from other processors at every round.
            if uncounted.load(Ordering::Relaxed) != 0 {
                *counter += uncounted.swap(0, Ordering::Relaxed);
            }
        }
    }
}

/// Packets, or messages that were committed, for which the broker is locked once; bounds how long
/// others wait for it.
pub(crate) const PACKETS_PER_ROUND_MAX: usize = 256;

/// How often the broker does what is due by itself.
pub(crate) const TICK: Duration = Duration::from_millis(100);
