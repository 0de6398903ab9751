//! All ways to encode, under the core's one trait.

use std::sync::Arc;

use rialto_broker::{CommandAnswer, Encoder, Format, Mark, SessionOpened, Source};
use rialto_domain::ChannelName;
use rialto_wire::{
    jmqt::{Carrier, PushEnvelope},
    pubsubx as pubsubx_wire,
    websocket::put_ping_frame,
};

use crate::{coremq, jmqt, pubsubx};

/// Encodes for every dialect there is; a [`Format`] says which.
#[derive(Debug, Clone, Default)]
pub struct Dialects {
    /// What this server calls itself to others: a name and a port.
    pub server: Arc<str>,
}

/// The shared parts of a run of deliveries, in one dialect.
#[derive(Debug)]
pub enum Envelope {
    /// JMQT on one of its carriers.
    Jmqt(Carrier, PushEnvelope),
    /// CoreMQ, to clients or to servers.
    Coremq(coremq::Delivery),
    /// PubSubX.
    Pubsubx(pubsubx_wire::Envelope),
}

impl Encoder for Dialects {
    type Envelope = Envelope;

    fn envelope(&self, format: Format, channel: &ChannelName, source: Source<'_>) -> Envelope {
        if format == pubsubx::TCP {
            return Envelope::Pubsubx(pubsubx::envelope(channel));
        }
        if coremq::is_coremq(format) {
            return Envelope::Coremq(coremq::Delivery::new(format, &self.server, channel, source));
        }
        let envelope = PushEnvelope::new(channel.as_str(), source.publisher.as_str());
        Envelope::Jmqt(jmqt::carrier(format), envelope)
    }

    fn delivery(&self, envelope: &Envelope, payload: &[u8], mark: Mark, out: &mut Vec<u8>) {
        match envelope {
            Envelope::Jmqt(carrier, envelope) => {
                jmqt::put_delivery(*carrier, envelope, payload, mark, out);
            }
            Envelope::Coremq(delivery) => delivery.put(payload, out),
            Envelope::Pubsubx(envelope) => pubsubx_wire::put_message(out, envelope, payload),
        }
    }

    fn session_opened(&self, format: Format, session: SessionOpened, out: &mut Vec<u8>) {
        // The sessions of the other dialects answer for themselves, here and below.
        if matches!(format, jmqt::TCP | jmqt::WEBSOCKET) {
            jmqt::put_session_opened(jmqt::carrier(format), session, out);
        }
    }

    fn ping(&self, format: Format, out: &mut Vec<u8>) {
        if format == jmqt::WEBSOCKET {
            put_ping_frame(out);
        }
    }

    fn command_answer(&self, format: Format, answer: &CommandAnswer<'_>, out: &mut Vec<u8>) {
        if matches!(format, jmqt::TCP | jmqt::WEBSOCKET) {
            jmqt::put_command_answer(jmqt::carrier(format), answer, out);
        }
    }
}
