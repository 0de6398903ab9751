//! The answers to requests and messages.

use rialto_broker::{Broker, Encoder, Format};
use rialto_domain::Reject;
use rialto_wire::coremq::{Answer, put_answer};

use super::Session;
use crate::coremq::carrier;

pub(super) const MESSAGE_SENT: &str = "OK: Message sent";

impl Session {
    pub(super) fn answer_sent(
        &self,
        on_behalf_of: Option<&str>,
        broker: &mut Broker<impl Encoder>,
    ) {
        match on_behalf_of {
            Some(to) => self.respond(MESSAGE_SENT, to, broker),
            None => self.send(broker, |_, out| out.extend_from_slice(&self.sent)),
        }
    }

    pub(super) fn answer_status(&self, to: &str, broker: &mut Broker<impl Encoder>) {
        let replicants: Vec<String> = broker.observers().map(str::to_owned).collect();
        let answer = Answer::Status {
            coremq_fwdto: to,
            master: &self.server.name,
            replicants: replicants.iter().map(String::as_str).collect(),
            connections: broker.stats().connections,
        };
        self.answer(&answer, to, broker);
    }

    pub(super) fn answer_gateway_status(&self, broker: &mut Broker<impl Encoder>) {
        let connections = broker.stats().connections;
        let answer = Answer::GatewayStatus { connections, mq_server: &self.server.name };
        self.answer(&answer, "", broker);
    }

    /// Answers a request or message that is not allowed, and counts it.
    pub(in crate::coremq) fn reject(
        &self,
        reject: &Reject,
        to: &str,
        broker: &mut Broker<impl Encoder>,
    ) {
        self.refuse(&reject.to_string(), to, broker);
    }

    /// Answers a request or message that is not carried out, and counts it.
    pub(in crate::coremq) fn refuse(&self, why: &str, to: &str, broker: &mut Broker<impl Encoder>) {
        broker.stats_mut().rejected += 1;
        self.answer_error(why, to, broker);
    }

    /// Answers what was not carried out.
    pub(super) fn answer_error(&self, why: &str, to: &str, broker: &mut Broker<impl Encoder>) {
        if self.is_gateway(broker) {
            return self.answer(&Answer::Error { error: why }, "", broker);
        }
        self.respond(&format!("ERROR: {why}"), to, broker);
    }

    pub(super) fn respond(&self, response: &str, to: &str, broker: &mut Broker<impl Encoder>) {
        self.answer(&Answer::Response { response }, to, broker);
    }

    pub(super) fn answer(&self, answer: &Answer<'_>, to: &str, broker: &mut Broker<impl Encoder>) {
        self.send(broker, |format, out| put_answer(out, carrier(format), to, answer));
    }

    pub(in crate::coremq) fn send(
        &self,
        broker: &mut Broker<impl Encoder>,
        encode: impl FnOnce(Format, &mut Vec<u8>),
    ) {
        broker.send(self.connection, encode);
    }
}
