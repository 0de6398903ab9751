//! The clocks that no step of the wall clock upsets: how long brokers have run on this store, which
//! ages are counted in, and the logical clock, which orders messages.

use std::time::Duration;

use rialto_domain::{LogicalMs, PacketId, Seen, ServedMs, SessionNumber, Snapshot, StoreClock};

use crate::{Encoder, Now};

use super::{Broker, batch::Pending};

/// How far ahead of the logical clock the store is told of it, so that it need not be told of each
/// moment: after a crash the clock goes on from there.
const RESERVED_MS: LogicalMs = 120_000;

/// How long both clocks go on before the store is told of them again.
const NOTE_EVERY_MS: ServedMs = 60_000;

/// Moments of the logical clock beyond this are nonsense, and could not be stored.
const LOGICAL_MAX: LogicalMs = 1 << 52;

/// Sessions that may be opened in a millisecond, over a whole run, with each still having a number
/// of its own.
const SESSIONS_PER_MS: u64 = 1000;

/// The same of live deliveries.
const LIVE_PER_MS: u64 = 2048;

/// The clocks of this run.
#[derive(Debug)]
pub(super) struct Clocks {
    /// How long brokers had run on the store before this one, and this one's uptime then.
    begin: (ServedMs, Duration),
    served: ServedMs,
    logical: LogicalMs,
    /// The logical clock at the start: later than any moment that an earlier run gave.
    started: LogicalMs,
    /// What the store was told last.
    pub(super) noted: StoreClock,
}

/// Gives ids to QoS 1 deliveries that are in no log.
#[derive(Debug)]
pub(super) struct LiveIds {
    last: u64,
}

impl LiveIds {
    #[inline]
    pub(super) fn next_id(&mut self) -> PacketId {
        self.last += 1;
        PacketId::Live(self.last)
    }
}

impl Clocks {
    /// Makes clocks that go on where those of earlier runs ended.
    pub(super) fn new(snapshot: &Snapshot, now: Now) -> Self {
        // What a store holds besides counts too: its clocks are noted from time to time only.
        let pages = snapshot.logs.iter().map(|log| log.newest);
        let clients = snapshot.clients.iter().map(|(_, seen)| seen.served);
        let served = pages.chain(clients).fold(snapshot.clock.served, ServedMs::max);
        let messages = snapshot.history.iter().flat_map(|(_, messages)| messages);
        let sessions = snapshot.sessions.iter();
        let sessions = sessions.map(|(_, number)| number.div_ceil(SESSIONS_PER_MS));
        let given = messages.map(|message| message.logical).chain(sessions);
        let given = given.fold(snapshot.clock.logical, LogicalMs::max);
        let logical = if given == 0 { now.unix_ms } else { now.unix_ms.max(given + 1) };
        let mut clocks = Clocks {
            begin: (served, now.uptime),
            served,
            logical: logical.min(LOGICAL_MAX),
            started: logical.min(LOGICAL_MAX),
            noted: StoreClock::default(),
        };
        clocks.noted = clocks.to_note();
        clocks
    }

    /// Takes the moment of a round.
    pub(super) fn go_on(&mut self, now: Now) {
        let (before, begin) = self.begin;
        self.served = before + now.uptime.saturating_sub(begin).as_millis() as ServedMs;
        self.logical = self.logical.max(now.unix_ms.min(LOGICAL_MAX));
    }

    /// Returns how long brokers have run on this store.
    pub(super) fn served(&self) -> ServedMs {
        self.served
    }

    /// Returns the moment that messages of this server get now.
    pub(super) fn logical(&self) -> LogicalMs {
        self.logical
    }

    /// Returns the moment that messages of this run got first.
    pub(super) fn started(&self) -> LogicalMs {
        self.started
    }

    /// Returns the number before that of the first session.
    pub(super) fn first_session(&self) -> SessionNumber {
        self.started * SESSIONS_PER_MS
    }

    /// Returns where the ids of live deliveries begin.
    pub(super) fn live_ids(&self) -> LiveIds {
        LiveIds { last: self.started * LIVE_PER_MS }
    }

    fn to_note(&self) -> StoreClock {
        StoreClock { served: self.served, logical: self.logical + RESERVED_MS }
    }

    fn is_to_be_noted(&self) -> bool {
        let is_late = self.noted.served + NOTE_EVERY_MS <= self.served;
        is_late || self.noted.logical < self.logical + RESERVED_MS / 2
    }
}

impl<E: Encoder> Broker<E> {
    /// Returns what the store has to know of the clocks before anybody is served.
    pub fn first_clock(&self) -> StoreClock {
        self.clocks.noted
    }

    /// Returns this server's logical clock.
    pub fn logical(&self) -> LogicalMs {
        self.clocks.logical()
    }

    /// Goes beyond a moment of another server's logical clock: what comes from now on comes later.
    pub fn see_logical(&mut self, logical: LogicalMs) {
        self.clocks.logical = self.clocks.logical.max((logical + 1).min(LOGICAL_MAX));
    }

    pub(super) fn seen_now(&self) -> Seen {
        Seen { at: self.now.unix_ms, served: self.clocks.served }
    }

    /// Tells the store of the clocks, if it is time.
    pub(super) fn write_clock(&mut self) {
        if self.clocks.is_to_be_noted() {
            let clock = self.clocks.to_note();
            self.note_clock(clock);
        }
    }

    /// Tells the store where the clocks end.
    pub(super) fn stop_clocks(&mut self) {
        let Clocks { served, logical, noted, .. } = self.clocks;
        let clock = StoreClock { served, logical };
        if clock != noted {
            self.note_clock(clock);
        }
    }

    fn note_clock(&mut self, clock: StoreClock) {
        let before = std::mem::replace(&mut self.clocks.noted, clock);
        self.batch.push(rialto_domain::Change::NoteClock(clock), Pending::Clock(before));
    }
}
