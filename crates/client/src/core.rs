//! The client's side of JMQT as a state machine: no socket, no clock, no task.
//!
//! A core outlives its connections. Its owner asks it for the next [`Step`], carries its packets, and
//! tells it what comes and what time it is; calls of the application go straight to it. What it wants of
//! its owner are [`Effect`]s.

mod calls;
mod channel;
mod channels;
mod clock;
mod connection;
mod heartbeat;
mod inbox;
mod link;
mod outbox;
mod outlet;
mod packets;
mod publication;
mod quiet;
mod receipts;
mod requests;
mod step;
mod unclaimed;

use std::time::Instant;

use crate::credentials::Identity;
use crate::dice::Dice;
use crate::error::{Disconnected, RequestError};
use crate::event::State;
use crate::options::Options;
use crate::reason::Reason;
use crate::status::Refusal;

use channels::Channels;
use inbox::Bounds;
use link::Link;
use outbox::Outbox;
use outlet::Outlet;
use quiet::Quiet;
use requests::Requests;

pub(crate) use channel::Key;
pub(crate) use channels::REST;
pub(crate) use inbox::Item;

pub(crate) use outlet::Effect;
pub(crate) use publication::{Admission, Publication};
pub(crate) use receipts::PushId;
pub(crate) use step::{Attempt, Step};

/// What became of the first words of a connection.
#[derive(Debug)]
pub(crate) enum Greeting {
    /// The broker has not decided.
    Open,
    /// It has let the client in.
    Welcome,
    /// It does not let the client in.
    Refused(Refusal),
    /// It is about to close before it has judged the client, and says why.
    TurnedAway(Reason, Refusal),
}

/// What decides what the owner of a core does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is looked at for itself")]
pub(crate) struct Sight {
    is_stirred: bool,
    has_output: bool,
    is_reading: bool,
    has_room: bool,
    pub(crate) has_ended: bool,
    /// What is left to finish, while the client drains.
    pub(crate) left_count: usize,
}

/// One client, over any number of connections; `T` is what a call is answered by.
#[derive(Debug)]
pub(crate) struct Core<T> {
    link: Link,
    outbox: Outbox<T>,
    requests: Requests<T>,
    channels: Channels<T>,
    out: Outlet<T>,
    /// Whom the client presents itself as on the present connection.
    presented: Option<Identity>,
    /// Who the broker says that it is.
    identity: Option<Identity>,
    greeting: Greeting,
    /// Why the present connection must end.
    broken: Option<Disconnected>,
    last_number: u64,
    /// QoS 0 publishes whose refusal may still come.
    quiet: Quiet,
    hear_of_refusals: bool,
    is_draining: bool,
    /// Whether a call changed when the owner is to look again.
    is_stirred: bool,
}

impl<T> Core<T> {
    pub(crate) fn new(options: &Options, mut dice: Dice, now: Instant) -> Self {
        let bounds = Bounds {
            count_max: options.inbox_count_max,
            bytes_max: options.inbox_bytes_max.max(1),
        };
        let other_dice = Dice::seeded(dice.roll());
        Core {
            link: Link::new(options, dice, now),
            outbox: Outbox::new(options.outbox, options.window_count_max),
            requests: Requests::new(),
            channels: Channels::new(bounds, other_dice),
            out: Outlet::new(),
            presented: None,
            identity: None,
            greeting: Greeting::Open,
            broken: None,
            last_number: 0,
            quiet: Quiet::default(),
            hear_of_refusals: options.hear_of_refusals,
            is_draining: false,
            is_stirred: false,
        }
    }

    /// Has ids begin behind `number`, so that no two runs of a program use the same ones (K-40).
    pub(crate) fn number_from(&mut self, number: u64) {
        self.last_number = number;
    }

    /// Returns who the broker says this client is, once it has.
    pub(crate) fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    pub(crate) fn state(&self) -> State {
        self.link.state()
    }

    pub(crate) fn ended(&self) -> Option<&Disconnected> {
        self.link.ended()
    }

    /// Returns what decides what the owner does next: whoever changes it wakes the owner.
    pub(crate) fn sight(&mut self) -> Sight {
        Sight {
            is_stirred: std::mem::take(&mut self.is_stirred),
            has_output: self.out.has_bytes(),
            is_reading: self.is_reading(),
            has_room: self.channels.has_room(),
            has_ended: self.link.ended().is_some(),
            left_count: if self.is_draining { self.left_count() } else { 0 },
        }
    }

    fn left_count(&self) -> usize {
        self.awaited_count() + self.channels.in_hand_count()
    }

    /// Takes what the core wants of its owner.
    pub(crate) fn take_effects(&mut self) -> Vec<Effect<T>> {
        std::mem::take(&mut self.out.effects)
    }

    /// Takes whether publishes that found no room may find some.
    pub(crate) fn take_room(&mut self) -> bool {
        self.out.take_room()
    }

    /// Takes the packets to send, each ended by NUL, and makes more of what waits, in the memory of
    /// `spare`, which is empty.
    pub(crate) fn take_output(&mut self, now: Instant, spare: Vec<u8>) -> Vec<u8> {
        let was_full = self.out.is_full();
        let bytes = self.out.take_bytes(spare);
        if let Some(heartbeat) = self.link.heartbeat_mut() {
            if !bytes.is_empty() {
                heartbeat.sent(now);
            }
            self.outbox.pump(now, &mut self.out);
        }
        if was_full {
            self.out.room();
        }
        bytes
    }

    /// Returns whether frames should be read: unless there is no room for what they bring, or if a call
    /// waits for its answer (K-36). Never while a broker that does not read causes more to be sent.
    pub(crate) fn is_reading(&self) -> bool {
        let has_room = !self.channels.is_pausing() || self.awaited_count() != 0;
        (has_room || self.link.is_attempting()) && !self.out.is_flooded()
    }

    /// Returns how many answers are awaited.
    pub(crate) fn awaited_count(&self) -> usize {
        self.outbox.count() + self.requests.count() + self.channels.asked_count()
    }

    /// Begins to connect.
    pub(crate) fn start(&mut self) {
        self.link.start();
    }

    /// Returns what is to be done about the connection now.
    pub(crate) fn step(&mut self, now: Instant) -> Step {
        let step = self.link.step(now, self.channels.has_room(), &mut self.out);
        if let Step::End(reason) = &step {
            self.finish(&reason.clone());
        }
        step
    }

    /// Answers everything that is open, because the client has ended (K-62).
    fn finish(&mut self, reason: &Disconnected) {
        let error = RequestError::Disconnected(reason.clone());
        self.outbox.end(&error, &mut self.out);
        self.requests.end(&error, &mut self.out);
        self.channels.end_all(&error, &mut self.out);
        self.out.room();
    }
}

#[cfg(test)]
mod tests;
