//! One JMQT connection: which packet is lawful when, and what it leads to.

mod connect;
mod refused;

use std::slice;

use rialto_application::{AuthorizationRequest, Event};
use rialto_broker::{
    Answered, Broker, Command, CommandAnswer, CommandOutcome, ConnectionKey, Encoder, Issuer,
    Publish as Message,
};
use rialto_domain::{Action, Asked, CloseReason, Permit, Qos, Reject};
use rialto_wire::jmqt::{ClientPacket, Malformed, Publish};

use crate::{Journal, Requester, Verdict, journal};

use super::{
    carrier,
    reply::{Answer, put_command_answer},
};

/// The packets of one connection, in order. Whether its session is open, the broker knows.
#[derive(Debug, Clone, Copy)]
pub struct Session {
    connection: ConnectionKey,
}

impl Session {
    /// Makes the session of a connection that the broker knows.
    pub(super) fn new(connection: ConnectionKey) -> Self {
        Session { connection }
    }

    /// Says at which event somebody has to decide on a packet, if it needs a decision; known without
    /// looking anything up.
    pub(super) fn event_of(packet: &ClientPacket<'_>) -> Option<Event> {
        Some(match packet {
            ClientPacket::Auth(_) => Event::Authenticate,
            ClientPacket::Conn { .. } => Event::Connect,
            ClientPacket::Sub { .. } => Event::Subscribe,
            ClientPacket::Unsub { .. } => Event::Unsubscribe,
            ClientPacket::Pub(publish) if publish.channel.starts_with('$') => Event::Control,
            ClientPacket::Pub(_) => Event::Publish,
            ClientPacket::Hb | ClientPacket::PushAck { .. } | ClientPacket::Disconn => return None,
        })
    }

    /// Returns what is to be decided before a packet is [taken](Self::take), with the verdict; `None` where the packet leads to nothing or is refused anyway.
    pub(super) fn request_of(
        &self,
        packet: &ClientPacket<'_>,
        requester: &Requester<'_, impl Encoder>,
    ) -> Option<AuthorizationRequest> {
        if requester.broker().is_closing(self.connection) {
            return None;
        }
        match packet {
            ClientPacket::Auth(data) => Some(requester.authenticate(data)),
            ClientPacket::Conn { token, client } => Some(requester.connect(client, token)),
            ClientPacket::Sub { channel, persistent } => {
                requester.subscribe(slice::from_ref(channel), *persistent)
            }
            ClientPacket::Unsub { channel } => requester.unsubscribe(slice::from_ref(channel)),
            ClientPacket::Pub(publish) => match publish.channel.strip_prefix('$') {
                // J-94: a question without an id cannot be answered.
                Some(_) if publish.id.is_none() => None,
                Some(name) => requester.control(name, publish.payload),
                None => {
                    let channel = (&*publish.channel).into();
                    requester.publish(channel, publish.payload, (qos(publish), publish.retain))
                }
            },
            ClientPacket::Hb | ClientPacket::PushAck { .. } | ClientPacket::Disconn => None,
        }
    }

    /// Returns about how many bytes the answer to a packet has where it may be much larger than the
    /// packet is; otherwise 0.
    #[inline]
    pub(super) fn answer_bytes_to(
        &self,
        packet: &ClientPacket<'_>,
        broker: &Broker<impl Encoder>,
    ) -> usize {
        match packet {
            ClientPacket::Sub { channel, .. } => broker.retained_bytes(channel),
            ClientPacket::Conn { client, .. } => broker.welcome_bytes(client),
            ClientPacket::Pub(publish) if publish.channel.starts_with('$') => {
                broker.subscription_list_bytes(self.connection)
            }
            _ => 0,
        }
    }

    /// Takes one packet, with what was decided on it.
    ///
    /// # Spec
    /// J-26 to J-63: each request has its acknowledgement; without a session nothing is acted on.
    /// J-102: nor is anything behind the end.
    pub(super) fn take(
        &self,
        packet: Result<ClientPacket<'_>, Malformed<'_>>,
        broker: &mut Broker<impl Encoder>,
        verdict: &Verdict,
        journal: &dyn Journal,
    ) {
        if broker.is_closing(self.connection) {
            // J-102: in flight when we closed.
            return;
        }
        let packet = match packet {
            Ok(packet) => packet,
            Err(malformed) => return self.on_malformed(&malformed, broker),
        };
        let is_online = broker.client_of(self.connection).is_some();
        match packet {
            ClientPacket::Auth(_) => self.authenticate(broker, verdict),
            ClientPacket::Conn { client, .. } => self.connect(&client, broker, verdict, journal),
            packet if !is_online => self.on_too_early(&packet, broker, journal),
            ClientPacket::Hb => self.answer(broker, &Answer::Hb {}),
            ClientPacket::Sub { channel, persistent } => {
                self.subscribe((&channel, persistent), broker, verdict, journal);
            }
            ClientPacket::Unsub { channel } => self.unsubscribe(&channel, broker, verdict),
            ClientPacket::Pub(publish) => self.publish(&publish, broker, verdict, journal),
            ClientPacket::PushAck { id, accepted: true } => {
                broker.acknowledge(self.connection, &id);
            }
            // J-69: what a client does not accept stays unacknowledged.
            ClientPacket::PushAck { accepted: false, .. } => {}
            ClientPacket::Disconn => broker.close(self.connection, CloseReason::Asked),
        }
    }

