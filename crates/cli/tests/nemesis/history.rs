//! What clients did and what they were told, in the order in which that happened to them.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How long after the beginning something happened.
pub(crate) type Moment = Duration;

/// A client's id.
pub(crate) type Name = Arc<str>;

/// Names an attempt to open a session, and the session.
pub(crate) type SessionNumber = u64;

/// A message's number, which is its payload: later ones of one session have higher ones.
pub(crate) type Number = u64;

/// Where a message stands: its log, and its place there.
pub(crate) type Place = (u64, u64);

/// A channel of the test's.
pub(crate) type Channel = &'static str;

/// One thing that happened.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// A client asks for a session.
    Asked(Name, SessionNumber),
    /// It has one.
    Opened(SessionNumber),
    /// A client is told that it is subscribed for good.
    Subscribed(SessionNumber, Channel),
    /// A message is about to be sent.
    Published(SessionNumber, Number, Channel),
    /// A message is about to be sent that is to be retained.
    PublishedToRetain(SessionNumber, Number, Channel),
    /// A publisher is told that its message is stored.
    Acknowledged(SessionNumber, Number),
    /// A stored message has come.
    Delivered(SessionNumber, Number, Channel, Place),
    /// Somebody is told that a client has gone.
    ToldOffline(Name),
    /// A node was killed, or ended because the others took it for dead.
    NodeEnded,
}

/// What is written down, by all clients.
#[derive(Clone)]
pub(crate) struct Record(Arc<Shared>);

struct Shared {
    began: Instant,
    events: Mutex<Vec<(Moment, Event)>>,
    numbers: AtomicU64,
}

impl Record {
    pub(crate) fn begin() -> Self {
        let events = Mutex::default();
        Record(Arc::new(Shared { began: Instant::now(), events, numbers: AtomicU64::new(0) }))
    }

    /// Writes down that something happens now.
    pub(crate) fn note(&self, event: Event) {
        let mut events = self.0.events.lock().unwrap();
        events.push((self.0.began.elapsed(), event));
    }

    /// Returns a number that nobody else gets, higher than all before.
    pub(crate) fn number(&self) -> u64 {
        1 + self.0.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// Returns what has happened by now.
    pub(crate) fn events(&self) -> Vec<(Moment, Event)> {
        self.0.events.lock().unwrap().clone()
    }
}
