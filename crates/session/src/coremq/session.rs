//! One CoreMQ connection: what each request and each message leads to.

use std::{borrow::Cow, sync::Arc};

use rialto_broker::{
    Broker, Command, CommandOutcome, ConnectionKey, Format, Gate, Issuer, Publish,
};
use rialto_domain::{Action, Admission, Asked, ClientId, CloseReason, Qos, Reject};
use rialto_wire::coremq::{Answer, Frame, Malformed, Options, Request, put_answer};

use super::{WEBSOCKET, carrier, early};
use crate::{Dialects, Inquiry, Matter, trace};

/// Length of a connection's id, a UUID with hyphens.
const ID_BYTES: usize = 36;

const MESSAGE_SENT: &str = "OK: Message sent";
const NOT_AUTHENTICATED: &str = "Not authenticated: set the options client and token first";

/// What a server calls itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its name, without a port.
    pub name: String,
    /// Its name and the port of its CoreMQ listener, by which other servers know it.
    pub address: Arc<str>,
}

/// What happened that the operator should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A server of this name gets all messages from now on.
    ReplicantAttached(String),
    /// A server that calls itself so may not.
    ReplicantRefused(String),
}

/// The frames of one connection, in order.
#[derive(Debug)]
pub struct Session {
    pub(super) connection: ConnectionKey,
    /// The connection's id, which is a client's id to the core.
    pub(super) id: ClientId,
    pub(super) server: Arc<Server>,
    /// Where the peer's address is that of a configured host: what opens the session of a replicant
    /// that has none.
    pub(super) listed: Option<Admission>,
    /// Whether it has been refused to be a replicant.
    pub(super) was_refused: bool,
    has_echo: bool,
    /// The answer to a message that was sent, which is always the same.
    sent: Vec<u8>,
}

impl Session {
    /// Begins the session of a connection that the broker knows. `id` is a new random UUID;
    /// `listed` is there if the peer's address is that of a configured host: what opens its session
    /// if it asks to be a replicant without one.
    ///
    /// # Spec
    /// C-10: the server speaks first, over TCP.
    pub fn begin(
        connection: ConnectionKey,
        (id, server): (&str, Arc<Server>),
        listed: Option<Admission>,
        broker: &mut Broker<Dialects>,
        gate: &dyn Gate,
    ) -> Self {
        let id = ClientId::from(id);
        let mut sent = Vec::new();
        if let Some(format) = broker.format_of(connection) {
            let answer = Answer::Response { response: MESSAGE_SENT };
            put_answer(&mut sent, carrier(format), id.as_str(), &answer);
        }
        let session =
            Session { connection, id, server, listed, was_refused: false, has_echo: false, sent };
        // Clients take the queue of the first frame for their id: nothing may come before it.
        if !session.is_gateway(broker) {
            let (response, server) = ("OK: Welcome to CoreMQ server", &*session.server.name);
            session.answer(&Answer::Welcome { response, server }, session.id.as_str(), broker);
        }
        if let Some(admission) = gate.admit_anybody(session.id.as_str()) {
            session.open_session(&admission, broker);
        }
        session
    }

    /// Opens the broker's session. Its id was made up for this connection, so nothing is stored about it.
    pub(super) fn open_session(&self, admission: &Admission, broker: &mut Broker<Dialects>) {
        broker.know_new(&self.id);
        broker.connect_transient(self.connection, &self.id, admission);
    }

