//! Where everything meets: the broker behind its one lock, and the sending ends of connections.
//!
//! A round locks the broker, gives it commands and carries out the effects that only put things
//! into queues (outboxes, the store's inbox); so queues are in the broker's order. Sockets are
//! written after the lock is let go.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use rialto_application::{Departure, Peer};
use rialto_broker::{
    Broker, CloseReason, ConnectionKey, Departed, Effect, Manners, Now, Publish, ReadRequest,
    Reject, Stats, UnixMs,
};
use rialto_session::Dialects;
use rialto_stopwatch::running;
use slotmap::SecondaryMap;
use tokio::sync::oneshot;

use crate::{
    answers::Answers,
    doorkeeper::Doorkeeper,
    guarded::{Guarded, Locked},
    notices::Notices,
    outbox::{Kind, Pushed},
    outlet::Outlet,
    store::Job,
};

/// The broker and all that its effects reach.
pub(crate) struct Hub {
    state: Guarded<State>,
    uncounted: Uncounted,
    pub(crate) answers: Arc<Answers>,
    pub(crate) doorkeeper: Arc<Doorkeeper>,
    notices: Notices,
    clock: Clock,
    close_slow: AtomicBool,
}

struct State {
    broker: Broker<Dialects>,
    outlets: SecondaryMap<ConnectionKey, Far>,
    /// Who waits for what becomes of the server's own messages.
    tickets: HashMap<u64, oneshot::Sender<Result<(), Reject>>>,
    last_ticket: u64,
    store: mpsc::Sender<Job>,
    reader: mpsc::Sender<ReadRequest>,
}

/// What is counted without the broker's lock, until the next round counts it in: connections that
/// were turned away, however many come, cost those that are served nothing.
#[derive(Default)]
struct Uncounted {
    refused: AtomicU64,
    silent: AtomicU64,
}

/// The far end of a connection, and the way to it.
struct Far {
    outlet: Arc<Outlet>,
    peer: Arc<Peer>,
}

/// Where a hub sends what is for the store.
pub(crate) struct StoreInboxes {
    pub(crate) writer: mpsc::Sender<Job>,
    pub(crate) reader: mpsc::Sender<ReadRequest>,
}

/// A message of the server itself that was handed in.
pub(crate) enum Pushing {
    Done(Result<(), Reject>),
    /// On its way through the store.
    UnderWay(oneshot::Receiver<Result<(), Reject>>),
}

impl Pushing {
    /// Waits for what becomes of it.
    pub(crate) async fn done(self) -> Result<(), Reject> {
        match self {
            Pushing::Done(result) => result,
            Pushing::UnderWay(waiting) => waiting.await.unwrap_or(Err(Reject::StoreUnavailable)),
        }
    }
}

/// Outlets that rounds have put something into and that are not flushed yet.
#[derive(Default)]
pub(crate) struct Touched(Vec<Arc<Outlet>>);

/// Reads the clocks for the broker, which reads none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    /// How long this process had run by then.
    started: Duration,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Clock { started: running() }
    }

    pub(crate) fn now(self) -> Now {
        Now { uptime: running() - self.started, unix_ms: unix_ms() }
    }
}

fn unix_ms() -> UnixMs {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    since_epoch.map_or(0, |since| since.as_millis() as UnixMs)
}

impl Touched {
    fn add(&mut self, outlet: &Arc<Outlet>) {
        if outlet.touch() {
            self.0.push(outlet.clone());
        }
    }

    /// Writes what the rounds put in.
    pub(crate) fn flush(&mut self) {
        for outlet in self.0.drain(..) {
            outlet.flush();
        }
    }

    /// Writes what the rounds put in; returns outlets whose readers are so far behind that the
    /// publisher should wait for them.
    pub(crate) fn flush_for_publisher(&mut self, behind: &mut Vec<Arc<Outlet>>) {
        for outlet in self.0.drain(..) {
            outlet.flush();
            if outlet.must_wait_for(None) {
                behind.push(outlet);
            }
        }
    }
}

/// What was put in must go out, also when a panic ends the task that did.
impl Drop for Touched {
    fn drop(&mut self) {
        self.flush();
    }
}

