//! The client's side of JMQT as a state machine: no socket, no clock, no task.
//!
//! A session outlives its connections: what waits for an acknowledgement when one breaks is sent
//! again, in order and with the same ids, when the next one opens.

mod awaited;
mod heartbeat;
mod words;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rialto_wire::jmqt::{Carrier, ClientPacket, Publish, ServerPacket, status};
use serde_json::value::RawValue;

use crate::error::Refusal;
use crate::message::{Ack, Persistence, PublishOptions, Qos};
use crate::options::{Credentials, Identity};

use awaited::{Awaited, Kind};
use heartbeat::Heartbeat;
use words::{owned, refusal, verdict};

pub(crate) use words::{Event, Request};

/// How far the present connection has come.
#[derive(Debug)]
enum Phase {
    /// There is none.
    Offline,
    /// `auth` is sent.
    Authenticating,
    /// `conn` is sent.
    Connecting,
    Online(Heartbeat),
}

/// One client, over any number of connections; `T` is what a request is answered by.
#[derive(Debug)]
pub(crate) struct Session<T> {
    credentials: Credentials,
    phase: Phase,
    identity: Option<Identity>,
    /// Non-persistent subscriptions, which the broker forgets with the connection.
    subscriptions: BTreeSet<String>,
    awaited: Awaited<T>,
    last_id: u64,
    /// Heartbeats of the present connection: each is answered, in order.
    beats_sent: u64,
    beats_answered: u64,
    /// Packets to send, each ended by NUL.
    output: Vec<u8>,
}

impl<T> Session<T> {
    pub(crate) fn new(credentials: Credentials) -> Self {
        Session {
            credentials,
            phase: Phase::Offline,
            identity: None,
            subscriptions: BTreeSet::new(),
            awaited: Awaited::new(),
            last_id: 0,
            beats_sent: 0,
            beats_answered: 0,
            output: Vec::new(),
        }
    }

    /// Returns who the broker says this client is, once it has.
    pub(crate) fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// Returns how many requests wait for their acknowledgement.
    pub(crate) fn awaited_count(&self) -> usize {
        self.awaited.count()
    }

    /// Takes the packets to send, each ended by NUL.
    pub(crate) fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    pub(crate) fn output_bytes(&self) -> usize {
        self.output.len()
    }

    /// Begins on a new connection.
    pub(crate) fn on_open(&mut self) {
        match &self.credentials {
            Credentials::Auth(data) => {
                ClientPacket::Auth(data.get()).encode(&mut self.output, Carrier::Tcp);
                self.phase = Phase::Authenticating;
            }
            Credentials::Token(identity) => self.present(identity.clone()),
        }
    }

    /// Forgets the connection; what is awaited is kept for the next one.
    pub(crate) fn on_close(&mut self) {
        self.phase = Phase::Offline;
        self.output.clear();
    }

    /// Takes one frame from the broker. One that is no packet is a sign of life and no more: a later
    /// version of the broker may know packets that this one does not.
    pub(crate) fn on_frame(&mut self, now: Instant, frame: &[u8], events: &mut Vec<Event<T>>) {
        self.on_heard(now);
        let Ok(packet) = ServerPacket::decode(frame) else { return };
        match (&self.phase, packet) {
            (Phase::Authenticating, ServerPacket::AuthAck(ack)) => match (ack.st, ack.at, ack.cl) {
                (status::OK, Some(token), Some(client)) => {
                    self.present(Identity { client: client.into(), token: token.into() });
                }
                (st, _, _) => events.push(Event::Refused(refusal(st, ack.mg))),
            },

            // Unasked for: a last word, as at a limit.
            (Phase::Authenticating, ServerPacket::ConnAck(ack)) if ack.st != status::OK => {
                events.push(Event::TurnedAway(refusal(ack.st, ack.mg)));
            }

            (Phase::Connecting, ServerPacket::ConnAck(ack)) if ack.st == status::OK => {
                self.phase = Phase::Online(Heartbeat::start(now, ack.ts));
                self.restore();
                events.push(Event::Online);
            }
            (Phase::Connecting, ServerPacket::ConnAck(ack)) => {
                events.push(Event::Refused(refusal(ack.st, ack.mg)));
            }

            (Phase::Online(_), ServerPacket::ConnAck(ack)) if ack.st != status::OK => {
                events.push(Event::Dismissed(refusal(ack.st, ack.mg)));
            }
            (Phase::Online(_), ServerPacket::SubAck(ack)) => {
                let is_it = |kind: &Kind| matches!(kind, Kind::Subscribe(cn, _) if *cn == ack.cn);
                self.answer(is_it, verdict(ack.st, ack.mg, None), events);
            }
            (Phase::Online(_), ServerPacket::UnsubAck(ack)) => {
                let is_it = |kind: &Kind| matches!(kind, Kind::Unsubscribe(cn) if *cn == ack.cn);
                self.answer(is_it, verdict(ack.st, ack.mg, None), events);
            }
            (Phase::Online(_), ServerPacket::PubAck(ack)) => {
                let id: Option<u64> = ack.id.and_then(|id| id.parse().ok());
                let is_it = |kind: &Kind| matches!(kind, Kind::Publish(of) if Some(*of) == id);
                self.answer(is_it, verdict(ack.st, ack.mg, ack.dt), events);
            }

            (Phase::Online(_), ServerPacket::HbAck(_)) => {
                self.beats_answered += 1;
                let number = self.beats_answered;
                let is_it = |kind: &Kind| *kind == Kind::Heartbeat(number);
                self.answer(is_it, Ok(Ack::default()), events);
            }

            // A broker may push what it stored before it says that the client is in.
            (Phase::Connecting | Phase::Online(_), ServerPacket::Push(push)) => {
                events.push(Event::Pushed(owned(push)));
            }
            // An answer to nothing: a sign of life, no more.
            (_, _) => {}
        }
    }