    fn subscribe(
        &self,
        (channel, persistent): (&str, bool),
        broker: &mut Broker<impl Encoder>,
        verdict: &Verdict,
        journal: &dyn Journal,
    ) {
        if let Err(reject) = verdict.permit() {
            return self.refuse(broker, Answered::Subscribe(channel), None, reject);
        }
        let subscribe = Command::Subscribe { channel, persistent };
        if let Err(reject) = self.command(&subscribe, None, broker) {
            let asked = (Asked::Act(Action::Subscribe), Some(channel));
            journal::refused(self.connection, asked, &reject, broker, journal);
        }
    }

    fn unsubscribe(&self, channel: &str, broker: &mut Broker<impl Encoder>, verdict: &Verdict) {
        match verdict.permit() {
            Ok(_) => {
                // The client has been told of a refusal, which is none of its rights.
                _ = self.command(&Command::Unsubscribe { channel }, None, broker);
            }
            Err(reject) => self.refuse(broker, Answered::Unsubscribe(channel), None, reject),
        }
    }

    fn publish(
        &self,
        publish: &Publish<'_>,
        broker: &mut Broker<impl Encoder>,
        verdict: &Verdict,
        journal: &dyn Journal,
    ) {
        let request = publish.id.as_deref();
        match verdict.permit() {
            Ok(Permit { answer: Some(answer), status: Some(status), .. }) => {
                broker.note_publish_refused();
                broker.stats_mut().rejected += 1;
                self.answer(broker, &Answer::control_refused(*status, request, answer));
            }
            Ok(Permit { answer: Some(answer), .. }) => {
                broker.note_answered();
                let (command, result) = (Answered::Publish, Ok(Some(&**answer)));
                self.tell(broker, &CommandAnswer { command, request, result });
            }
            Ok(Permit { payload: Some(payload), .. }) => {
                let message = Message { payload: payload.as_bytes(), ..message(publish) };
                self.carry_out(&message, request, broker, journal);
            }
            Ok(_) => self.carry_out(&message(publish), request, broker, journal),
            Err(reject) => {
                let issuer = Issuer::Client(self.connection);
                broker.note_message_refused(issuer, &message(publish), reject);
                if publish.acknowledged || request.is_some() {
                    self.refuse(broker, Answered::Publish, request, reject);
                } else {
                    broker.stats_mut().rejected += 1;
                }
            }
        }
    }

    fn carry_out(
        &self,
        message: &Message<'_>,
        request: Option<&str>,
        broker: &mut Broker<impl Encoder>,
        journal: &dyn Journal,
    ) {
        if let Err(reject) = self.command(&Command::Publish(message), request, broker) {
            let asked = (journal::publishing(message.channel), Some(message.channel));
            journal::refused(self.connection, asked, &reject, broker, journal);
        }
    }

    /// Has the broker carry out and answer what the client asks, by its own id of the request.
    fn command(
        &self,
        command: &Command<'_>,
        request: Option<&str>,
        broker: &mut Broker<impl Encoder>,
    ) -> Result<CommandOutcome, Reject> {
        broker.command(Issuer::Client(self.connection), command, rialto_broker::Answer::To(request))
    }

    /// Refuses a command in place of the broker, which was not asked.
    fn refuse(
        &self,
        broker: &mut Broker<impl Encoder>,
        command: Answered<'_>,
        request: Option<&str>,
        reject: &Reject,
    ) {
        broker.stats_mut().rejected += 1;
        self.tell(broker, &CommandAnswer { command, request, result: Err(reject) });
    }

    fn tell(&self, broker: &mut Broker<impl Encoder>, answer: &CommandAnswer<'_>) {
        broker.send(self.connection, |format, out| {
            put_command_answer(carrier(format), answer, out);
        });
    }

    fn answer(&self, broker: &mut Broker<impl Encoder>, answer: &Answer<'_>) {
        broker.send(self.connection, |format, out| answer.put(carrier(format), out));
    }
}

fn message<'a>(publish: &'a Publish<'_>) -> Message<'a> {
    Message {
        channel: &publish.channel,
        payload: publish.payload.as_bytes(),
        qos: qos(publish),
        retain: publish.retain,
    }
}

fn qos(publish: &Publish<'_>) -> Qos {
    if publish.acknowledged { Qos::AtLeastOnce } else { Qos::AtMostOnce }
}
