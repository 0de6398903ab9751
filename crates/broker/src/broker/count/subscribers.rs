//! Subscribers of a channel.

use rialto_domain::ClientId;

use super::{ENTRY, Step};
use crate::{Broker, ChannelKey, ClientKey, Encoder, channel::Channel};

/// A subscriber of a channel that is in memory, as it was when it was counted.
#[derive(Debug, Clone)]
pub struct SubscriberCount {
    /// Its id.
    pub client: ClientId,
    /// Whether it is connected.
    pub is_online: bool,
    /// Whether its subscription outlives the session.
    pub is_persistent: bool,
    /// Stored messages behind the last one up to which it has acknowledged all.
    pub lag: u64,
    /// Messages that it was sent and has not acknowledged, of a persistent subscription.
    pub unacknowledged: u64,
}

/// Where a count of a channel's subscribers goes on.
#[derive(Debug)]
pub struct SubscriberCounting {
    channel: ChannelKey,
    part: Part,
}

#[derive(Debug, Clone, Copy)]
enum Part {
    /// Connected ones whose subscription ends with the session: so many are left, from the front. Backwards,
    /// since one that goes may be replaced by the last.
    Connected(usize),
    /// Lost ones, likewise.
    Lost(usize),
    /// Persistent ones, behind this one.
    Persistent(Option<ClientKey>),
}

impl SubscriberCounting {
    /// Returns the channel whose subscribers are counted.
    pub(in crate::broker) fn channel(&self) -> ChannelKey {
        self.channel
    }
}

impl<E: Encoder> Broker<E> {
    /// Begins a count of a channel's subscribers; `None` if it is not in use.
    pub fn count_of_subscribers(&self, channel: &str) -> Option<SubscriberCounting> {
        let &channel = self.channel_keys.get(channel)?;
        let count = self.channels[channel].receivers.len();
        Some(SubscriberCounting { channel, part: Part::Connected(count) })
    }

    /// Returns how many persistent subscribers of a channel are not in memory, and so cannot be counted one by
    /// one.
    pub fn stored_subscriber_count(&self, channel: &str) -> u64 {
        let key = self.channel_keys.get(channel);
        key.map_or(0, |&key| self.channels[key].stored_reader_count)
    }

    /// Takes a step of a count of a channel's subscribers, and says whether there are more. `take` gets each, in
    /// no order, and maybe one more than once.
    ///
    /// # Cost
    /// At most 256 are looked at, and fewer once `has_time`, which is asked after each sixteenth of that,
    /// says no.
    pub fn count_subscribers(
        &self,
        counting: &mut SubscriberCounting,
        has_time: impl FnMut() -> bool,
        mut take: impl FnMut(SubscriberCount),
    ) -> bool {
        let Some(channel) = self.channels.get(counting.channel) else { return false };
        let mut step = Step::new(has_time);
        loop {
            if !step.take(ENTRY) {
                return true;
            }
            let (client, part) = match counting.part {
                Part::Connected(0) => (None, Part::Lost(channel.absent.len())),
                Part::Connected(left) => {
                    let place = left.min(channel.receivers.len()).saturating_sub(1);
                    let receiver = channel.receivers.get(place).filter(|it| !it.persistent);
                    (receiver.map(|it| it.client), Part::Connected(place))
                }
                Part::Lost(0) => (None, Part::Persistent(None)),
                Part::Lost(left) => {
                    let place = left.min(channel.absent.len()).saturating_sub(1);
                    (channel.absent.get_index(place).copied(), Part::Lost(place))
                }
                Part::Persistent(after) => {
                    let Some((client, ())) = channel.persistent.iter_behind(after).next() else {
                        return false;
                    };
                    (Some(client), Part::Persistent(Some(client)))
                }
            };
            counting.part = part;
            if let Some(count) =
                client.and_then(|it| self.subscriber_count((counting.channel, channel), it))
            {
                take(count);
            }
        }
    }

    fn subscriber_count(
        &self,
        (key, channel): (ChannelKey, &Channel),
        client: ClientKey,
    ) -> Option<SubscriberCount> {
        let client = self.clients.get(client)?;
        let subscription = client.subscriptions.get(&key)?;
        let cursor = subscription.cursor();
        Some(SubscriberCount {
            client: client.id.clone(),
            is_online: client.connection.is_some(),
            is_persistent: cursor.is_some(),
            lag: subscription.lag(channel),
            unacknowledged: cursor.map_or(0, |cursor| cursor.in_flight()),
        })
    }
}