impl Hub {
    pub(crate) fn new(
        broker: Broker<Dialects>,
        doorkeeper: Arc<Doorkeeper>,
        notices: Notices,
        clock: Clock,
        inboxes: StoreInboxes,
        close_slow: bool,
    ) -> Self {
        let StoreInboxes { writer, reader } = inboxes;
        let state = State {
            broker,
            outlets: SecondaryMap::new(),
            tickets: HashMap::new(),
            last_ticket: 0,
            store: writer,
            reader,
        };
        Hub {
            state: Guarded::new(state),
            uncounted: Uncounted::default(),
            answers: Answers::new(),
            doorkeeper,
            notices,
            clock,
            close_slow: close_slow.into(),
        }
    }

    /// Counts a connection that was refused. Takes no lock.
    pub(crate) fn count_refused(&self) {
        self.uncounted.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a connection that did not say in time what it speaks. Takes no lock.
    pub(crate) fn count_silent(&self) {
        self.uncounted.silent.fetch_add(1, Ordering::Relaxed);
    }

    /// Reads the clocks.
    pub(crate) fn now(&self) -> Now {
        self.clock.now()
    }

    /// Adds a connection with its sending end.
    pub(crate) fn open(
        &self,
        manners: Manners,
        outlet: Arc<Outlet>,
        peer: Arc<Peer>,
    ) -> ConnectionKey {
        let mut state = self.begin_round();
        let key = state.broker.open(manners);
        state.outlets.insert(key, Far { outlet, peer });
        key
    }

    /// Forgets a connection.
    pub(crate) fn forget(&self, connection: ConnectionKey) {
        self.round(|broker| broker.disconnect(connection));
        self.locked().outlets.remove(connection);
    }

    /// Returns the far end of a connection.
    pub(crate) fn peer(&self, connection: ConnectionKey) -> Option<Arc<Peer>> {
        self.locked().outlets.get(connection).map(|far| far.peer.clone())
    }

    /// Publishes messages of the server itself, in order; each result comes once the message is on its
    /// way, and stored where that is asked for.
    pub(crate) fn push(&self, messages: &[Publish<'_>]) -> Vec<Pushing> {
        let mut touched = Touched::default();
        let mut state = self.begin_round();
        let pushing = messages.iter().map(|message| state.push(message)).collect();
        state.perform(&mut touched, self);
        drop(state);
        touched.flush();
        pushing
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
            broker.push_barrier(ticket);
            Ok(())
        });
        if result.is_err() {
            self.locked().tickets.remove(&ticket);
        }
        result.map(|()| Pushing::UnderWay(waiting))
    }

    /// Closes a connection that does not read what it asked for.
    pub(crate) fn close_unread(&self, connection: ConnectionKey) {
        let mut touched = Touched::default();
        let mut state = self.begin_round();
        let limit = state.outlets.get(connection).map_or(0, |far| far.outlet.bytes_max());
        state.broker.close(connection, CloseReason::SlowConsumer { limit });
        state.perform(&mut touched, self);
    }

    /// Sets whether clients that do not read are closed.
    pub(crate) fn set_close_slow(&self, close_slow: bool) {
        self.close_slow.store(close_slow, Ordering::Relaxed);
    }

    /// Hands in no more departures.
    pub(crate) fn end_notices(&self) {
        self.notices.end();
    }

    /// Returns how many departures the application was not told of.
    pub(crate) fn dropped_notices(&self) -> u64 {
        self.notices.dropped()
    }

    /// Runs one round and writes what came of it.
    pub(crate) fn round<R>(&self, act: impl FnOnce(&mut Broker<Dialects>) -> R) -> R {
        let mut touched = Touched::default();
        let result = self.round_into(&mut touched, act);
        touched.flush();
        result
    }

    /// Runs one round; what came of it is written when `touched` is flushed.
    pub(crate) fn round_into<R>(
        &self,
        touched: &mut Touched,
        act: impl FnOnce(&mut Broker<Dialects>) -> R,
    ) -> R {
        let mut state = self.begin_round();
        let result = act(&mut state.broker);
        state.perform(touched, self);
        result
    }

    fn locked(&self) -> Locked<'_, State> {
        self.state.lock("the broker")
    }

    fn begin_round(&self) -> Locked<'_, State> {
        let mut state = self.locked();
        // Read under the lock, or a round that had to wait for it would go back in time.
        state.broker.begin_round(self.clock.now());
        self.uncounted.count_in(state.broker.stats_mut());
        state
    }
}

impl Uncounted {
    fn count_in(&self, stats: &mut Stats) {
        for (uncounted, counter) in [
            (&self.refused, &mut stats.refused_connections),
            (&self.silent, &mut stats.closed_silent),
        ] {
            // Looked at first: writing would take the line from other processors at every round.
            if uncounted.load(Ordering::Relaxed) != 0 {
                *counter += uncounted.swap(0, Ordering::Relaxed);
            }
        }
    }
}

