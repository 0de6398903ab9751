//! One PubSubX connection: which command is lawful when, and what it leads to.

use std::borrow::Cow;

use rialto_application::{AuthorizationRequest, Event};
use rialto_broker::{
    Answer, Broker, Command as BrokerCommand, CommandOutcome, Connect, ConnectionKey, Encoder,
    Entry, Issuer, Publish,
};
use rialto_domain::{Action, Asked, Cause, ClientId, CloseReason, Qos, Reject};
use rialto_wire::pubsubx::{Command, NAME_BYTES_MAX, payload_of, put_restored, put_text};

use crate::{Journal, Notice, Requester, Verdict, journal};

/// The commands of one connection, in order.
#[derive(Debug)]
pub struct Session {
    connection: ConnectionKey,
    /// Whether the journal has each message that is published, as the original prints them.
    notes_messages: bool,
    /// There once the session is open.
    client: Option<ClientId>,
}

impl Session {
    /// Makes the session of a connection that the broker knows.
    pub(super) fn new(connection: ConnectionKey, notes_messages: bool) -> Self {
        Session { connection, notes_messages, client: None }
    }

    /// Returns the client's name, once its session is open.
    pub(super) fn client(&self) -> Option<&ClientId> {
        self.client.as_ref()
    }

    /// Says at which event somebody has to decide on a command, if it needs a decision; known without
    /// looking anything up.
    pub(super) fn event_of(command: &Command<'_>) -> Option<Event> {
        match command {
            Command::Connect { .. } => Some(Event::Connect),
            Command::Subscribe(_) => Some(Event::Subscribe),
            Command::Unsubscribe(_) => Some(Event::Unsubscribe),
            Command::Publish { .. } => Some(Event::Publish),
            Command::Disconnect | Command::Unknown => None,
        }
    }

    /// Returns what is to be decided before a command is [taken](Self::take), with the verdict; `None` where the command leads to nothing
    /// or is refused anyway.
    pub(super) fn request_of(
        &self,
        command: &Command<'_>,
        requester: &Requester<'_, impl Encoder>,
    ) -> Option<AuthorizationRequest> {
        if requester.broker().is_closing(self.connection) {
            return None;
        }
        match *command {
            Command::Connect { name, token } if self.client.is_none() => {
                Some(requester.connect(name, token))
            }
            Command::Subscribe(topic) => requester.subscribe(&[topic], false),
            Command::Unsubscribe(topic) => requester.unsubscribe(&[topic]),
            Command::Publish { topic, data } => {
                let payload = String::from_utf8(payload_of(data)).ok()?;
                requester.publish(topic.into(), payload, (Qos::AtMostOnce, false))
            }
            Command::Connect { .. } | Command::Disconnect | Command::Unknown => None,
        }
    }

    /// Returns about how many bytes the answer to a command has where it may be much larger than
    /// the command is; otherwise 0.
    pub(super) fn answer_bytes_to(
        &self,
        command: &Command<'_>,
        broker: &Broker<impl Encoder>,
    ) -> usize {
        match command {
            Command::Connect { name, .. } if self.client.is_none() => broker.welcome_bytes(name),
            _ => 0,
        }
    }

    /// Takes one command, with what was decided on it.
    ///
    /// # Spec
    /// P-11 to P-33: the first opens the session or ends the connection; within a session what means
    /// nothing is ignored.
    pub(super) fn take(
        &mut self,
        command: Command<'_>,
        broker: &mut Broker<impl Encoder>,
        verdict: &Verdict,
        journal: &dyn Journal,
    ) {
        if broker.is_closing(self.connection) {
            // P-14, P-33: it said goodbye, or was sent away.
            return;
        }
        let Some(client) = self.client.as_ref().map(ClientId::as_str) else {
            return self.on_first(command, broker, verdict, journal);
        };
        match command {
            Command::Subscribe(channel) => {
                if self.subscribe(channel, broker, verdict, journal) {
                    journal.note(&Notice::Subscribed { client, channel });
                }
            }
            Command::Unsubscribe(channel) => {
                if verdict.permit().is_err() {
                    broker.stats_mut().rejected += 1;
                    return;
                }
                _ = self.command(&BrokerCommand::Unsubscribe { channel }, broker);
                journal.note(&Notice::Unsubscribed { client, channel });
            }
            Command::Publish { topic: channel, data } => {
                let is_published = self.publish(channel, data, broker, verdict, journal);
                if is_published && self.notes_messages {
                    journal.note(&Notice::Published { client, channel });
                }
            }
            Command::Disconnect => {
                broker.close(self.connection, CloseReason::Asked);
                journal.note(&Notice::Disconnected(client));
            }
            Command::Unknown => broker.stats_mut().malformed += 1,
            Command::Connect { .. } => {}
        }
    }

