//! Followers by HTTP: what they are sent. They say nothing, so that there are no sessions of theirs.

use rialto_broker::{ConnectionProfile, Format, Mark, Source};
use rialto_domain::{ChannelName, MessageId};
use rialto_wire::follow::{About, Carrier, Envelope, Position, put_message};

use crate::Deliveries;

/// Server-Sent Events.
pub const EVENTS: Format = Format(6);
/// Lines of JSON.
pub const LINES: Format = Format(7);

/// The deliveries of followers; there is no value of it.
#[derive(Debug)]
pub enum Follower {}

/// Returns how a follower behaves, as far as delivery depends on it.
#[must_use]
pub fn profile(carrier: Carrier, takes_retained: bool) -> ConnectionProfile {
    let format = match carrier {
        Carrier::Events => EVENTS,
        Carrier::Lines => LINES,
    };
    ConnectionProfile { takes_retained, ..ConnectionProfile::plain(format) }
}

/// Returns the profile of a connection that is sent nothing.
#[must_use]
pub fn silent_profile() -> ConnectionProfile {
    ConnectionProfile::plain(LINES)
}

/// Returns where the first message of a source stands; `None` where that is not known.
#[must_use]
pub fn position(source: &Source<'_>) -> Option<Position> {
    let MessageId { origin, sequence } = source.id;
    (source.logical != 0).then_some(Position { logical: source.logical, origin, sequence })
}

/// Renders what messages of one source to a channel share.
#[must_use]
pub fn envelope(carrier: Carrier, channel: &str, source: &Source<'_>) -> Envelope {
    let about = About {
        channel,
        publisher: source.publisher.as_str(),
        at_ms: source.at,
        server: source.server,
        on_behalf_of: source.on_behalf_of,
        first: position(source),
    };
    Envelope::new(carrier, &about)
}

impl Deliveries for Follower {
    type Envelope = Envelope;
    type Outgoing = ();

    fn has(format: Format) -> bool {
        format == EVENTS || format == LINES
    }

    fn envelope(
        _server: &str,
        format: Format,
        channel: &ChannelName,
        source: Source<'_>,
    ) -> Envelope {
        let carrier = if format == EVENTS { Carrier::Events } else { Carrier::Lines };
        envelope(carrier, channel.as_str(), &source)
    }

    fn delivery(envelope: &mut Envelope, payload: &[u8], mark: Mark, out: &mut Vec<u8>) {
        put_message(out, envelope, payload, mark == Mark::Retained);
    }
}