    /// Sends `request` and remembers `ticket` until it is answered. Only while online.
    pub(crate) fn request(&mut self, request: Request, ticket: T, events: &mut Vec<Event<T>>) {
        let start = self.output.len();
        let kind = match request {
            Request::Subscribe(channel, persistence) => {
                let persistent = persistence == Persistence::Persistent;
                self.send(&ClientPacket::Sub { channel: (&channel).into(), persistent });
                Kind::Subscribe(channel, persistence)
            }
            Request::Unsubscribe(channel) => {
                self.send(&ClientPacket::Unsub { channel: (&channel).into() });
                Kind::Unsubscribe(channel)
            }
            Request::Publish { channel, payload, options } => {
                match self.publish(&channel, &payload, options) {
                    Some(id) => Kind::Publish(id),
                    None => return events.push(Event::Answered(ticket, Ok(Ack::default()))),
                }
            }
            Request::Ping => Kind::Heartbeat(self.beat()),
        };
        self.awaited.push(kind, self.output[start..].to_vec(), ticket);
    }

    /// Sends one publish, and returns its id if it is going to be acknowledged.
    fn publish(&mut self, channel: &str, data: &RawValue, options: PublishOptions) -> Option<u64> {
        let acknowledged = options.qos == Qos::AtLeastOnce;
        // A question to a control channel is answered whatever its QoS.
        let id = (acknowledged || channel.starts_with('$')).then(|| {
            self.last_id += 1;
            self.last_id
        });
        self.send(&ClientPacket::Pub(Publish {
            channel: channel.into(),
            payload: data.get(),
            acknowledged,
            retain: options.retain,
            id: id.map(|id| id.to_string().into()),
        }));
        id
    }

    /// Acknowledges a push. Only while online.
    pub(crate) fn acknowledge(&mut self, id: &str) {
        self.send(&ClientPacket::PushAck { id: id.into(), accepted: true });
    }

    /// Takes leave.
    pub(crate) fn disconnect(&mut self) {
        self.send(&ClientPacket::Disconn);
    }

    /// Takes the tickets of all that will not be answered any more.
    pub(crate) fn abandon(&mut self) -> impl Iterator<Item = T> {
        self.awaited.drain()
    }

    /// Notes a sign of life from the broker, or that nobody listened for one.
    pub(crate) fn on_heard(&mut self, now: Instant) {
        if let Phase::Online(heartbeat) = &mut self.phase {
            heartbeat.heard(now);
        }
    }

    /// Returns when [`on_time`](Self::on_time) must be called next; `None` unless online.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Online(heartbeat) => Some(heartbeat.deadline()),
            _ => None,
        }
    }

    /// Sends a heartbeat if one is due.
    ///
    /// # Errors
    /// The time the broker has been silent, if that is too long: the connection is lost.
    pub(crate) fn on_time(&mut self, now: Instant) -> Result<(), Duration> {
        let Phase::Online(heartbeat) = &mut self.phase else { return Ok(()) };
        heartbeat.on_time(now);
        if let Some(silence) = heartbeat.silence(now) {
            return Err(silence);
        }
        if heartbeat.is_due(now) {
            heartbeat.beat(now);
            self.beat();
        }
        Ok(())
    }

    /// Sends a heartbeat, and returns its number.
    fn beat(&mut self) -> u64 {
        self.beats_sent += 1;
        self.send(&ClientPacket::Hb);
        self.beats_sent
    }

    fn send(&mut self, packet: &ClientPacket<'_>) {
        packet.encode(&mut self.output, Carrier::Tcp);
    }

    fn present(&mut self, identity: Identity) {
        let (token, client) = ((&identity.token).into(), (&identity.client).into());
        self.send(&ClientPacket::Conn { token, client });
        self.identity = Some(identity);
        self.phase = Phase::Connecting;
    }

    /// Brings a new connection to where the last one was.
    fn restore(&mut self) {
        for channel in &self.subscriptions {
            let packet = ClientPacket::Sub { channel: channel.into(), persistent: false };
            packet.encode(&mut self.output, Carrier::Tcp);
        }
        self.beats_sent = self.awaited.renumber_heartbeats();
        self.beats_answered = 0;
        for frame in self.awaited.frames() {
            self.output.extend_from_slice(frame);
        }
    }

    fn answer(
        &mut self,
        is_it: impl Fn(&Kind) -> bool,
        verdict: Result<Ack, Refusal>,
        events: &mut Vec<Event<T>>,
    ) {
        // Nobody waits for the acknowledgement of a restored subscription.
        let Some(entry) = self.awaited.take(is_it) else { return };
        match entry.kind {
            Kind::Subscribe(channel, Persistence::Session) if verdict.is_ok() => {
                self.subscriptions.insert(channel);
            }
            Kind::Unsubscribe(channel) if verdict.is_ok() => {
                self.subscriptions.remove(&channel);
            }
            _ => {}
        }
        events.push(Event::Answered(entry.ticket, verdict));
    }
}

#[cfg(test)]
mod tests;
