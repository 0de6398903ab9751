//! What another server passes on, and what of it did not come.

use std::sync::Arc;

use rialto_broker::{Broker, Encoder, Relayed};
use rialto_domain::{ClientId, HistoryMessage, MessageId, UnixMs};
use rialto_wire::coremq::Relay;

use super::Link;
use crate::coremq::queue::channel_of;

/// Times beyond this are nonsense, and could not be stored.
const AT_MAX: UnixMs = 1 << 52;

impl Link {
    pub(super) fn on_relay(
        &mut self,
        relay: &Relay<'_>,
        payload: &str,
        broker: &mut Broker<impl Encoder>,
    ) {
        let (first, count) = self.together;
        let count = if first == relay.id { count + 1 } else { 0 };
        self.together = (relay.id, count);
        let (origin, sequence) = (relay.id.0, relay.id.1.saturating_add(count));
        let (known, last) = self.position.unwrap_or((origin, 0));
        if known == origin {
            if sequence <= last {
                return;
            }
            self.note_gap(sequence - 1, broker);
            self.position = Some((origin, sequence));
        }
        self.deliver(relay, Some(MessageId { origin, sequence }), payload, broker);
    }

    /// Counts the messages up to this one that did not come, and will not any more: the other
    /// server's backlog lost them while we caught up. The history may have them.
    pub(super) fn note_gap(&mut self, reached: u64, broker: &mut Broker<impl Encoder>) {
        let Some((origin, last)) = self.position.filter(|(_, last)| *last < reached) else {
            return;
        };
        broker.note_missed(reached - last);
        self.position = Some((origin, reached));
        self.wants_past = true;
    }

    pub(super) fn deliver(
        &self,
        relay: &Relay<'_>,
        id: Option<MessageId>,
        payload: &str,
        broker: &mut Broker<impl Encoder>,
    ) {
        let Relay { channel, publisher, server, at, clock, .. } = relay;
        let is_ours = **server == *self.server.address;
        if is_ours || (**server != self.peer && broker.is_linked(server)) {
            // It comes, or came, to us by a shorter way.
            return;
        }
        let message = Relayed {
            channel: &channel_of(channel, broker),
            payload: payload.as_bytes(),
            publisher,
            server,
            at: (*at).min(AT_MAX),
            id,
            // A release that says none orders by its wall clock.
            logical: id.map(|_| clock.unwrap_or(*at).min(AT_MAX)),
        };
        broker.relay(&message, None);
    }

    pub(super) fn on_past(
        &self,
        relay: &Relay<'_>,
        payload: &str,
        broker: &mut Broker<impl Encoder>,
    ) {
        let (origin, sequence) = relay.id;
        let is_ours = *relay.server == *self.server.address;
        let message = HistoryMessage {
            id: MessageId { origin, sequence },
            logical: relay.clock.unwrap_or(relay.at).min(AT_MAX),
            at: relay.at.min(AT_MAX),
            publisher: ClientId::from(&*relay.publisher),
            server: (!is_ours).then(|| Arc::from(&*relay.server)),
            payload: payload.as_bytes().to_vec().into(),
        };
        broker.add_history(&relay.channel, &message);
    }
}
