//! What the handles and the driver of a client share: its core, behind a lock that nobody holds while
//! anything else runs.

use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::broadcast::error::SendError;
use tokio::sync::{Notify, broadcast, oneshot, watch};

use crate::connection::Connection;
use crate::core::{Core, Effect};
use crate::dice::Dice;
use crate::error::RequestError;
use crate::event::Event;
use crate::message::Ack;
use crate::options::Options;
use crate::queue::Queue;
use crate::shown::one_line;

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
    /// Publishes that wait for room.
    pub(crate) queue: Queue,
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
            queue: Queue::default(),
            progress: Notify::new(),
            events: broadcast::Sender::new(EVENTS_MAX),
            connection: watch::Sender::new(Connection::Connecting),
        }
    }

    /// Asks the core for something, and wakes the driver if that gives it something to do.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut Core<Ticket>, Instant) -> R) -> R {
        self.run(true, |core| act(core, now()))
    }

    /// As [`with`](Self::with), without a look at the clock.
    pub(crate) fn timeless<R>(&self, act: impl FnOnce(&mut Core<Ticket>) -> R) -> R {
        self.run(true, act)
    }

    /// As [`with`](Self::with), for the driver itself, which looks again anyway.
    pub(crate) fn drive<R>(&self, act: impl FnOnce(&mut Core<Ticket>, Instant) -> R) -> R {
        self.run(false, |core| act(core, now()))
    }

    fn run<R>(&self, wakes: bool, act: impl FnOnce(&mut Core<Ticket>) -> R) -> R {
        let mut core = self.core.lock();
        let before = core.sight();
        let result = act(&mut core);
        let effects = core.take_effects();
        let has_room = core.take_room();
        let after = core.sight();
        drop(core);
        if wakes && after != before {
            self.driver.notify_one();
        }
        if after.left_count != before.left_count || after.has_ended != before.has_ended {
            self.progress.notify_waiters();
        }
        if has_room {
            self.queue.notice_room();
        }
        effects.into_iter().for_each(|effect| self.perform(effect));
        result
    }

    /// Tells whoever listens to events of one.
    pub(crate) fn tell(&self, event: Event) {
        if let Err(SendError(event)) = self.events.send(event) {
            log(&event);
        }
    }

    fn perform(&self, effect: Effect<Ticket>) {
        match effect {
            // Whoever dropped the other end does not care for the answer.
            Effect::Answer(ticket, answer) => drop(ticket.send(answer)),
            Effect::Event(event) => self.tell(event),
            Effect::Wake(reader) => reader.wake(),
        }
    }
}

/// Writes an error that nobody listens for to the log (K-63).
fn log(event: &Event) {
    match event {
        Event::HandlerFailed { channel, error } => {
            let (channel, error) = (one_line(channel), one_line(error));
            tracing::warn!(%channel, %error, "the handler of a message failed");
        }
        Event::BadFrame => tracing::warn!("a frame of the broker that is no packet was ignored"),
        _ => {}
    }
}

/// Reads the clock, which stands still in tests that pause it.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
