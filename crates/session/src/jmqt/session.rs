//! One JMQT connection: which packet is lawful when, and what it leads to.

use std::slice;

use rialto_application::{AuthorizationRequest, Event};
use rialto_broker::{
    Answered, Broker, Command, CommandAnswer, CommandOutcome, Connect, ConnectionKey, Encoder,
    Issuer, Publish as Message, SessionOpened,
};
use rialto_domain::{Action, Asked, Cause, ClientId, CloseReason, Permit, Qos, Reject};
use rialto_wire::jmqt::{AckKind, ClientPacket, Malformed, Publish, status};

use crate::{Journal, Requester, Verdict, journal};

use super::{
    carrier,
    reply::{Answer, code, put_command_answer, put_session_opened},
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
            ClientPacket::Sub { channel, persistent } => match verdict.permit() {
                Ok(_) => {
                    let subscribe = Command::Subscribe { channel: &channel, persistent };
                    if let Err(reject) = self.command(&subscribe, None, broker) {
                        let asked = (Asked::Act(Action::Subscribe), Some(&*channel));
                        journal::refused(self.connection, asked, &reject, broker, journal);
                    }
                }
                Err(reject) => {
                    self.refuse(broker, Answered::Subscribe(&channel), None, reject);
                }
            },
            ClientPacket::Unsub { channel } => match verdict.permit() {
                Ok(_) => {
                    // The client has been told of a refusal, which is none of its rights.
                    _ = self.command(&Command::Unsubscribe { channel: &channel }, None, broker);
                }
                Err(reject) => {
                    self.refuse(broker, Answered::Unsubscribe(&channel), None, reject);
                }
            },
            ClientPacket::Pub(publish) => self.publish(&publish, broker, verdict, journal),
            ClientPacket::PushAck { id, accepted: true } => {
                broker.acknowledge(self.connection, &id);
            }
            // J-69: what a client does not accept stays unacknowledged.
            ClientPacket::PushAck { accepted: false, .. } => {}
            ClientPacket::Disconn => broker.close(self.connection, CloseReason::Asked),
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
            Err(reject) if publish.acknowledged || request.is_some() => {
                broker.note_publish_refused();
                self.refuse(broker, Answered::Publish, request, reject);
            }
            Err(_) => {
                broker.note_publish_refused();
                broker.stats_mut().rejected += 1;
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

    fn authenticate(&self, broker: &mut Broker<impl Encoder>, verdict: &Verdict) {
        match verdict.authenticated() {
            Ok(grant) => {
                let (at, cl) = (Some(&*grant.token), Some(grant.client.as_str()));
                self.answer(broker, &Answer::Auth { st: status::OK, at, cl, mg: None });
            }
            Err(refusal) => {
                broker.stats_mut().rejected += 1;
                let (st, mg) = (code(&refusal.reject), Some(&*refusal.message));
                self.answer(broker, &Answer::Auth { st, at: None, cl: None, mg });
            }
        }
    }

    fn connect(
        &self,
        id: &str,
        broker: &mut Broker<impl Encoder>,
        verdict: &Verdict,
        journal: &dyn Journal,
    ) {
        match broker.client_of(self.connection) {
            Some(present) if present.as_str() != id => {
                journal::session(id, Cause::Rejected, journal);
                return self.refuse_connect(broker, &Reject::NotAllowed);
            }
            // The sessions of other dialects have ids that nobody can ask for.
            _ if broker.is_transient(id) => {
                journal::session(id, Cause::NameTaken, journal);
                return self.refuse_connect(broker, &Reject::NotAllowed);
            }
            _ if id.is_empty() => return self.refuse_connect(broker, &Reject::InvalidPacket),
            _ => {}
        }
        let admission = match verdict.admission() {
            Ok(admission) => admission,
            Err(reject) => return self.refuse_connect(broker, reject),
        };
        if broker.client_of(self.connection).is_some() {
            // J-38: asking again changes nothing.
            let session =
                SessionOpened { silence_max: broker.settings().heartbeat_timeout, resumed: false };
            broker.send(self.connection, |format, out| {
                put_session_opened(carrier(format), session, out);
            });
        } else {
            let client = ClientId::from(id);
            let connect = Connect::stored(&client, admission);
            if let Err(reject) = broker.connect(self.connection, &connect) {
                self.refuse_connect(broker, &reject);
            }
        }
    }

    fn refuse_connect(&self, broker: &mut Broker<impl Encoder>, reject: &Reject) {
        broker.stats_mut().rejected += 1;
        self.answer(broker, &Answer::conn_refused(reject));
    }

    fn on_too_early(
        &self,
        packet: &ClientPacket<'_>,
        broker: &mut Broker<impl Encoder>,
        journal: &dyn Journal,
    ) {
        let (ack, id, channel) = match packet {
            ClientPacket::Sub { channel, .. } => {
                journal::too_early(Asked::Act(Action::Subscribe), Some(channel), journal);
                (AckKind::Sub, None, &**channel)
            }
            ClientPacket::Unsub { channel } => {
                journal::too_early(Asked::Unsubscribe, Some(channel), journal);
                (AckKind::Unsub, None, &**channel)
            }
            ClientPacket::Pub(Publish { id, channel, .. }) => {
                journal::too_early(journal::publishing(channel), Some(channel), journal);
                broker.note_publish_refused();
                (AckKind::Pub, id.as_deref(), "")
            }
            _ => return,
        };
        self.refuse_too_early(Request { ack, id, channel }, broker);
    }

    fn on_malformed(&self, malformed: &Malformed<'_>, broker: &mut Broker<impl Encoder>) {
        broker.stats_mut().malformed += 1;
        let Malformed::Invalid { ack, id, channel } = malformed else { return };
        let channel = channel.as_deref().unwrap_or_default();
        let request = Request { ack: *ack, id: id.as_deref(), channel };
        let needs_session = !matches!(ack, AckKind::Auth | AckKind::Conn);
        if needs_session && broker.client_of(self.connection).is_none() {
            return self.refuse_too_early(request, broker);
        }
        let reject = Reject::InvalidPacket;
        self.answer(broker, &request.refused(code(&reject), &reject.to_string()));
    }

    /// Answers a request that came before a session and was not acted on (J-40).
    fn refuse_too_early(&self, request: Request<'_>, broker: &mut Broker<impl Encoder>) {
        broker.stats_mut().rejected += 1;
        if request.ack == AckKind::Pub && request.id.is_none() {
            return;
        }
        self.answer(
            broker,
            &request.refused(status::NOT_ALLOWED, "open a session with conn first"),
        );
    }

    fn answer(&self, broker: &mut Broker<impl Encoder>, answer: &Answer<'_>) {
        broker.send(self.connection, |format, out| answer.put(carrier(format), out));
    }
}

/// What a refusal repeats of the request it answers.
struct Request<'a> {
    ack: AckKind,
    id: Option<&'a str>,
    channel: &'a str,
}

impl<'a> Request<'a> {
    fn refused(self, st: u8, why: &'a str) -> Answer<'a> {
        let Request { ack, id, channel: cn } = self;
        let mg = Some(why.to_owned());
        match ack {
            AckKind::Auth => Answer::Auth { st, at: None, cl: None, mg: Some(why) },
            AckKind::Conn => Answer::Conn { st, ts: None, resumed: None, rs: None, mg },
            AckKind::Sub => Answer::Sub { st, cn, mg },
            AckKind::Unsub => Answer::Unsub { st, cn, mg },
            AckKind::Pub => Answer::Pub { st, id, dt: None, mg },
        }
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
