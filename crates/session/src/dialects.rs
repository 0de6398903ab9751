//! All ways to encode, under the core's one trait.

use rialto_broker::{ChannelName, ClientId, Encoder, Format, Mark, Reply};
use rialto_wire::jmqt::{Carrier, PushEnvelope};

use crate::jmqt;

/// Encodes for every dialect there is; a [`Format`] says which.
#[derive(Debug, Clone, Copy, Default)]
pub struct Dialects;

/// The shared parts of a run of deliveries, in one dialect.
#[derive(Debug)]
pub enum Envelope {
    /// JMQT on one of its carriers.
    Jmqt(Carrier, PushEnvelope),
}

impl Encoder for Dialects {
    type Envelope = Envelope;

    fn envelope(&self, format: Format, channel: &ChannelName, publisher: &ClientId) -> Envelope {
        let envelope = PushEnvelope::new(channel.as_str(), publisher.as_str());
        Envelope::Jmqt(jmqt::carrier(format), envelope)
    }

    fn delivery(&self, envelope: &Envelope, payload: &[u8], mark: Mark, out: &mut Vec<u8>) {
        match envelope {
            Envelope::Jmqt(carrier, envelope) => {
                jmqt::put_delivery(*carrier, envelope, payload, mark, out);
            }
        }
    }

    fn reply(&self, format: Format, reply: &Reply<'_>, out: &mut Vec<u8>) {
        jmqt::put_reply(jmqt::carrier(format), reply, out);
    }
}