    fn on_first(
        &mut self,
        command: Command<'_>,
        broker: &mut Broker<impl Encoder>,
        verdict: &Verdict,
        journal: &dyn Journal,
    ) {
        let Command::Connect { name, .. } = command else {
            broker.stats_mut().malformed += u64::from(matches!(command, Command::Unknown));
            note_too_early(&command, journal);
            return broker.close(self.connection, CloseReason::ProtocolError);
        };
        if name.is_empty() || NAME_BYTES_MAX < name.len() {
            // P-13, P-43.
            return broker.close(self.connection, CloseReason::ProtocolError);
        }
        let admission = match verdict.admission() {
            Ok(admission) => admission,
            Err(reject) => {
                self.refuse(&refusal(reject), broker);
                return journal.note(&Notice::Refused(name));
            }
        };
        let client = ClientId::from(name);
        let connect = Connect::transient(&client, admission);
        let notice = match broker.connect(self.connection, &connect) {
            Err(reject) => {
                journal::session(name, Cause::Rejected, journal);
                self.refuse(&refusal(&reject), broker);
                return journal.note(&Notice::Refused(name));
            }
            Ok(Entry::Refused | Entry::Open) => {
                journal::session(name, Cause::NameTaken, journal);
                self.refuse("ERROR: Name already taken", broker);
                return journal.note(&Notice::Refused(name));
            }
            Ok(Entry::New) => {
                self.say("OK: Conn accepted", broker);
                Notice::Connected(name)
            }
            Ok(Entry::Restored) => {
                let topics = broker.subscriptions(&client);
                let mut answer = Vec::new();
                put_restored(&mut answer, name, topics);
                broker.send(self.connection, |_, out| out.extend_from_slice(&answer));
                Notice::Restored(name)
            }
        };
        self.client = Some(client);
        journal.note(&notice);
    }

    /// Subscribes the client; says whether it is. There is no answer; what is refused is counted
    /// (P-19).
    fn subscribe(
        &self,
        channel: &str,
        broker: &mut Broker<impl Encoder>,
        verdict: &Verdict,
        journal: &dyn Journal,
    ) -> bool {
        if verdict.permit().is_err() {
            broker.stats_mut().rejected += 1;
            return false;
        }
        let subscribe = BrokerCommand::Subscribe { channel, persistent: false };
        let result = self.command(&subscribe, broker);
        if let Err(reject) = &result {
            broker.stats_mut().rejected += 1;
            let asked = (Asked::Act(Action::Subscribe), Some(channel));
            journal::refused(self.connection, asked, reject, broker, journal);
        }
        result.is_ok()
    }

    /// Publishes what the client sends; says whether it is on its way. There is no answer; what is
    /// refused is counted (P-24).
    fn publish(
        &self,
        channel: &str,
        data: &str,
        broker: &mut Broker<impl Encoder>,
        verdict: &Verdict,
        journal: &dyn Journal,
    ) -> bool {
        let permit = verdict.permit();
        let payload = match permit.as_ref().ok().and_then(|permit| permit.payload.as_ref()) {
            Some(payload) => Cow::Borrowed(payload.as_bytes()),
            None => payload_of(data).into(),
        };
        let publish = Publish { channel, payload: &payload, qos: Qos::AtMostOnce, retain: false };
        if let Err(reject) = permit {
            broker.note_message_refused(Issuer::Client(self.connection), &publish, reject);
            broker.stats_mut().rejected += 1;
            return false;
        }
        let result = self.command(&BrokerCommand::Publish(&publish), broker);
        if let Err(reject) = &result {
            let asked = (journal::publishing(channel), Some(channel));
            journal::refused(self.connection, asked, reject, broker, journal);
        }
        result.is_ok()
    }

    /// Has the broker carry out what the client asks, of which it hears nothing (P-19, P-24).
    fn command(
        &self,
        command: &BrokerCommand<'_>,
        broker: &mut Broker<impl Encoder>,
    ) -> Result<CommandOutcome, Reject> {
        broker.command(Issuer::Client(self.connection), command, Answer::None)
    }

    /// Says why and ends the connection (P-15, P-16).
    fn refuse(&self, why: &str, broker: &mut Broker<impl Encoder>) {
        broker.stats_mut().rejected += 1;
        self.say(why, broker);
        broker.close(self.connection, CloseReason::Refused);
    }

    fn say(&self, text: &str, broker: &mut Broker<impl Encoder>) {
        broker.send(self.connection, |_, out| put_text(out, text));
    }
}

/// Returns what a client is told whose session is not opened.
fn refusal(reject: &Reject) -> String {
    match reject {
        Reject::InvalidToken => "ERROR: Token not valid for this name".to_owned(),
        reject => format!("ERROR: {reject}"),
    }
}

/// Tells of a command that came before the session it needs.
fn note_too_early(command: &Command<'_>, journal: &dyn Journal) {
    match *command {
        Command::Subscribe(topic) => {
            journal::too_early(Asked::Act(Action::Subscribe), Some(topic), journal);
        }
        Command::Unsubscribe(topic) => journal::too_early(Asked::Unsubscribe, Some(topic), journal),
        Command::Publish { topic, .. } => {
            journal::too_early(journal::publishing(topic), Some(topic), journal);
        }
        Command::Connect { .. } | Command::Disconnect | Command::Unknown => {}
    }
}