    /// Returns the connection's id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.id.as_str()
    }

    /// Says what kind of decision a frame needs, if it needs one.
    #[must_use]
    pub fn matter(frame: &Frame<'_>) -> Option<Matter> {
        match &frame.request {
            Request::SetOptions(options) => options.token.is_some().then_some(Matter::Connect),
            Request::Subscribe(_) => Some(Matter::Subscribe),
            Request::Unsubscribe(_) => Some(Matter::Unsubscribe),
            Request::Message(_) => Some(Matter::Publish),
            _ => None,
        }
    }

    /// Returns what is to be decided before a frame is given to [`on_frame`](Self::on_frame), whose
    /// gate then says it; `None` where the frame leads to nothing or is refused anyway.
    #[must_use]
    pub fn inquiry<'a>(
        &self,
        frame: &'a Frame<'_>,
        broker: &Broker<Dialects>,
    ) -> Option<Inquiry<'a>> {
        // What another server passes on was decided there.
        let is_relayed = frame.server.is_some() && broker.is_observer(self.connection);
        if is_relayed || broker.is_closing(self.connection) {
            return None;
        }
        let names = |queues: &'a [Cow<'_, str>]| queues.iter().map(|queue| &**queue).collect();
        let inquiry = match &frame.request {
            Request::SetOptions(options) => Inquiry::Connect {
                client: options.client.as_deref().unwrap_or_default(),
                token: options.token.as_deref()?,
            },
            Request::Subscribe(queues) => {
                Inquiry::Subscribe { channels: names(queues), persistent: false }
            }
            Request::Unsubscribe(queues) => Inquiry::Unsubscribe { channels: names(queues) },
            Request::Message(payload) => Inquiry::Publish {
                channel: channel_of(&frame.queue, broker),
                payload: (&**payload).into(),
                qos: Qos::AtMostOnce,
                retain: false,
            },
            _ => return None,
        };
        inquiry.arises(self.connection, broker).then_some(inquiry)
    }

    /// Takes one frame.
    ///
    /// # Spec
    /// C-12: each has one answer, in order.
    pub fn on_frame(
        &mut self,
        frame: Result<Frame<'_>, Malformed>,
        broker: &mut Broker<Dialects>,
        gate: &dyn Gate,
    ) -> Option<Notice> {
        if broker.is_closing(self.connection) {
            return None;
        }
        let frame = match frame {
            Ok(frame) => frame,
            Err(malformed) => {
                self.on_malformed(malformed, broker);
                return None;
            }
        };
        let is_observer = broker.is_observer(self.connection);
        if is_observer && let Some(server) = &frame.server {
            self.take_from_server(&frame, server, broker);
            return None;
        }
        let on_behalf_of = frame.forward_to.filter(|_| is_observer);
        let on_behalf_of = on_behalf_of.as_deref();
        let is_member = broker.client_of(self.connection).is_some();
        if is_member && let Request::Message(payload) = &frame.request {
            match gate.permit() {
                Ok(permit) => {
                    let payload = permit.payload.as_deref().unwrap_or(payload);
                    self.publish((&frame.queue, payload), on_behalf_of, broker, gate);
                }
                Err(reject) => {
                    broker.note_publish_refused();
                    let to = on_behalf_of.unwrap_or(self.id.as_str());
                    self.reject(&reject, to, broker);
                }
            }
            return None;
        }
        let to = on_behalf_of.map_or_else(|| self.id.clone(), ClientId::from);
        let to = to.as_str();
        match frame.request {
            Request::SetOptions(options) => self.set_options(&options, to, broker, gate),
            Request::Replicate { name, link } if is_member || self.listed.is_some() => {
                return self.replicate(&name, link.as_deref().copied(), broker, gate);
            }
            request if !is_member => {
                if matches!(request, Request::Message(_)) {
                    broker.note_publish_refused();
                }
                early::note(&request, &frame.queue, gate);
                self.refuse(NOT_AUTHENTICATED, to, broker);
            }
            Request::Subscribe(queues) => match gate.permit() {
                Ok(_) => self.subscribe(&queues, to, broker, gate),
                Err(reject) => self.reject(&reject, to, broker),
            },
            Request::Unsubscribe(queues) => match gate.permit() {
                Ok(_) => self.unsubscribe(&queues, to, broker),
                Err(reject) => self.reject(&reject, to, broker),
            },
            Request::History(queues) => self.answer_history(&queues, to, broker, gate),
            Request::Status => self.answer_status(to, broker),
            Request::GatewayStatus => self.answer_gateway_status(broker),
            Request::More(share) if is_observer => self.send_more(share, broker),
            Request::More(_) => self.refuse("Not a replicant", to, broker),
            Request::Wrong(name, what) => {
                self.refuse(&format!("{name} must be {what}"), to, broker);
            }
            Request::Message(_) | Request::Replicate { .. } => {
                unreachable!("messages of members and requests to replicate were taken above")
            }
        }
        None
    }

    fn on_malformed(&self, malformed: Malformed, broker: &mut Broker<Dialects>) {
        broker.stats_mut().malformed += 1;
        if malformed == Malformed::NotJson && self.is_gateway(broker) {
            // C-40: nothing that follows could be told from it.
            broker.close(self.connection, CloseReason::ProtocolError);
            return;
        }
        self.answer_error(&malformed.to_string(), self.id.as_str(), broker);
    }

    pub(super) fn is_gateway(&self, broker: &Broker<Dialects>) -> bool {
        broker.format_of(self.connection) == Some(WEBSOCKET)
    }

    fn set_options(
        &mut self,
        options: &Options<'_>,
        to: &str,
        broker: &mut Broker<Dialects>,
        gate: &dyn Gate,
    ) {
        if let Some(token) = &options.token {
            let client = options.client.as_deref().unwrap_or_default();
            match gate.admit(client, token, broker.now().unix_ms) {
                Err(reject) => return self.reject(&reject, to, broker),
                Ok(admission) if broker.client_of(self.connection).is_some() => {
                    broker.readmit(self.connection, &admission);
                }
                Ok(admission) => self.open_session(&admission, broker),
            }
        } else if broker.client_of(self.connection).is_none() {
            trace::too_early(Asked::Session, None, gate);
            return self.refuse("Not authenticated: the option token is missing", to, broker);
        }
        if let Some(echo) = options.echo {
            self.has_echo = echo;
            broker.set_echo(self.connection, echo);
        }
        self.respond("OK: Options set", to, broker);
    }

    fn subscribe(
        &self,
        queues: &[Cow<'_, str>],
        to: &str,
        broker: &mut Broker<Dialects>,
        gate: &dyn Gate,
    ) {
        let is_gateway = self.is_gateway(broker);
        if is_gateway && queues.is_empty() {
            return self.refuse("No queues found", to, broker);
        }
        for queue in queues.iter().filter(|queue| **queue != self.id.as_str()) {
            let result = match speakable(queue) {
                Ok(()) => {
                    let subscribe = Command::Subscribe { channel: queue, persistent: false };
                    self.command(&subscribe, None, broker)
                }
                Err(reject) => Err(reject),
            };
            if let Err(reject) = result {
                let asked = (Asked::Act(Action::Subscribe), Some(&**queue));
                trace::refused(self.connection, asked, &reject, broker, gate);
                return self.refuse(&format!("queue {queue:?}: {reject}"), to, broker);
            }
        }
        // C-35: the gateway says nothing to it.
        if !is_gateway {
            self.respond("OK: Subscribe successful", to, broker);
        }
    }

    /// Has the broker carry out what the client, or a gateway for its client, asks; the answer is the
    /// session's.
    fn command(
        &self,
        command: &Command<'_>,
        on_behalf_of: Option<&str>,
        broker: &mut Broker<Dialects>,
    ) -> Result<CommandOutcome, Reject> {
        let issuer = match on_behalf_of {
            Some(client) => Issuer::Gateway(self.connection, client),
            None => Issuer::Client(self.connection),
        };
        broker.command(issuer, command, rialto_broker::Answer::None)
    }

    fn unsubscribe(&self, queues: &[Cow<'_, str>], to: &str, broker: &mut Broker<Dialects>) {
        for queue in queues {
            // C-19: one that is not there is no reason to refuse.
            _ = self.command(&Command::Unsubscribe { channel: queue }, None, broker);
        }
        self.respond("OK: Unsubscribe successful", to, broker);
    }

    fn publish(
        &self,
        (queue, payload): (&str, &str),
        on_behalf_of: Option<&str>,
        broker: &mut Broker<Dialects>,
        gate: &dyn Gate,
    ) {
        let is_own = queue.strip_prefix('#').unwrap_or(queue) == self.id.as_str();
        if is_own && !self.has_echo {
            broker.note_discarded();
            return self.answer_sent(on_behalf_of, broker);
        }
        let to = on_behalf_of.unwrap_or(self.id.as_str());
        if let Err(reject) = speakable(queue) {
            broker.note_publish_refused();
            return self.refuse(&reject.to_string(), to, broker);
        }
        let channel = channel_of(queue, broker);
        let payload = payload.as_bytes();
        let publish = Publish { channel: &channel, payload, qos: Qos::AtMostOnce, retain: false };
        if is_own {
            // C-13: what comes back to it by a way of its own would overtake the answer.
            self.answer_sent(on_behalf_of, broker);
        }
        let result = self.command(&Command::Publish(&publish), on_behalf_of, broker);
        if let Err(reject) = &result {
            let asked = (trace::publishing(&channel), Some(&*channel));
            trace::refused(self.connection, asked, reject, broker, gate);
        }
        match result {
            _ if is_own => {}
            Ok(_) => self.answer_sent(on_behalf_of, broker),
            // The broker has counted it.
            Err(reject) => self.answer_error(&reject.to_string(), to, broker),
        }
    }

    fn answer_sent(&self, on_behalf_of: Option<&str>, broker: &mut Broker<Dialects>) {
        match on_behalf_of {
            Some(to) => self.respond(MESSAGE_SENT, to, broker),
            None => self.send(broker, |_, out| out.extend_from_slice(&self.sent)),
        }
    }

    fn answer_status(&self, to: &str, broker: &mut Broker<Dialects>) {
        let replicants: Vec<String> = broker.observers().map(str::to_owned).collect();
        let answer = Answer::Status {
            coremq_fwdto: to,
            master: &self.server.name,
            replicants: replicants.iter().map(String::as_str).collect(),
            connections: broker.stats().connections,
        };
        self.answer(&answer, to, broker);
    }

    fn answer_gateway_status(&self, broker: &mut Broker<Dialects>) {
        let connections = broker.stats().connections;
        let answer = Answer::GatewayStatus { connections, mq_server: &self.server.name };
        self.answer(&answer, "", broker);
    }

    /// Answers a request or message that is not allowed, and counts it.
    pub(super) fn reject(&self, reject: &Reject, to: &str, broker: &mut Broker<Dialects>) {
        self.refuse(&reject.to_string(), to, broker);
    }

    /// Answers a request or message that is not carried out, and counts it.
    pub(super) fn refuse(&self, why: &str, to: &str, broker: &mut Broker<Dialects>) {
        broker.stats_mut().rejected += 1;
        self.answer_error(why, to, broker);
    }

    /// Answers what was not carried out.
    fn answer_error(&self, why: &str, to: &str, broker: &mut Broker<Dialects>) {
        if self.is_gateway(broker) {
            return self.answer(&Answer::Error { error: why }, "", broker);
        }
        self.respond(&format!("ERROR: {why}"), to, broker);
    }

    fn respond(&self, response: &str, to: &str, broker: &mut Broker<Dialects>) {
        self.answer(&Answer::Response { response }, to, broker);
    }

    fn answer(&self, answer: &Answer<'_>, to: &str, broker: &mut Broker<Dialects>) {
        self.send(broker, |format, out| put_answer(out, carrier(format), to, answer));
    }

    pub(super) fn send(
        &self,
        broker: &mut Broker<Dialects>,
        encode: impl FnOnce(Format, &mut Vec<u8>),
    ) {
        broker.send(self.connection, encode);
    }
}

/// Refuses names that CoreMQ cannot say (C-7).
fn speakable(queue: &str) -> Result<(), Reject> {
    if queue.is_empty() || queue.contains(' ') { Err(Reject::InvalidChannel) } else { Ok(()) }
}

/// Returns the channel behind a queue: that of a connection's id reaches it directly (C-14).
pub(super) fn channel_of<'a>(queue: &'a str, broker: &Broker<Dialects>) -> Cow<'a, str> {
    // Most names are not even as long as an id.
    if queue.len() == ID_BYTES && broker.is_transient(queue) {
        format!("#{queue}").into()
    } else {
        queue.into()
    }
}
