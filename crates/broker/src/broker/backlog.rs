//! What a channel's log holds for those who are behind: shown to operators, and dropped where they say so.

use rialto_domain::{Change, ClientId, Sequence, ServedMs, Trim};

use crate::{ChannelKey, Encoder, LogLimits};

use super::{Broker, batch::Pending, count::SubscriberCounting};

/// What a channel's log holds.
#[derive(Debug, Clone, Copy)]
pub struct BacklogReport {
    /// The oldest message that it holds, or the one that comes next if it holds none.
    pub head: Sequence,
    /// The last message.
    pub end: Sequence,
    /// How many it holds.
    pub count: u64,
    /// Bytes of their payloads, those of pages that are about to go included.
    pub bytes: u64,
    /// Age of the oldest page, in milliseconds in which the server ran.
    pub oldest_ms: Option<ServedMs>,
    /// Its limits.
    pub limits: LogLimits,
    /// How many were dropped from it by [`purge`](Broker::purge), while it was in memory.
    pub purged: u64,
}

/// A persistent subscriber that is in memory, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Straggler {
    /// Its id.
    pub client: ClientId,
    /// All up to this one are acknowledged, or not there any more.
    pub offset: Sequence,
    /// Messages behind it.
    pub lag: u64,
}

impl<E: Encoder> Broker<E> {
    /// Returns what the log of a channel holds; `None` if the channel is not in use. One without a log holds nothing.
    pub fn backlog(&self, channel: &str) -> Option<BacklogReport> {
        let channel = &self.channels[*self.channel_keys.get(channel)?];
        let log = channel.log.as_deref();
        let count = log.map_or(0, |log| log.count());
        let oldest = log.filter(|_| 0 < count).and_then(|log| log.oldest());
        // Of logs that others append to it is not always known.
        let oldest = oldest.filter(|served| *served != ServedMs::MAX);
        Some(BacklogReport {
            head: log.map_or(1, |log| log.floor() + 1),
            end: log.map_or(0, |log| log.last),
            count,
            bytes: log.map_or(0, |log| log.bytes()),
            oldest_ms: oldest.map(|served| self.clocks.served().saturating_sub(served)),
            limits: channel.profile.log,
            purged: log.map_or(0, |log| log.purged()),
        })
    }

    /// Takes a step of a walk over the persistent subscribers of a channel that are in memory, as
    /// [`count_subscribers`](Self::count_subscribers) does; `take` gets how far each has come.
    pub fn stragglers(
        &self,
        counting: &mut SubscriberCounting,
        has_time: impl FnMut() -> bool,
        mut take: impl FnMut(Straggler),
    ) -> bool {
        let end = self.log_end(counting.channel());
        self.count_subscribers(counting, has_time, |count| {
            if count.is_persistent {
                let offset = end.saturating_sub(count.lag);
                take(Straggler { client: count.client, offset, lag: count.lag });
            }
        })
    }

    fn log_end(&self, channel: ChannelKey) -> Sequence {
        let log = self.channels.get(channel).and_then(|channel| channel.log.as_ref());
        log.map_or(0, |log| log.last)
    }

    /// Has the store drop the messages of a channel's log up to `through`, whoever has not acknowledged them: whole
    /// pages, so that a few before it may stay. Subscribers go on behind what was dropped, those that are not in memory
    /// too. Says whether there is a log.
    pub fn purge(&mut self, channel: &str, through: Sequence) -> bool {
        self.settle();
        let Some(&key) = self.channel_keys.get(channel) else { return false };
        let channel = &self.channels[key];
        let Some(log) = channel.log.as_ref().map(|log| log.id) else { return false };
        let trim = Trim { log: Some(log), ..Trim::through(through) };
        self.batch.push(Change::Trim(channel.name.clone(), trim), Pending::Purge(key, log));
        true
    }
}