impl State {
    fn push(&mut self, message: &Publish<'_>) -> Pushing {
        match self.broker.push_tracked(message, self.last_ticket + 1) {
            Ok(true) => Pushing::Done(Ok(())),
            Ok(false) => {
                let (done, waiting) = oneshot::channel();
                self.take_ticket(done);
                Pushing::UnderWay(waiting)
            }
            Err(reject) => Pushing::Done(Err(reject)),
        }
    }

    fn take_ticket(&mut self, done: oneshot::Sender<Result<(), Reject>>) -> u64 {
        self.last_ticket += 1;
        self.tickets.insert(self.last_ticket, done);
        self.last_ticket
    }

    /// Carries out effects until none are left: closing a slow receiver makes more.
    fn perform(&mut self, touched: &mut Touched, hub: &Hub) {
        loop {
            let effects = self.broker.take_effects();
            if effects.is_empty() {
                return;
            }
            for effect in effects {
                self.perform_one(effect, touched, hub);
            }
        }
    }

    fn perform_one(&mut self, effect: Effect, touched: &mut Touched, hub: &Hub) {
        match effect {
            Effect::Send { connection, frames, count, droppable } => {
                let kind = if droppable { Kind::Droppable } else { Kind::Kept };
                self.send(connection, (frames, count), kind, touched, hub);
            }
            Effect::Answer { connection, frames, count } => {
                self.send(connection, (frames, count), Kind::Answer, touched, hub);
            }
            Effect::Close { connection, reason } => {
                self.log_close(connection, reason);
                if let Some(Far { outlet, .. }) = self.outlets.get(connection) {
                    outlet.close(reason);
                }
            }
            // The store's threads outlive all rounds; at the very end a lost request harms nobody.
            Effect::Commit(changes) => _ = self.store.send(Job::Commit(changes)),
            Effect::Read(request) => _ = self.reader.send(request),
            // Whoever does not wait any more does not mind.
            Effect::Pushed { ticket, result } => {
                self.tickets.remove(&ticket).map(|waiting| waiting.send(result));
            }
            Effect::Departed(departed) => hub.notices.push(self.departure(departed)),
        }
    }

    fn send(
        &mut self,
        connection: ConnectionKey,
        (frames, count): (Bytes, u32),
        kind: Kind,
        touched: &mut Touched,
        hub: &Hub,
    ) {
        let Some(Far { outlet, .. }) = self.outlets.get(connection) else { return };
        match outlet.push(frames, kind) {
            (Pushed::Queued, _) => touched.add(outlet),
            (Pushed::Dropped, is_first) if !hub.close_slow.load(Ordering::Relaxed) => {
                self.broker.stats_mut().dropped_slow += u64::from(count);
                if is_first {
                    self.log_drop(connection);
                }
            }
            _ => {
                let limit = outlet.bytes_max();
                self.broker.close(connection, CloseReason::SlowConsumer { limit });
            }
        }
    }

    fn departure(&self, departed: Departed) -> Departure {
        let Departed { client, connection, reason, at, session } = departed;
        let far = connection.and_then(|connection| self.outlets.get(connection));
        Departure { client, peer: far.map(|far| (*far.peer).clone()), reason, at, session }
    }

    fn log_drop(&self, connection: ConnectionKey) {
        let client = self.broker.client_of(connection).map(ToString::to_string);
        tracing::warn!(
            client,
            "a subscriber does not read fast enough: QoS 0 messages to it are dropped until it does"
        );
    }

    fn log_close(&self, connection: ConnectionKey, reason: CloseReason) {
        let client = self.broker.client_of(connection).map(ToString::to_string);
        match reason {
            CloseReason::SlowConsumer { .. }
            | CloseReason::TooManyUnacknowledged { .. }
            | CloseReason::PacketTooLarge { .. } => {
                tracing::warn!(client, %reason, "connection closed at a limit");
            }
            _ => tracing::debug!(client, %reason, "connection closing"),
        }
    }
}

/// Packets, or messages that were committed, for which the broker is locked once; bounds how long
/// others wait for it.
pub(crate) const PACKETS_PER_ROUND_MAX: usize = 256;

/// How often the broker does what is due by itself.
pub(crate) const TICK: Duration = Duration::from_millis(100);
