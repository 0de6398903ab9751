//! What the histories have for a follower that begins there, in portions, so that the broker is locked
//! shortly for each.

use rialto_broker::{Broker, Encoder, Source};
use rialto_domain::{LogicalMs, MessageId};
use rialto_session::follow::{envelope, position};
use rialto_wire::follow::{Carrier, Position, put_gap, put_message};

/// Messages of a portion.
const COUNT_MAX: usize = 256;
/// Bytes of payloads after which a portion ends.
const BYTES_MAX: usize = 256 << 10;

/// How far a follower has come in the histories.
#[derive(Debug)]
pub(super) struct Replay {
    carrier: Carrier,
    /// Behind which place it goes on.
    behind: Position,
    /// The last place: what stands behind it comes as it is new.
    until: Position,
    histories: Vec<Followed>,
}

/// The history of one channel.
#[derive(Debug)]
struct Followed {
    channel: String,
    /// What is expected to be next; `None` before the first look.
    next: Option<Expected>,
}

/// What a look at a history has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Message(Position),
    Nothing,
}

impl Replay {
    /// Begins behind a place, of which the follower is to have all up to now. Where it does not miss what
    /// is gone, only what goes from now on is a gap. What was published must be in the histories.
    pub(super) fn begin(
        broker: &Broker<impl Encoder>,
        (carrier, behind): (Carrier, Position),
        channels: &[String],
        misses_what_is_gone: bool,
    ) -> Self {
        let newest = channels.iter().filter_map(|channel| {
            let last = broker.history_behind(channel, place(behind)).next_back();
            last.and_then(|(source, _)| position(&source))
        });
        let until = newest.max().unwrap_or(behind);
        let histories = channels.iter().map(|channel| {
            let next = (!misses_what_is_gone).then(|| next(broker, channel, behind));
            Followed { channel: channel.clone(), next }
        });
        Replay { carrier, behind, until, histories: histories.collect() }
    }

    /// Writes the next portion; says whether that was all.
    pub(super) fn portion(&mut self, broker: &mut Broker<impl Encoder>, out: &mut Vec<u8>) -> bool {
        for followed in &mut self.histories {
            if !followed.is_whole(broker, self.behind) {
                put_gap(out, self.carrier, &followed.channel);
            }
        }
        let mut messages: Vec<(Position, &str, Source<'_>, &[u8])> = Vec::new();
        for Followed { channel, .. } in &self.histories {
            let history = broker.history_behind(channel, place(self.behind)).take(COUNT_MAX);
            let placed = history.filter_map(|(source, payload)| {
                Some((position(&source)?, channel.as_str(), source, payload))
            });
            messages.extend(placed.take_while(|(position, ..)| *position <= self.until));
        }
        messages.sort_unstable_by_key(|(position, ..)| *position);
        let mut bytes = 0;
        for (position, channel, source, payload) in messages.iter().take(COUNT_MAX) {
            if BYTES_MAX < bytes {
                break;
            }
            put_message(out, &mut envelope(self.carrier, channel, source), payload, false);
            bytes += payload.len();
            self.behind = *position;
        }
        let mut is_all = true;
        for followed in &mut self.histories {
            let expected = next(broker, &followed.channel, self.behind);
            is_all &= !matches!(expected, Expected::Message(it) if it <= self.until);
            followed.next = Some(expected);
        }
        is_all
    }
}

impl Followed {
    /// Says whether nothing is gone that should come next.
    fn is_whole(&self, broker: &mut Broker<impl Encoder>, behind: Position) -> bool {
        match self.next {
            None => broker.has_all_behind(&self.channel, place(behind)),
            // Whatever is there now was not missed.
            Some(Expected::Nothing) => true,
            Some(expected) => next(broker, &self.channel, behind) == expected,
        }
    }
}

/// Returns what is next behind a place.
fn next(broker: &Broker<impl Encoder>, channel: &str, behind: Position) -> Expected {
    let first = broker.history_behind(channel, place(behind)).next();
    let first = first.and_then(|(source, _)| position(&source));
    first.map_or(Expected::Nothing, Expected::Message)
}

/// Returns a place as the broker has it.
fn place(Position { logical, origin, sequence }: Position) -> (LogicalMs, MessageId) {
    (logical, MessageId { origin, sequence })
}
