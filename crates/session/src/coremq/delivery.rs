//! The core's deliveries as CoreMQ messages.

use rialto_broker::{Format, Source};
use rialto_domain::ChannelName;
use rialto_wire::coremq::{Carrier, Envelope, Relay, RelayEnvelope, put_message, put_relay};

use super::{LINK, carrier};

/// The shared parts of a run of messages.
#[derive(Debug)]
pub enum Delivery {
    /// To clients and to servers of other kinds.
    Message(Carrier, Envelope),
    /// To Rialto servers.
    Relay(RelayEnvelope),
    /// To nobody: the channel has a name that CoreMQ cannot say.
    Unspeakable,
}

impl Delivery {
    pub(crate) fn new(
        format: Format,
        server: &str,
        channel: &ChannelName,
        source: Source<'_>,
    ) -> Self {
        if format == LINK {
            return Delivery::Relay(RelayEnvelope::new(&relay(server, channel.as_str(), source)));
        }
        let carrier = carrier(format);
        match queue_of(channel.as_str()) {
            Some(queue) => Delivery::Message(carrier, envelope(carrier, server, queue, source)),
            None => Delivery::Unspeakable,
        }
    }

    pub(crate) fn put(&self, payload: &[u8], out: &mut Vec<u8>) {
        match self {
            Delivery::Message(carrier, envelope) => put_message(out, *carrier, envelope, payload),
            Delivery::Relay(envelope) => put_relay(out, envelope, text(payload)),
            Delivery::Unspeakable => {}
        }
    }
}

/// Returns what CoreMQ calls a channel: a client's direct channel is the queue of its id (C-14).
fn queue_of(channel: &str) -> Option<&str> {
    let queue = channel.strip_prefix('#').unwrap_or(channel);
    (!queue.contains(' ')).then_some(queue)
}

pub(super) fn envelope(
    carrier: Carrier,
    server: &str,
    queue: &str,
    source: Source<'_>,
) -> Envelope {
    let from = (source.server.unwrap_or(server), source.on_behalf_of);
    Envelope::new(carrier, queue, source.publisher.as_str(), source.at, from)
}

pub(super) fn relay<'a>(server: &'a str, channel: &'a str, source: Source<'a>) -> Relay<'a> {
    Relay {
        channel: channel.into(),
        publisher: source.on_behalf_of.unwrap_or(source.publisher.as_str()).into(),
        server: source.server.unwrap_or(server).into(),
        at: source.at,
        id: (source.id.origin, source.id.sequence),
        clock: Some(source.logical),
    }
}

/// Returns a payload as the text it is.
pub(super) fn text(payload: &[u8]) -> &str {
    std::str::from_utf8(payload).expect("the decoders let UTF-8 through only")
}
