//! What came for a client while it was lost, bounded in bytes.

use std::{collections::VecDeque, ops::Range, sync::Arc};

use bytes::Bytes;

use crate::{ChannelName, MessageId, output::Author};

/// What a message takes besides its payload and its channel's name.
const OVERHEAD_BYTES: usize = 8;

/// Messages of one run that some clients missed; shared by all of them.
#[derive(Debug)]
pub(crate) struct Missed {
    pub(crate) channel: ChannelName,
    pub(crate) author: Author,
    pub(crate) first: MessageId,
    /// Whether receivers acknowledge (QoS 1).
    pub(crate) acknowledged: bool,
    pub(crate) payloads: Vec<Bytes>,
}

/// How much is kept for each lost client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InboxLimits {
    /// Bytes of messages and their channels' names.
    pub bytes_max: usize,
    /// When they are reached: drop the oldest messages instead of new ones.
    pub drop_oldest: bool,
}

/// The messages of one lost client, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    messages: VecDeque<(Arc<Missed>, u32)>,
    bytes: usize,
}

impl Missed {
    fn bytes(&self, index: u32) -> usize {
        OVERHEAD_BYTES + self.channel.as_str().len() + self.payloads[index as usize].len()
    }

    /// Returns those of the messages that are worth adding: the last ones that fit, if older ones
    /// would be dropped for them.
    fn worthwhile(&self, limits: InboxLimits) -> Range<u32> {
        let count = self.payloads.len() as u32;
        if !limits.drop_oldest {
            return 0..count;
        }
        let mut bytes = 0;
        let fit = (0..count).rev().take_while(|&index| {
            bytes += self.bytes(index);
            bytes <= limits.bytes_max
        });
        count - fit.count() as u32..count
    }
}

impl Inbox {
    /// Adds messages; returns how many, of these or of older ones, were dropped for want of room.
    pub(crate) fn push(&mut self, missed: &Arc<Missed>, limits: InboxLimits) -> u64 {
        let range = missed.worthwhile(limits);
        let mut dropped = missed.payloads.len() as u64 - u64::from(range.end - range.start);
        for index in range {
            let bytes = missed.bytes(index);
            if !limits.drop_oldest && limits.bytes_max < self.bytes + bytes {
                dropped += 1;
                continue;
            }
            self.bytes += bytes;
            self.messages.push_back((missed.clone(), index));
            while limits.bytes_max < self.bytes
                && let Some((oldest, index)) = self.messages.pop_front()
            {
                self.bytes -= oldest.bytes(index);
                dropped += 1;
            }
        }
        dropped
    }

    /// Forgets the messages of a channel.
    pub(crate) fn forget(&mut self, channel: &ChannelName) {
        self.messages.retain(|(missed, index)| {
            let is_kept = missed.channel != *channel;
            self.bytes -= if is_kept { 0 } else { missed.bytes(*index) };
            is_kept
        });
    }

    /// Iterates over the messages, oldest first, each as its run and its place there.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Missed, u32)> {
        self.messages.iter().map(|(missed, index)| (&**missed, *index))
    }
}

#[cfg(test)]
mod tests;
