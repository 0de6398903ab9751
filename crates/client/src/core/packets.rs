//! What the broker says.

use std::time::Instant;

use rialto_wire::jmqt::{ConnAck, ServerPacket, status};
use serde_json::value::RawValue;

use crate::credentials::Identity;
use crate::error::{Disconnected, RequestError};
use crate::event::Event;
use crate::incoming::{Incoming, refusal, verdict};
use crate::message::{Ack, Push};
use crate::reason::Reason;
use crate::status::Refusal;
use crate::stranger::is_packet;

use super::channels::ALL_BYTES_MAX;
use super::{Core, Greeting};

impl<T> Core<T> {
    /// Takes one frame from the broker. One that is no packet is a sign of life and no more (K-37).
    pub(crate) fn on_incoming(&mut self, now: Instant, incoming: Incoming) {
        self.on_heard(now);
        match incoming {
            Incoming::Push(push) => self.on_push(push),
            Incoming::Answer { number, verdict } => {
                if self.link.heartbeat().is_some() {
                    self.on_pub_ack(now, number, verdict);
                }
            }
            Incoming::Frame(frame) => match ServerPacket::decode(&frame) {
                Ok(packet) if self.link.heartbeat().is_some() => self.on_packet(now, packet),
                Ok(packet) if self.link.is_attempting() => self.on_greeting(now, packet),
                Ok(_) => {}
                Err(_) if is_packet(&frame) => {}
                Err(_) => self.out.tell(Event::BadFrame),
            },
        }
        self.beat_if_due(now);
    }

    /// Takes a message, also before the broker has let the client in: it may push what it stored first.
    fn on_push(&mut self, push: Push) {
        let line = self.link.heartbeat();
        if line.is_none() && !self.link.is_attempting() {
            return;
        }
        self.channels.on_push(push, line, &mut self.out);
        if self.channels.is_overrun() {
            self.broken = Some(Disconnected::Overrun(ALL_BYTES_MAX >> 20));
        }
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
            // Answers to nothing: a sign of life, no more. What is to be had of the last two is read before.
            ServerPacket::ConnAck(_)
            | ServerPacket::AuthAck(_)
            | ServerPacket::PubAck(_)
            | ServerPacket::Push(_) => {}
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
        let Some(channel) = self.quiet.take(number) else { return false };
        if let Some(error) = error {
            let (id, channel, error) =
                (Some(number.to_string()), channel.as_ref().into(), error.clone());
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
    pub(super) fn on_subscriptions(&mut self, answer: Option<&RawValue>) {
        let answer = answer.and_then(|answer| serde_json::from_str(answer.get()).ok());
        let answer: serde_json::Value = answer.unwrap_or_default();
        let is_there = |name: &str| answer["subscriptions"][name] == "persistent";
        self.channels.on_subscriptions(is_there, &mut self.out);
    }
}
