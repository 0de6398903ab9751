//! Messages, and the queues that a client wants them of.

use std::borrow::Cow;

use rialto_broker::{Broker, Command, Encoder, Publish};
use rialto_domain::{Action, Asked, Qos};

use super::Session;
use crate::{
    Journal, Verdict,
    coremq::queue::{channel_of, speakable},
    journal,
};

impl Session {
    pub(super) fn subscribe(
        &self,
        (queues, to): (&[Cow<'_, str>], &str),
        broker: &mut Broker<impl Encoder>,
        verdict: &Verdict,
        journal: &dyn Journal,
    ) {
        if let Err(reject) = verdict.permit() {
            return self.reject(reject, to, broker);
        }
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
                journal::refused(self.connection, asked, &reject, broker, journal);
                return self.refuse(&format!("queue {queue:?}: {reject}"), to, broker);
            }
        }
        // C-35: the gateway says nothing to it.
        if !is_gateway {
            self.respond("OK: Subscribe successful", to, broker);
        }
    }

    pub(super) fn unsubscribe(
        &self,
        (queues, to): (&[Cow<'_, str>], &str),
        broker: &mut Broker<impl Encoder>,
        verdict: &Verdict,
    ) {
        if let Err(reject) = verdict.permit() {
            return self.reject(reject, to, broker);
        }
        for queue in queues {
            // C-19: one that is not there is no reason to refuse.
            _ = self.command(&Command::Unsubscribe { channel: queue }, None, broker);
        }
        self.respond("OK: Unsubscribe successful", to, broker);
    }

    /// Takes a message of a client that has a session.
    pub(super) fn on_message(
        &self,
        (queue, payload): (&str, &str),
        on_behalf_of: Option<&str>,
        broker: &mut Broker<impl Encoder>,
        verdict: &Verdict,
        journal: &dyn Journal,
    ) {
        match verdict.permit() {
            Ok(permit) => {
                let payload = permit.payload.as_deref().unwrap_or(payload);
                self.publish((queue, payload), on_behalf_of, broker, journal);
            }
            Err(reject) => {
                let channel = channel_of(queue, broker);
                let payload = payload.as_bytes();
                let (qos, retain) = (Qos::AtMostOnce, false);
                let publish = Publish { channel: &channel, payload, qos, retain };
                broker.note_message_refused(self.issuer(on_behalf_of), &publish, reject);
                self.reject(reject, on_behalf_of.unwrap_or(self.id.as_str()), broker);
            }
        }
    }

    fn publish(
        &self,
        (queue, payload): (&str, &str),
        on_behalf_of: Option<&str>,
        broker: &mut Broker<impl Encoder>,
        journal: &dyn Journal,
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
            let asked = (journal::publishing(&channel), Some(&*channel));
            journal::refused(self.connection, asked, reject, broker, journal);
        }
        match result {
            _ if is_own => {}
            Ok(_) => self.answer_sent(on_behalf_of, broker),
            // The broker has counted it.
            Err(reject) => self.answer_error(&reject.to_string(), to, broker),
        }
    }
}
