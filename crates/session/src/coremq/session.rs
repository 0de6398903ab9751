//! One CoreMQ connection: what each request and each message leads to.

mod answers;
mod channels;

use std::sync::Arc;

use rialto_application::{AuthorizationRequest, Event};
use rialto_broker::{Broker, Command, CommandOutcome, Connect, ConnectionKey, Encoder, Issuer};
use rialto_domain::{Admission, Asked, ClientId, CloseReason, Qos, Reject};
use rialto_wire::coremq::{Answer, Frame, Malformed, Options, Request, put_answer};

use super::{WEBSOCKET, carrier, early, queue::channel_of};
use crate::{Journal, Opening, Requester, ServerName, Verdict, journal};

use answers::MESSAGE_SENT;

const NOT_AUTHENTICATED: &str = "Not authenticated: set the options client and token first";

/// The frames of one connection, in order.
#[derive(Debug)]
pub struct Session {
    pub(super) connection: ConnectionKey,
    /// The connection's id, which is a client's id to the core.
    pub(super) id: ClientId,
    pub(super) server: Arc<ServerName>,
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
    /// Makes the session of a connection.
    pub(super) fn new(opening: Opening<'_>) -> Self {
        let Opening { connection, format, id, server, listed, .. } = opening;
        let mut sent = Vec::new();
        put_answer(&mut sent, carrier(format), id, &Answer::Response { response: MESSAGE_SENT });
        Session {
            connection,
            id: ClientId::from(id),
            server: server.clone(),
            listed,
            was_refused: false,
            has_echo: false,
            sent,
        }
    }

    /// Greets the client, and opens its session if the verdict admits it without a token.
    ///
    /// # Spec
    /// C-10: the server speaks first, over TCP.
    pub(super) fn greet(&self, broker: &mut Broker<impl Encoder>, verdict: &Verdict) {
        // Clients take the queue of the first frame for their id: nothing may come before it.
        if !self.is_gateway(broker) {
            let (response, server) = ("OK: Welcome to CoreMQ server", &*self.server.name);
            self.answer(&Answer::Welcome { response, server }, self.id.as_str(), broker);
        }
        if let Ok(admission) = verdict.admission() {
            self.open_session(admission, broker);
        }
    }

    /// Opens the broker's session. Its id was made up for this connection, so nothing is stored about it.
    pub(super) fn open_session(&self, admission: &Admission, broker: &mut Broker<impl Encoder>) {
        broker.know_new(&self.id);
        let connect = Connect::transient(&self.id, admission);
        // Nobody else has this id, and where it was to be opened before, it is open.
        _ = broker.connect(self.connection, &connect);
    }

    /// Returns the connection's id.
    pub(super) fn id(&self) -> &str {
        self.id.as_str()
    }

    /// Says at which event somebody has to decide on a frame, if it needs a decision; known without
    /// looking anything up.
    pub(super) fn event_of(frame: &Frame<'_>) -> Option<Event> {
        match &frame.request {
            Request::SetOptions(options) => options.token.is_some().then_some(Event::Connect),
            Request::Subscribe(_) => Some(Event::Subscribe),
            Request::Unsubscribe(_) => Some(Event::Unsubscribe),
            Request::Message(_) => Some(Event::Publish),
            _ => None,
        }
    }

    /// Returns what is to be decided before a frame is [taken](Self::take), with the verdict; `None` where the frame leads to nothing or is refused anyway.
    pub(super) fn request_of(
        &self,
        frame: &Frame<'_>,
        requester: &Requester<'_, impl Encoder>,
    ) -> Option<AuthorizationRequest> {
        let broker = requester.broker();
        // What another server passes on was decided there.
        let is_relayed = frame.server.is_some() && broker.is_observer(self.connection);
        if is_relayed || broker.is_closing(self.connection) {
            return None;
        }
        match &frame.request {
            Request::SetOptions(options) => {
                let client = options.client.as_deref().unwrap_or_default();
                Some(requester.connect(client, options.token.as_deref()?))
            }
            Request::Subscribe(queues) => requester.subscribe(queues, false),
            Request::Unsubscribe(queues) => requester.unsubscribe(queues),
            Request::Message(payload) => {
                let channel = channel_of(&frame.queue, broker);
                requester.publish(channel, &**payload, (Qos::AtMostOnce, false))
            }
            _ => None,
        }
    }

