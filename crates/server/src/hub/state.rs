//! What a round works on, and how what came of it is carried out.

use std::{
    collections::HashMap,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use rialto_application::{self as application, Protocol};
use rialto_broker::{
    Answer, Broker, Command, CommandOutcome, ConnectionKey, Effect, Issuer, SessionEnded,
};
use rialto_domain::{CloseReason, Reject};
use rialto_net::{Frames, Kind, Pushed};
use slotmap::SecondaryMap;
use tokio::sync::oneshot;

use crate::{
    audit::{self, Audit, told},
    authorizer::Caller,
    bus::BusLink,
    connection_writer::{ConnectionWriter, DirtyWriters},
    dialects::Dialects,
    memory::Level,
    session_events::SessionEvents,
    store_jobs::{Job, Lookup, Wish},
    visit::Visit,
};

/// What a round works on.
pub(super) struct State {
    pub(super) broker: Broker<Dialects>,
    pub(super) endpoints: SecondaryMap<ConnectionKey, Endpoint>,
    /// Who waits for what becomes of the server's own messages.
    pub(super) tickets: HashMap<u64, oneshot::Sender<Result<(), Reject>>>,
    last_ticket: u64,
    store: mpsc::Sender<Job>,
    reader: mpsc::Sender<Lookup>,
    member: mpsc::Sender<Wish>,
    bus: Option<Arc<BusLink>>,
    pub(super) audit: Arc<Audit>,
    /// Whether clients that do not read are closed.
    pub(super) close_slow: bool,
    /// How much of what may wait does, as of the last round.
    pub(super) level: Level,
    /// Whether that it is too much was logged, and not yet that it is over.
    pub(super) is_relieving: bool,
    /// When connections were last looked at for closing some to make room.
    pub(super) relieved: Option<Duration>,
    /// Counts rounds.
    round: u32,
    /// When the present round began, if it is one that is measured.
    pub(super) measured: Option<Instant>,
    /// What the present round sends.
    pub(super) sent: Sent,
}

/// The ways to the store's threads, and to the bus.
type Ways = (mpsc::Sender<Job>, mpsc::Sender<Lookup>, mpsc::Sender<Wish>, Option<Arc<BusLink>>);

/// Whether messages are sent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sent {
    /// Such as may be dropped: with QoS 0.
    pub(super) droppable: bool,
    /// Such as may not.
    pub(super) kept: bool,
}

/// One of so many rounds is measured, so that reading the clock costs the others nothing.
const MEASURED_EVERY: u32 = 64;

/// The far end of a connection, and the way to it.
pub(super) struct Endpoint {
    pub(super) writer: Arc<ConnectionWriter>,
    pub(super) caller: Arc<Caller>,
    /// What the log is told of it, if it is.
    pub(super) visit: Option<Box<Visit>>,
    /// Whether it is subscribed to a channel of events, so that there are none about it.
    pub(super) is_watcher: bool,
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

impl State {
    pub(super) fn new(
        broker: Broker<Dialects>,
        (store, reader, member, bus): Ways,
        audit: &Arc<Audit>,
        close_slow: bool,
    ) -> Self {
        State {
            broker,
            endpoints: SecondaryMap::new(),
            tickets: HashMap::new(),
            last_ticket: 0,
            store,
            reader,
            member,
            bus,
            audit: audit.clone(),
            close_slow,
            level: Level::default(),
            is_relieving: false,
            relieved: None,
            round: 0,
            measured: None,
            sent: Sent::default(),
        }
    }

    /// Asks the store now what other nodes did.
    pub(super) fn look(&self) {
        _ = self.member.send(Wish::Look);
    }

    /// Begins to measure a round, if it is its turn.
    #[inline]
    pub(super) fn begin_measure(&mut self) {
        self.round = self.round.wrapping_add(1);
        self.measured = self.round.is_multiple_of(MEASURED_EVERY).then(Instant::now);
        self.sent = Sent::default();
    }

    /// Carries out a command of the server's.
    pub(super) fn command(&mut self, issuer: Issuer<'_>, command: &Command<'_>) -> Pushing {
        match self.broker.command(issuer, command, Answer::Ticket(self.last_ticket + 1)) {
            Ok(CommandOutcome::Done) => Pushing::Done(Ok(())),
            Ok(CommandOutcome::AwaitsCommit) => {
                let (done, waiting) = oneshot::channel();
                self.take_ticket(done);
                Pushing::UnderWay(waiting)
            }
            Err(reject) => Pushing::Done(Err(reject)),
        }
    }

    /// Has what is stored about a client in the broker's memory, as `claim` says of the broker and a
    /// ticket.
    pub(super) fn claim(
        &mut self,
        claim: impl FnOnce(&mut Broker<Dialects>, u64) -> bool,
    ) -> Pushing {
        if claim(&mut self.broker, self.last_ticket + 1) {
            return Pushing::Done(Ok(()));
        }
        let (done, waiting) = oneshot::channel();
        self.take_ticket(done);
        Pushing::UnderWay(waiting)
    }

    pub(super) fn take_ticket(&mut self, done: oneshot::Sender<Result<(), Reject>>) -> u64 {
        self.last_ticket += 1;
        self.tickets.insert(self.last_ticket, done);
        self.last_ticket
    }

    /// Carries out effects until none are left: closing a slow receiver makes more.
    pub(super) fn perform(&mut self, dirty: &mut DirtyWriters, session_events: &SessionEvents) {
        loop {
            let effects = self.broker.take_effects();
            if effects.is_empty() {
                return;
            }
            for effect in effects {
                self.perform_one(effect, dirty, session_events);
            }
        }
    }

