//! What the handles and the driver of a client share: its core, behind a lock that nobody holds while
//! anything else runs.

use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::{Notify, broadcast, oneshot, watch};

use crate::connection::Connection;
use crate::core::{Core, Effect};
use crate::dice::Dice;
use crate::error::RequestError;
use crate::event::Event;
use crate::message::Ack;
use crate::options::Options;

/// Events that are kept for whoever reads them late.
const EVENTS_MAX: usize = 1_024;

/// Leaves 36 random bits for the first id: eleven digits.
const RANDOM_SHIFT: u32 = 28;

/// Where the answer to a call goes.
pub(crate) type Ticket = oneshot::Sender<Result<Ack, RequestError>>;

#[derive(Debug)]
pub(crate) struct Shared {
    core: Mutex<Core<Ticket>>,
    /// Wakes the driver: what it is to do may have changed.
    pub(crate) driver: Notify,
    /// Wakes publishes that wait for room.
    pub(crate) room: Notify,
    /// Wakes whoever waits for the end of draining.
    pub(crate) progress: Notify,
    pub(crate) events: broadcast::Sender<Event>,
    pub(crate) connection: watch::Sender<Connection>,
}

impl Shared {
    pub(crate) fn new(options: &Options) -> Self {
        let mut dice = Dice::unseeded();
        let first_number = dice.roll() >> RANDOM_SHIFT;
        let mut core = Core::new(options, dice, now());
        core.number_from(first_number);
        Shared {
            core: Mutex::new(core),
            driver: Notify::new(),
            room: Notify::new(),
            progress: Notify::new(),
            events: broadcast::Sender::new(EVENTS_MAX),
            connection: watch::Sender::new(Connection::Connecting),
        }
    }

    /// Asks the core for something, and wakes the driver if that gives it something to do.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut Core<Ticket>, Instant) -> R) -> R {
        self.run(true, act)
    }

    /// As [`with`](Self::with), for the driver itself, which looks again anyway.
    pub(crate) fn drive<R>(&self, act: impl FnOnce(&mut Core<Ticket>, Instant) -> R) -> R {
        self.run(false, act)
    }

    fn run<R>(&self, wakes: bool, act: impl FnOnce(&mut Core<Ticket>, Instant) -> R) -> R {
        let mut core = self.core.lock();
        let before = core.sight();
        let result = act(&mut core, now());
        let effects = core.take_effects();
        let after = core.sight();
        drop(core);
        if wakes && after != before {
            self.driver.notify_one();
        }
        if after.left_count != before.left_count {
            self.progress.notify_waiters();
        }
        effects.into_iter().for_each(|effect| self.perform(effect));
        result
    }

    fn perform(&self, effect: Effect<Ticket>) {
        match effect {
            // Whoever dropped the other end does not care for the answer, or the event.
            Effect::Answer(ticket, answer) => drop(ticket.send(answer)),
            Effect::Event(event) => drop(self.events.send(event)),
            Effect::Wake(reader) => reader.wake(),
            Effect::Room => self.room.notify_waiters(),
        }
    }
}

/// Reads the clock, which stands still in tests that pause it.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
