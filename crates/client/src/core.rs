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
mod receipts;
mod requests;
mod unclaimed;

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use rialto_wire::jmqt::{ClientPacket, ConnAck, ServerPacket, status};
use serde_json::value::RawValue;

use crate::credentials::{Credentials, Identity};
use crate::dice::Dice;
use crate::error::{ConnectError, Disconnected, Refusal, RequestError, Status};
use crate::event::{Event, State};
use crate::message::{Ack, Push, Qos};
use crate::options::Options;
use crate::reason::Reason;

use channels::{ALL_BYTES_MAX, Channels};
use heartbeat::Pulse;
use inbox::Bounds;
use link::Link;
use outbox::Outbox;
use outlet::Outlet;
use requests::{Asker, Requests};

pub(crate) use calls::{Admission, Publication};
pub(crate) use channel::Key;
pub(crate) use channels::REST;
pub(crate) use inbox::Item;
pub(crate) use link::{Attempt, Step};
pub(crate) use outlet::Effect;
pub(crate) use receipts::PushId;

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

    /// Takes one frame from the broker. One that is no packet is a sign of life and no more (K-37).
    pub(crate) fn on_frame(&mut self, now: Instant, frame: &[u8]) {
        self.on_heard(now);
        match ServerPacket::decode(frame) {
            Ok(packet) if self.link.heartbeat().is_some() => self.on_packet(now, packet),
            Ok(packet) if self.link.is_attempting() => self.on_greeting(now, packet),
            Ok(_) => {}
            Err(_) if is_packet(frame) => {}
            Err(_) => self.out.tell(Event::BadFrame),
        }
        self.beat_if_due(now);
    }

    fn on_greeting(&mut self, now: Instant, packet: ServerPacket<'_>) {
        match packet {
            ServerPacket::AuthAck(ack) if self.presented.is_none() => {
                match (ack.st, ack.at, ack.cl) {
                    (status::OK, Some(token), Some(client)) => {
                        self.present(Identity { client: client.into(), token: token.into() });
                    }
                    (st, _, _) => self.greeting = Greeting::Refused(refusal(st, ack.mg)),
                }
            }
            ServerPacket::ConnAck(ack) if ack.st == status::OK => self.on_welcome(now, &ack),
            ServerPacket::ConnAck(ack) => {
                let reason = Reason::of_packet(ack.st, ack.rs.as_deref(), ack.mg.as_deref());
                let refusal = refusal(ack.st, ack.mg);
                self.greeting = match reason {
                    Reason::ServerFull | Reason::ServerStopping | Reason::Overrun => {
                        Greeting::TurnedAway(reason, refusal)
                    }
                    // Unasked for, as at a limit: nobody has judged the client yet.
                    _ if self.presented.is_none() => {
                        Greeting::TurnedAway(Reason::ServerFull, refusal)
                    }
                    _ => Greeting::Refused(refusal),
                };
            }
            // A broker may push what it stored before it says that the client is in.
            ServerPacket::Push(push) => {
                self.channels.on_push(owned(push), None, &mut self.out);
            }
            _ => {}
        }
    }

    fn on_welcome(&mut self, now: Instant, ack: &ConnAck<'_>) {
        let Some(identity) = self.presented.clone() else { return };
        if let Err(changed) = self.link.on_online(now, &identity, ack.ts, &mut self.out) {
            return self.link.close(changed, &mut self.out);
        }
        self.identity = Some(identity);
        self.greeting = Greeting::Welcome;
        let line = self.link.heartbeat();
        let is_lasting = self.channels.on_online(ack.resumed == 1, line, &mut self.out);
        if is_lasting {
            self.ask_for_subscriptions(now);
        }
        self.requests.on_online(&mut self.out);
        self.outbox.pump(now, &mut self.out);
        self.out.room();
    }

    fn on_packet(&mut self, now: Instant, packet: ServerPacket<'_>) {
        match packet {
            ServerPacket::Push(push) => {
                self.channels.on_push(owned(push), self.link.heartbeat(), &mut self.out);
                if self.channels.is_overrun() {
                    self.broken = Some(Disconnected::Overrun(ALL_BYTES_MAX >> 20));
                }
            }
            ServerPacket::PubAck(ack) => {
                let Some(number) = ack.id.and_then(|id| id.parse().ok()) else { return };
                self.on_pub_ack(now, number, verdict(ack.st, ack.mg, ack.dt));
            }
            ServerPacket::SubAck(ack) => {
                let verdict = verdict(ack.st, ack.mg, None);
                self.channels.on_sub_ack(now, &ack.cn, verdict, &mut self.out);
            }
            ServerPacket::UnsubAck(ack) => {
                let verdict = verdict(ack.st, ack.mg, None);
                self.channels.on_unsub_ack(&ack.cn, verdict, &mut self.out);
            }
            ServerPacket::HbAck(_) => self.on_beat_answered(),
            ServerPacket::ConnAck(ack) if ack.st != status::OK => {
                let reason = Reason::of_packet(ack.st, ack.rs.as_deref(), ack.mg.as_deref());
                let refusal = refusal(ack.st, ack.mg);
                self.broken = Some(Disconnected::Dismissed { reason, refusal });
            }
            // An answer to nothing: a sign of life, no more.
            ServerPacket::ConnAck(_) | ServerPacket::AuthAck(_) => {}
        }
    }

    fn on_pub_ack(&mut self, now: Instant, number: u64, verdict: Result<Ack, Refusal>) {
        let verdict = verdict.map_err(RequestError::Refused);
        if self.requests.is_asked(number) {
            let own = self.requests.on_ack(number, verdict, &mut self.out);
            if let Some(answer) = own {
                self.on_subscriptions(answer.ok().and_then(|ack| ack.data).as_deref());
            }
        } else if !self.on_quiet_ack(number, verdict.as_ref().err()) {
            self.outbox.on_ack(number, verdict, &mut self.out);
            self.outbox.pump(now, &mut self.out);
        }
    }

    /// Takes the refusal of a QoS 0 publish; returns whether it was one.
    fn on_quiet_ack(&mut self, number: u64, error: Option<&RequestError>) -> bool {
        let Ok(index) = self.quiet.binary_search_by_key(&number, |(number, _)| *number) else {
            return false;
        };
        if let (Some((_, channel)), Some(error)) = (self.quiet.remove(index), error) {
            let (id, error) = (Some(number.to_string()), error.clone());
            self.out.tell(Event::Publish { id, channel, error });
        }
        true
    }

    fn on_beat_answered(&mut self) {
        let Some(heartbeat) = self.link.heartbeat_mut() else { return };
        heartbeat.answered_count += 1;
        let answered_count = heartbeat.answered_count;
        self.channels.settle(answered_count);
        self.requests.on_beat_answered(answered_count, &mut self.out);
    }

    /// Takes the answer of `$mySubscriptions`; without one, the broker is taken to have none.
    fn on_subscriptions(&mut self, answer: Option<&RawValue>) {
        let answer = answer.and_then(|answer| serde_json::from_str(answer.get()).ok());
        let answer: serde_json::Value = answer.unwrap_or_default();
        let is_there = |name: &str| answer["subscriptions"][name] == "persistent";
        self.channels.on_subscriptions(is_there, &mut self.out);
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

/// Returns whether a frame has the form of a packet, be it one that a later version has.
fn is_packet(frame: &[u8]) -> bool {
    let packet = serde_json::from_slice::<HashMap<&str, HashMap<&str, &RawValue>>>(frame);
    packet.is_ok_and(|packet| packet.len() == 1)
}

/// Makes a refusal of a status and what was said with it.
fn refusal(status: u8, message: Option<impl Into<String>>) -> Refusal {
    Refusal { status: Status(status), message: message.map(Into::into) }
}

/// Reads an acknowledgement.
fn verdict(
    st: u8,
    message: Option<impl Into<String>>,
    data: Option<&RawValue>,
) -> Result<Ack, Refusal> {
    if st == status::OK {
        Ok(Ack { data: data.map(ToOwned::to_owned) })
    } else {
        Err(refusal(st, message))
    }
}

/// Makes a push of its own of one that borrows from its frame.
fn owned(push: rialto_wire::jmqt::Push<'_>) -> Push {
    Push {
        channel: push.cn.into(),
        payload: push.dt.to_owned(),
        publisher: push.cl.into(),
        qos: if push.q == 1 { Qos::AtLeastOnce } else { Qos::AtMostOnce },
        id: push.id.map(Into::into),
        retained: push.rt == 1,
    }
}

#[cfg(test)]
mod tests;
