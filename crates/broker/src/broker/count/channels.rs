//! Channels in use.

use rialto_domain::ChannelName;

use super::{ENTRY, NOTHING, Step};
use crate::{Broker, ChannelKey, Encoder, Passed, channel::Channel};

/// A channel in use, as it was when it was counted.
#[derive(Debug, Clone)]
pub struct ChannelCount {
    /// Names it as long as it is in use.
    pub key: ChannelKey,
    /// Its name.
    pub name: ChannelName,
    /// Connected subscribers.
    pub subscriber_count: u32,
    /// Persistent subscribers, connected or not.
    pub persistent_count: u32,
    /// Whether it has a retained message.
    pub has_retained: bool,
    /// Messages of its history.
    pub history_count: u32,
    /// Stored messages that not all persistent subscribers have acknowledged.
    pub log_count: u64,
    /// Bytes of these.
    pub log_bytes: u64,
    /// Age of the oldest page of them, in milliseconds in which the server ran.
    pub oldest_ms: Option<u64>,
    /// What was published to it since it is in use, by clients of other servers too.
    pub received: Passed,
    /// What its subscribers were sent of that.
    pub sent: Passed,
}

/// Where a count of channels goes on.
#[derive(Debug, Default)]
pub struct ChannelCounting {
    place: usize,
}

impl<E: Encoder> Broker<E> {
    /// Takes a step of a count of all channels in use, and says whether there are more. `take` gets
    /// each, not in the order of their names, and maybe one more than once.
    ///
    /// # Cost
    /// At most 256 channels are looked at, and fewer once `has_time`, which is asked after each sixteenth of
    /// that, says no.
    pub fn count_channels(
        &self,
        counting: &mut ChannelCounting,
        has_time: impl FnMut() -> bool,
        mut take: impl FnMut(ChannelCount),
    ) -> bool {
        let mut step = Step::new(has_time);
        while let Some(key) = self.channel_roster.get(counting.place) {
            let channel = self.channels.get(key);
            if !step.take(if channel.is_some() { ENTRY } else { NOTHING }) {
                return true;
            }
            if let Some(channel) = channel {
                take(self.channel_count(key, channel));
            }
            counting.place += 1;
        }
        false
    }

    /// Returns the counts of a channel that is in use.
    pub fn count_channel(&self, name: &str) -> Option<ChannelCount> {
        self.channel_keys.get(name).map(|&key| self.channel_count(key, &self.channels[key]))
    }

    fn channel_count(&self, key: ChannelKey, channel: &Channel) -> ChannelCount {
        let log = channel.log.as_deref();
        let log_count = log.map_or(0, |log| log.count());
        let oldest = log.filter(|_| 0 < log_count).and_then(|log| log.oldest());
        ChannelCount {
            key,
            name: channel.name.clone(),
            subscriber_count: channel.receivers.len() as u32,
            persistent_count: channel.reader_count() as u32,
            has_retained: channel.retained.is_some(),
            history_count: channel.history.as_ref().map_or(0, |history| history.len()) as u32,
            log_count,
            log_bytes: log.map_or(0, |log| log.bytes()),
            oldest_ms: oldest.map(|oldest| self.clocks.served().saturating_sub(oldest)),
            received: channel.received,
            sent: channel.sent,
        }
    }
}