    /// Takes one frame, with what was decided on it.
    ///
    /// # Spec
    /// C-12: each has one answer, in order.
    pub(super) fn take(
        &mut self,
        frame: Result<Frame<'_>, Malformed>,
        broker: &mut Broker<impl Encoder>,
        verdict: &Verdict,
        journal: &dyn Journal,
    ) {
        if broker.is_closing(self.connection) {
            return;
        }
        let frame = match frame {
            Ok(frame) => frame,
            Err(malformed) => return self.on_malformed(malformed, broker),
        };
        let is_observer = broker.is_observer(self.connection);
        if is_observer && let Some(server) = &frame.server {
            return self.take_from_server(&frame, server, broker);
        }
        let on_behalf_of = frame.forward_to.as_deref().filter(|_| is_observer);
        let Frame { queue, request, .. } = &frame;
        if broker.client_of(self.connection).is_none() && self.needs_session(request) {
            return self.on_too_early((request, queue), on_behalf_of, broker, journal);
        }
        let to = on_behalf_of.unwrap_or(self.id.as_str());
        match request {
            Request::Message(payload) => {
                self.on_message((queue, payload), on_behalf_of, broker, verdict, journal);
            }
            Request::SetOptions(options) => {
                self.set_options(options, on_behalf_of, broker, verdict, journal);
            }
            Request::Replicate { name, link } => {
                self.replicate(name, link.as_deref().copied(), broker, journal);
            }
            Request::Subscribe(queues) => self.subscribe((queues, to), broker, verdict, journal),
            Request::Unsubscribe(queues) => self.unsubscribe((queues, to), broker, verdict),
            Request::History(queues) => self.answer_history(queues, to, broker, journal),
            Request::Status => self.answer_status(to, broker),
            Request::GatewayStatus => self.answer_gateway_status(broker),
            Request::More(share) if is_observer => self.send_more(*share, broker),
            Request::More(_) => self.refuse("Not a replicant", to, broker),
            Request::Wrong(name, what) => {
                self.refuse(&format!("{name} must be {what}"), to, broker);
            }
        }
    }

    /// Says whether a request is refused of a connection that has no session.
    fn needs_session(&self, request: &Request<'_>) -> bool {
        match request {
            Request::SetOptions(_) => false,
            Request::Replicate { .. } => self.listed.is_none(),
            _ => true,
        }
    }

    /// Refuses what came before the session it needs.
    fn on_too_early(
        &self,
        (request, queue): (&Request<'_>, &str),
        on_behalf_of: Option<&str>,
        broker: &mut Broker<impl Encoder>,
        journal: &dyn Journal,
    ) {
        if matches!(request, Request::Message(_)) {
            broker.note_publish_refused();
        }
        early::note(request, queue, journal);
        self.refuse(NOT_AUTHENTICATED, on_behalf_of.unwrap_or(self.id.as_str()), broker);
    }

    fn on_malformed(&self, malformed: Malformed, broker: &mut Broker<impl Encoder>) {
        broker.stats_mut().malformed += 1;
        if malformed == Malformed::NotJson && self.is_gateway(broker) {
            // C-40: nothing that follows could be told from it.
            broker.close(self.connection, CloseReason::ProtocolError);
            return;
        }
        self.answer_error(&malformed.to_string(), self.id.as_str(), broker);
    }

    pub(super) fn is_gateway(&self, broker: &Broker<impl Encoder>) -> bool {
        broker.format_of(self.connection) == Some(WEBSOCKET)
    }

    fn set_options(
        &mut self,
        options: &Options<'_>,
        on_behalf_of: Option<&str>,
        broker: &mut Broker<impl Encoder>,
        verdict: &Verdict,
        journal: &dyn Journal,
    ) {
        let to = on_behalf_of.unwrap_or(self.id.as_str());
        if options.token.is_some() {
            match verdict.admission() {
                Err(reject) => return self.reject(reject, to, broker),
                Ok(admission) if broker.client_of(self.connection).is_some() => {
                    broker.readmit(self.connection, admission);
                }
                Ok(admission) => self.open_session(admission, broker),
            }
        } else if broker.client_of(self.connection).is_none() {
            journal::too_early(Asked::Session, None, journal);
            return self.refuse("Not authenticated: the option token is missing", to, broker);
        }
        if let Some(echo) = options.echo {
            self.has_echo = echo;
            broker.set_echo(self.connection, echo);
        }
        self.respond("OK: Options set", on_behalf_of.unwrap_or(self.id.as_str()), broker);
    }

    /// Has the broker carry out what the client, or a gateway for its client, asks; the answer is the
    /// session's.
    fn command(
        &self,
        command: &Command<'_>,
        on_behalf_of: Option<&str>,
        broker: &mut Broker<impl Encoder>,
    ) -> Result<CommandOutcome, Reject> {
        broker.command(self.issuer(on_behalf_of), command, rialto_broker::Answer::None)
    }

    /// Returns who asks: the client, or a gateway for its client.
    fn issuer<'a>(&self, on_behalf_of: Option<&'a str>) -> Issuer<'a> {
        match on_behalf_of {
            Some(client) => Issuer::Gateway(self.connection, client),
            None => Issuer::Client(self.connection),
        }
    }
}