    fn perform_one(
        &mut self,
        effect: Effect,
        dirty: &mut DirtyWriters,
        session_events: &SessionEvents,
    ) {
        match effect {
            Effect::Send { connection, frames, count, droppable } => {
                let kind = if droppable { Kind::Droppable } else { Kind::Kept };
                self.sent.droppable |= droppable;
                self.sent.kept |= !droppable;
                let frames = Frames { bytes: frames, packets: count, deliveries: count };
                self.send(connection, frames, kind, dirty);
            }
            Effect::Answer { connection, frames, count, deliveries } => {
                let frames = Frames { bytes: frames, packets: count, deliveries };
                self.send(connection, frames, Kind::Answer, dirty);
            }
            Effect::Close { connection, reason } => {
                self.log_close(connection, reason);
                self.note_close(connection, reason);
            }
            Effect::Opened { connection, client, session } => {
                let endpoint = self.endpoints.get_mut(connection);
                if let Some(visit) = endpoint.and_then(|endpoint| endpoint.visit.as_mut()) {
                    visit.open_session(client, session);
                }
            }
            Effect::Subscribed { connection, channel } => {
                self.note_subscribed(connection, channel.as_str());
            }
            // The store's threads outlive all rounds; at the very end a lost request harms nobody.
            Effect::Commit(commit) => {
                let taken = self.broker.now().uptime;
                _ = self.store.send(Job::Commit(commit, taken));
            }
            Effect::Read(request) => _ = self.reader.send(Lookup::Pages(request)),
            Effect::Load(request) => _ = self.reader.send(Lookup::Clients(request)),
            Effect::Claim(claim) => _ = self.member.send(Wish::Claim(claim)),
            Effect::Refresh { connection, channel } => {
                _ = self.member.send(Wish::Refresh(connection, channel));
            }
            Effect::Bus(effect) => {
                if let Some(bus) = &self.bus {
                    bus.perform(effect);
                }
            }
            Effect::ReadLog(request) => _ = self.reader.send(Lookup::Log(request)),
            // Whoever does not wait any more does not mind.
            Effect::Resolved { ticket, result } => {
                self.tickets.remove(&ticket).map(|waiting| waiting.send(result));
            }
            Effect::SessionEnded(ended) => {
                let ended = self.with_peer(ended);
                // The application has heard of no session of a follower's.
                if !ended.peer.as_ref().is_some_and(|peer| peer.protocol == Protocol::Http) {
                    session_events.push(ended);
                }
            }
        }
    }

    fn send(
        &mut self,
        connection: ConnectionKey,
        frames: Frames,
        kind: Kind,
        dirty: &mut DirtyWriters,
    ) {
        let deliveries = frames.deliveries;
        let Some(Endpoint { writer, caller, .. }) = self.endpoints.get(connection) else {
            return self.count_unwritten(deliveries);
        };
        match writer.push(frames, kind, self.level.is_pressed) {
            (Pushed::Queued, _) => {
                self.broker.note_queued(deliveries);
                dirty.add(writer);
            }
            (Pushed::Closed, _) => self.count_unwritten(deliveries),
            // A follower is not sent a message behind one that was dropped: it comes back for both.
            (Pushed::Dropped, is_first) if !self.close_slow && !caller.is_follower() => {
                self.broker.stats_mut().dropped_slow += u64::from(deliveries);
                self.broker.tail_dropped(connection, deliveries);
                if is_first {
                    self.log_drop(connection);
                }
            }
            (Pushed::Dropped | Pushed::Overflow, _) => {
                let limit = writer.bytes_max();
                self.count_unwritten(deliveries);
                self.broker.close(connection, CloseReason::SlowConsumer { limit });
            }
        }
    }

    /// Counts deliveries to a connection that has ended, or is to end.
    fn count_unwritten(&mut self, deliveries: u32) {
        self.broker.note_queued(deliveries);
        self.broker.deliveries().count_unwritten(u64::from(deliveries));
    }

    /// Adds to the end of a session who was at the other end of its connection.
    fn with_peer(&self, ended: SessionEnded) -> application::SessionEnded {
        let SessionEnded { client, connection, reason, at, session } = ended;
        let endpoint = connection.and_then(|connection| self.endpoints.get(connection));
        application::SessionEnded {
            client,
            peer: endpoint.map(|endpoint| (*endpoint.caller.peer).clone()),
            reason,
            at,
            session,
        }
    }

    fn note_close(&mut self, connection: ConnectionKey, reason: CloseReason) {
        let Some(Endpoint { writer, caller, visit, .. }) = self.endpoints.get_mut(connection)
        else {
            return;
        };
        writer.close(reason);
        if caller.is_follower() && matches!(reason, CloseReason::SlowConsumer { .. }) {
            // It is told at once, also where HTTP takes nothing more of it, and comes back for the rest.
            writer.abandon();
        }
        if let Some(visit) = visit {
            visit.close(reason);
        }
        if reason == CloseReason::NotAuthenticated {
            let details = told::close_details(reason);
            self.audit
                .refused(caller.origin(), (audit::Event::Session, details.reason), || details);
        }
    }

    fn log_drop(&self, connection: ConnectionKey) {
        self.note_slow(connection, "messages-dropped");
        let client = self.broker.client_of(connection).map(ToString::to_string);
        tracing::warn!(
            client,
            "slow consumer: QoS 0 messages to this client are dropped until it has read what waits"
        );
    }

    fn log_close(&self, connection: ConnectionKey, reason: CloseReason) {
        if matches!(reason, CloseReason::SlowConsumer { .. }) {
            self.note_slow(connection, "closed");
        }
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
