//! The client's side of JMQT as a state machine: no socket, no clock, no task.
//!
//! A core outlives its connections. Its owner asks it for the next [`Step`], carries its packets, and
//! tells it what comes and what time it is; calls of the application go straight to it. What it wants of
//! its owner are [`Effect`]s.

mod calls;
mod channel;
mod channels;
mod heartbeat;
mod inbox;
mod link;
mod outbox;
mod outlet;
mod packets;
mod publication;
mod receipts;
mod requests;
mod step;
mod unclaimed;

use std::collections::VecDeque;
use std::time::Instant;

use rialto_wire::jmqt::ClientPacket;

use crate::credentials::{Credentials, Identity};
use crate::dice::Dice;
use crate::error::{ConnectError, Disconnected, RequestError};
use crate::event::State;
use crate::options::Options;
use crate::reason::Reason;
use crate::status::Refusal;

use channels::Channels;
use heartbeat::Pulse;
use inbox::Bounds;
use link::Link;
use outbox::Outbox;
use outlet::Outlet;
use requests::{Asker, Requests};

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
    has_ended: bool,
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
    quiet: VecDeque<(u64, String)>,
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
            quiet: VecDeque::new(),
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

    /// Takes the packets to send, each ended by NUL, and makes more of what waits.
    pub(crate) fn take_output(&mut self, now: Instant) -> Vec<u8> {
        let was_full = self.out.is_full();
        let bytes = self.out.take_bytes();
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
    /// waits for its answer (K-36).
    pub(crate) fn is_reading(&self) -> bool {
        !self.channels.is_full() || self.awaited_count() != 0 || self.link.is_attempting()
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

    /// Begins on a new connection, as `credentials` say; these are values.
    pub(crate) fn on_open(&mut self, credentials: &Credentials) {
        self.out.clear_bytes();
        self.greeting = Greeting::Open;
        self.broken = None;
        self.presented = None;
        match credentials {
            Credentials::Auth(data) => self.out.send(&ClientPacket::Auth(data.get())),
            Credentials::Token(identity) => self.present(identity.clone()),
            // Its owner has asked the provider.
            Credentials::Provider(_) => {}
        }
    }

    /// Returns what the broker thinks of the client on the present connection.
    pub(crate) fn greeting(&self) -> &Greeting {
        &self.greeting
    }

    /// Takes why the present connection must end, if it must.
    pub(crate) fn take_broken(&mut self) -> Option<Disconnected> {
        self.broken.take()
    }

    /// Takes the failure of an attempt.
    pub(crate) fn on_failed(&mut self, now: Instant, error: ConnectError) {
        self.out.clear_bytes();
        self.link.on_failed(now, error, &mut self.out);
    }

    /// Takes the end of the connection.
    pub(crate) fn on_lost(&mut self, now: Instant, loss: Disconnected) {
        self.out.clear_bytes();
        self.quiet.clear();
        // What ends with the client is told why by its end.
        if self.link.heartbeat().is_some() && !self.link.is_end(&loss) {
            self.outbox.on_lost(loss.reason() == Reason::TooLarge, &mut self.out);
            self.requests.on_lost(&mut self.out);
            self.channels.on_lost(&mut self.out);
        }
        self.out.room();
        self.link.on_lost(now, loss, &mut self.out);
    }

    /// Notes a sign of life from the broker, or that nobody listened for one.
    pub(crate) fn on_heard(&mut self, now: Instant) {
        if let Some(heartbeat) = self.link.heartbeat_mut() {
            heartbeat.heard(now);
        }
    }

    /// Returns when [`on_time`](Self::on_time) must be called next, while online.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let heartbeat = self.link.heartbeat().map(heartbeat::Heartbeat::deadline);
        let all =
            [heartbeat, self.outbox.deadline(), self.requests.deadline(), self.channels.deadline()];
        all.into_iter().flatten().min()
    }

    /// Looks at the clock, while online.
    pub(crate) fn on_time(&mut self, now: Instant) {
        match self.link.heartbeat_mut().map(|heartbeat| heartbeat.on_time(now)) {
            None => return,
            Some(Pulse::Silent(silence)) => self.broken = Some(Disconnected::Silent(silence)),
            Some(Pulse::Beat) => {
                self.beat(now);
            }
            Some(Pulse::Quiet) => {}
        }
        if let Some(waited) = self.outbox.on_time(now, &mut self.out) {
            self.broken = Some(Disconnected::NoAck(waited));
        }
        self.channels.on_time(now, &mut self.out);
        self.on_questions_late(now);
    }

    /// Fails what was asked too long ago, in any state.
    pub(crate) fn on_questions_late(&mut self, now: Instant) {
        if self.requests.on_time(now, &mut self.out) {
            self.on_subscriptions(None);
        }
    }

    /// Returns when a question is overdue.
    pub(crate) fn question_deadline(&self) -> Option<Instant> {
        self.requests.deadline()
    }

    fn beat_if_due(&mut self, now: Instant) {
        if self.link.heartbeat().is_some_and(|heartbeat| heartbeat.is_due(now)) {
            self.beat(now);
        }
    }

    /// Sends a heartbeat, and returns its number.
    fn beat(&mut self, now: Instant) -> Option<u64> {
        let heartbeat = self.link.heartbeat_mut()?;
        heartbeat.sent(now);
        heartbeat.sent_count += 1;
        self.out.send(&ClientPacket::Hb);
        Some(heartbeat.sent_count)
    }

    fn ask_for_subscriptions(&mut self, now: Instant) {
        let (number, frame) = self.encode_question("$mySubscriptions", "{}");
        self.out.send_frame(&frame);
        let deadline = now + crate::message::RequestOptions::default().timeout;
        self.requests.ask(number, frame, (deadline, false), Asker::Client);
    }

    fn present(&mut self, identity: Identity) {
        let (token, client) = ((&identity.token).into(), (&identity.client).into());
        self.out.send(&ClientPacket::Conn { token, client });
        self.presented = Some(identity);
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
