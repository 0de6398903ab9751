//! One PubSubX connection: which command is lawful when, and what it leads to.

use rialto_broker::{
    Answer, Broker, Command as BrokerCommand, CommandOutcome, ConnectionKey, Entry, Gate, Issuer,
    Publish,
};
use rialto_domain::{Action, Asked, Cause, ClientId, CloseReason, Qos, Reject};
use rialto_wire::pubsubx::{Command, NAME_BYTES_MAX, payload_of, put_restored, put_text};

use crate::{Dialects, Inquiry, Matter, trace};

/// What happened, in the words of the original's diagnostics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice<'a> {
    /// A client opened its session.
    Connected(&'a str),
    /// A lost client is back.
    Restored(&'a str),
    /// A name was refused: it is in use, or its token is wrong.
    Refused(&'a str),
    /// A client said goodbye.
    Disconnected,
    /// A client wants what is published on a topic.
    Subscribed(&'a str),
    /// A client wants no more of a topic.
    Unsubscribed(&'a str),
    /// A client published on a topic.
    Published(&'a str),
}

/// The commands of one connection, in order.
#[derive(Debug)]
pub struct Session {
    connection: ConnectionKey,
    /// There once the session is open.
    client: Option<ClientId>,
}

impl Session {
    /// Makes the session of a connection that the broker knows.
    #[must_use]
    pub fn new(connection: ConnectionKey) -> Self {
        Session { connection, client: None }
    }

    /// Returns the client's name, once its session is open.
    #[must_use]
    pub fn client(&self) -> Option<&ClientId> {
        self.client.as_ref()
    }

    /// Says what kind of decision a command needs, if it needs one.
    #[must_use]
    pub fn matter(command: &Command<'_>) -> Option<Matter> {
        match command {
            Command::Connect { .. } => Some(Matter::Connect),
            Command::Subscribe(_) => Some(Matter::Subscribe),
            Command::Unsubscribe(_) => Some(Matter::Unsubscribe),
            Command::Publish { .. } => Some(Matter::Publish),
            Command::Disconnect | Command::Unknown => None,
        }
    }

    /// Returns what is to be decided before a command is given to
    /// [`on_command`](Self::on_command), whose gate then says it; `None` where the command leads to
    /// nothing or is refused anyway.
    #[must_use]
    pub fn inquiry<'a>(
        &self,
        command: &Command<'a>,
        broker: &Broker<Dialects>,
    ) -> Option<Inquiry<'a>> {
        if broker.is_closing(self.connection) {
            return None;
        }
        let inquiry = match *command {
            Command::Connect { name, token } if self.client.is_none() => {
                Inquiry::Connect { client: name, token }
            }
            Command::Subscribe(topic) => {
                Inquiry::Subscribe { channels: vec![topic], persistent: false }
            }
            Command::Unsubscribe(topic) => Inquiry::Unsubscribe { channels: vec![topic] },
            Command::Publish { topic, data } => {
                let payload = String::from_utf8(payload_of(data)).ok()?;
                let (qos, retain) = (Qos::AtMostOnce, false);
                Inquiry::Publish { channel: topic.into(), payload: payload.into(), qos, retain }
            }
            _ => return None,
        };
        inquiry.arises(self.connection, broker).then_some(inquiry)
    }

    /// Returns about how many bytes the answer to a command has where it may be much larger than
    /// the command is; otherwise 0.
    #[must_use]
    pub fn answer_bytes(&self, command: &Command<'_>, broker: &Broker<Dialects>) -> usize {
        match command {
            Command::Connect { name, .. } if self.client.is_none() => broker.welcome_bytes(name),
            _ => 0,
        }
    }

    /// Takes one command.
    ///
    /// # Spec
    /// P-11 to P-33: the first opens the session or ends the connection; within a session what means
    /// nothing is ignored.
    pub fn on_command<'a>(
        &mut self,
        command: Command<'a>,
        broker: &mut Broker<Dialects>,
        gate: &dyn Gate,
    ) -> Option<Notice<'a>> {
        if broker.is_closing(self.connection) {
            // P-14, P-33: it said goodbye, or was sent away.
            return None;
        }
        if self.client.is_none() {
            return self.on_first(command, broker, gate);
        }
        match command {
            Command::Subscribe(topic) => {
                // P-19: there is no answer; what is refused is counted.
                if gate.permit().is_err() {
                    broker.stats_mut().rejected += 1;
                    return None;
                }
                let subscribe = BrokerCommand::Subscribe { channel: topic, persistent: false };
                if let Err(reject) = self.command(&subscribe, broker) {
                    broker.stats_mut().rejected += 1;
                    let asked = (Asked::Act(Action::Subscribe), Some(topic));
                    trace::refused(self.connection, asked, &reject, broker, gate);
                    return None;
                }
                Some(Notice::Subscribed(topic))
            }
            Command::Unsubscribe(topic) => {
                if gate.permit().is_err() {
                    broker.stats_mut().rejected += 1;
                    return None;
                }
                _ = self.command(&BrokerCommand::Unsubscribe { channel: topic }, broker);
                Some(Notice::Unsubscribed(topic))
            }
            Command::Publish { topic, data } => self.publish(topic, data, broker, gate),
            Command::Disconnect => {
                broker.close(self.connection, CloseReason::Asked);
                Some(Notice::Disconnected)
            }
            Command::Unknown => {
                broker.stats_mut().malformed += 1;
                None
            }
            Command::Connect { .. } => None,
        }
    }

    fn on_first<'a>(
        &mut self,
        command: Command<'a>,
        broker: &mut Broker<Dialects>,
        gate: &dyn Gate,
    ) -> Option<Notice<'a>> {
        let Command::Connect { name, token } = command else {
            broker.stats_mut().malformed += u64::from(matches!(command, Command::Unknown));
            note_too_early(&command, gate);
            broker.close(self.connection, CloseReason::ProtocolError);
            return None;
        };
        if name.is_empty() || NAME_BYTES_MAX < name.len() {
            // P-13, P-43.
            broker.close(self.connection, CloseReason::ProtocolError);
            return None;
        }
        let admission = match gate.admit_anybody(name).map(Ok) {
            Some(admission) => admission,
            None => gate.admit(name, token, broker.now().unix_ms),
        };
        let admission = match admission {
            Ok(admission) => admission,
            Err(Reject::InvalidToken) => {
                return self.refuse("ERROR: Token not valid for this name", name, broker);
            }
            Err(reject) => return self.refuse(&format!("ERROR: {reject}"), name, broker),
        };
        let client = ClientId::from(name);
        let notice = match broker.connect_transient(self.connection, &client, &admission) {
            Entry::Refused => {
                trace::session(name, Cause::NameTaken, gate);
                return self.refuse("ERROR: Name already taken", name, broker);
            }
            Entry::New => {
                self.say("OK: Conn accepted", broker);
                Notice::Connected(name)
            }
            Entry::Restored => {
                let topics = broker.subscriptions(&client);
                let mut answer = Vec::new();
                put_restored(&mut answer, name, topics);
                broker.send(self.connection, |_, out| out.extend_from_slice(&answer));
                Notice::Restored(name)
            }
        };
        self.client = Some(client);
        Some(notice)
    }

    fn publish<'a>(
        &self,
        topic: &'a str,
        data: &str,
        broker: &mut Broker<Dialects>,
        gate: &dyn Gate,
    ) -> Option<Notice<'a>> {
        let Ok(permit) = gate.permit() else {
            broker.note_publish_refused();
            broker.stats_mut().rejected += 1;
            return None;
        };
        let payload = permit.payload.map_or_else(|| payload_of(data), String::into_bytes);
        let publish =
            Publish { channel: topic, payload: &payload, qos: Qos::AtMostOnce, retain: false };
        // P-24: there is no answer; what is refused is counted.
        if let Err(reject) = self.command(&BrokerCommand::Publish(&publish), broker) {
            let asked = (trace::publishing(topic), Some(topic));
            trace::refused(self.connection, asked, &reject, broker, gate);
            return None;
        }
        Some(Notice::Published(topic))
    }

    /// Has the broker carry out what the client asks, of which it hears nothing (P-19, P-24).
    fn command(
        &self,
        command: &BrokerCommand<'_>,
        broker: &mut Broker<Dialects>,
    ) -> Result<CommandOutcome, Reject> {
        broker.command(Issuer::Client(self.connection), command, Answer::None)
    }

    /// Says why and ends the connection (P-15, P-16).
    fn refuse<'a>(
        &self,
        why: &str,
        name: &'a str,
        broker: &mut Broker<Dialects>,
    ) -> Option<Notice<'a>> {
        broker.stats_mut().rejected += 1;
        self.say(why, broker);
        broker.close(self.connection, CloseReason::Refused);
        Some(Notice::Refused(name))
    }

    fn say(&self, text: &str, broker: &mut Broker<Dialects>) {
        broker.send(self.connection, |_, out| put_text(out, text));
    }
}

/// Tells of a command that came before the session it needs.
fn note_too_early(command: &Command<'_>, gate: &dyn Gate) {
    match *command {
        Command::Subscribe(topic) => {
            trace::too_early(Asked::Act(Action::Subscribe), Some(topic), gate);
        }
        Command::Unsubscribe(topic) => trace::too_early(Asked::Unsubscribe, Some(topic), gate),
        Command::Publish { topic, .. } => {
            trace::too_early(trace::publishing(topic), Some(topic), gate);
        }
        Command::Connect { .. } | Command::Disconnect | Command::Unknown => {}
    }
}
