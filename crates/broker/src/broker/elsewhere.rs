//! Messages with QoS 0 to one client that is not connected here: the other nodes are asked for it over the bus, and its
//! publisher is told that it is offline if none has it.

use std::{collections::BTreeMap, time::Duration};

use rialto_domain::{Payloads, Reject, bus::Direct};

use crate::{BusEffect, ConnectionKey, Effect, Encoder, Source};

use super::{
    Broker,
    message::{Answer, CommandOutcome, Publish, Publisher},
};

/// How long another node may take to say that it has handed a message on.
const ANSWERED_WITHIN: Duration = Duration::from_secs(1);

/// Messages that wait for such an answer; others are refused at once.
const WAITING_MAX: usize = 10_000;

/// Messages that other nodes are asked to hand on.
#[derive(Debug, Default)]
pub(super) struct Elsewhere {
    last: u64,
    /// By their tickets, the oldest first.
    waiting: BTreeMap<u64, Sent>,
}

/// Who waits for what becomes of a message.
#[derive(Debug)]
struct Sent {
    due: Duration,
    connection: Option<ConnectionKey>,
    request: Option<String>,
    ticket: Option<u64>,
}

impl<E: Encoder> Broker<E> {
    /// Has other nodes look for a client and hand it a message.
    pub(super) fn send_elsewhere(
        &mut self,
        publisher: Publisher<'_>,
        to: &str,
        publish: &Publish<'_>,
        answer: Answer<'_>,
    ) -> Result<CommandOutcome, Reject> {
        if !self.bus.is_up() || WAITING_MAX <= self.elsewhere.waiting.len() {
            return Err(Reject::ClientOffline);
        }
        let (request, ticket) = match answer {
            Answer::To(request) => (request.map(str::to_owned), None),
            Answer::Ticket(ticket) => (None, Some(ticket)),
            Answer::None => (None, None),
        };
        let (connection, due) = (publisher.connection, self.now.uptime + ANSWERED_WITHIN);
        self.elsewhere.last += 1;
        let own = self.elsewhere.last;
        self.elsewhere.waiting.insert(own, Sent { due, connection, request, ticket });
        self.uncommitted_count += 1;
        let direct = Direct {
            node: self.settings.replication.origin,
            ticket: own,
            client: to.into(),
            publisher: self.source(connection),
            at: self.now.unix_ms,
            payload: Payloads::single(publish.payload),
        };
        self.outputs.push(Effect::Bus(BusEffect::Direct(Box::new(direct))));
        Ok(CommandOutcome::AwaitsCommit)
    }

    /// Hands a message of another node to its client, if that is connected here; says whether it is.
    pub fn on_node_direct(&mut self, direct: &Direct) -> bool {
        self.finish_run();
        let client = self.client_keys.get(direct.client.as_str());
        let receiver = client.and_then(|&client| self.clients[client].connection);
        let Some(receiver) = receiver else { return false };
        self.stats.relayed += 1;
        self.stats.routed += 1;
        let channel = direct.client.direct_channel();
        let source = Source { at: direct.at, ..Source::of(&direct.publisher) };
        for payload in direct.payload.iter() {
            self.send_directly(receiver, channel.as_str(), source, payload);
        }
        true
    }

    /// Takes that another node has handed a message on.
    pub fn on_direct_answer(&mut self, ticket: u64) {
        let Some(sent) = self.elsewhere.waiting.remove(&ticket) else { return };
        self.uncommitted_count -= 1;
        self.stats.published += 1;
        self.stats.routed += 1;
        if let Some(ticket) = sent.ticket {
            self.outputs.push(Effect::Resolved { ticket, result: Ok(()) });
        }
    }

    /// Tells publishers that a client is offline that no node has found in time.
    pub(super) fn give_up_elsewhere(&mut self) {
        while let Some(oldest) = self.elsewhere.waiting.first_entry()
            && oldest.get().due <= self.now.uptime
        {
            let Sent { connection, request, ticket, .. } = oldest.remove();
            self.uncommitted_count -= 1;
            self.stats.publish_refused += 1;
            let reject = Reject::ClientOffline;
            match (connection, request, ticket) {
                (Some(connection), Some(request), _) => {
                    self.answer_publish(connection, Some(&request), Err(&reject));
                }
                (.., Some(ticket)) => {
                    self.outputs.push(Effect::Resolved { ticket, result: Err(reject) });
                }
                _ => self.stats.rejected += 1,
            }
        }
    }
}
