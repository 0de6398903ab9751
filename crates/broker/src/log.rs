//! What the core knows of a channel's stored messages: where they end, how many they are and what they
//! take, not where each page is.

use rialto_domain::{LogExtent, LogId, LogState, OldestPage, Sequence, ServedMs, Stretches, Trim};

use crate::{LogLimits, incoming::Incoming};

/// A channel's log.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) id: LogId,
    /// Last message committed and routed.
    pub(crate) last: Sequence,
    /// What it holds, as the store told and as was appended since.
    extent: LogExtent,
    /// All readers have acknowledged all up to this, as far as the store told.
    slowest: Sequence,
    /// Numbers behind the floor without messages: those that were found damaged, and those that the store left out.
    missing: Stretches,
    /// Whether the store is asked to drop what is beyond the limits.
    is_being_limited: bool,
    /// Messages that operators had dropped from it.
    purged: u64,
    /// What is on its way into it, where several nodes append to it.
    incoming: Option<Box<Incoming>>,
}

impl Log {
    /// Makes one that ends with `last` and holds nothing.
    pub(crate) fn new(id: LogId, last: Sequence) -> Self {
        Log {
            id,
            last,
            extent: LogExtent { trimmed: last, ..LogExtent::default() },
            slowest: last,
            missing: Stretches::default(),
            is_being_limited: false,
            purged: 0,
            incoming: None,
        }
    }

    pub(crate) fn from_state(state: &LogState) -> Self {
        let LogState { log: id, last, extent, slowest, .. } = *state;
        Log { extent, slowest, ..Log::new(id, last) }
    }

    /// Adds a page that was committed, from `first` to `last`.
    pub(crate) fn append(
        &mut self,
        (first, last): (Sequence, Sequence),
        bytes: u64,
        served: ServedMs,
    ) {
        // Numbers that a database left out, since they may have been given before it lost something, are no messages.
        self.pass_over(first.saturating_sub(1));
        self.last = last;
        self.extent.bytes += bytes;
        self.extent.oldest.get_or_insert(OldestPage { last, served });
    }

    /// Returns what is on its way into it.
    pub(crate) fn incoming(&mut self) -> &mut Incoming {
        self.incoming.get_or_insert_default()
    }

    /// Goes on behind messages that are not there any more.
    pub(crate) fn pass_over(&mut self, last: Sequence) {
        if self.last < last {
            self.missing.add(self.last + 1, last);
            self.last = last;
        }
    }

    /// Goes on behind messages that are there, and that nobody wants live; returns how many more it holds.
    pub(crate) fn skip_to(&mut self, last: Sequence, served: ServedMs) -> u64 {
        let before = self.count();
        self.last = self.last.max(last);
        self.extent.oldest.get_or_insert(OldestPage { last: self.last, served });
        self.count() - before
    }

    /// Returns the sequence before the oldest message that is held: one that was neither trimmed nor
    /// acknowledged by all.
    pub(crate) fn floor(&self) -> Sequence {
        self.extent.trimmed.max(self.slowest).min(self.last)
    }

    /// Counts the messages held, those that are missing left out.
    pub(crate) fn count(&self) -> u64 {
        (self.last - self.floor()).saturating_sub(self.missing_count())
    }

    fn missing_count(&self) -> u64 {
        self.missing.iter().map(|(first, last)| last + 1 - first).sum()
    }

    /// Returns when the oldest page was taken in.
    pub(crate) fn oldest(&self) -> Option<ServedMs> {
        self.extent.oldest.map(|page| page.served)
    }

    /// Returns the bytes of all pages.
    pub(crate) fn bytes(&self) -> u64 {
        self.extent.bytes
    }

    /// Says whether a limit keeps more messages out.
    pub(crate) fn is_full(&self, limits: &LogLimits) -> bool {
        (limits.messages_max != 0 && limits.messages_max <= self.count())
            || (limits.bytes_max != 0 && limits.bytes_max <= self.extent.bytes)
    }

    /// Returns what keeps it within its limits, with room for one message more.
    pub(crate) fn within(&self, limits: &LogLimits) -> Trim {
        let bound = |max: u64| max.checked_sub(1).unwrap_or(u64::MAX);
        let (count_max, bytes_max) = (bound(limits.messages_max), bound(limits.bytes_max));
        // The store counts numbers.
        let count_max = count_max.saturating_add(self.missing_count());
        Trim { count_max, bytes_max, ..Trim::default() }
    }

    /// Says whether its oldest page was taken in before, and the store is to be asked to drop it.
    pub(crate) fn has_aged(&self, served_min: ServedMs) -> bool {
        !self.is_being_limited && self.extent.oldest.is_some_and(|page| page.served < served_min)
    }

    /// Notes that the store is asked to drop what is beyond the limits; says whether it was not yet.
    pub(crate) fn begin_limiting(&mut self) -> bool {
        !std::mem::replace(&mut self.is_being_limited, true)
    }

    /// Notes that the store has dropped what is beyond the limits, or refused to; says whether it was asked.
    pub(crate) fn end_limiting(&mut self) -> bool {
        std::mem::replace(&mut self.is_being_limited, false)
    }

    /// Takes where the slowest reader stands; returns how many messages all have acknowledged since.
    pub(crate) fn acknowledged(&mut self, slowest: Sequence) -> u64 {
        let before = self.count();
        self.slowest = self.slowest.max(slowest);
        self.missing.remove_through(self.floor());
        before - self.count()
    }

    /// Returns what the store can drop, as all have acknowledged it.
    pub(crate) fn trimmable(&self) -> Option<Trim> {
        let oldest = self.extent.oldest?;
        (oldest.last <= self.slowest).then_some(Trim::through(self.slowest))
    }

    /// Takes what it holds, as the store told; returns how many messages a limit has dropped.
    pub(crate) fn trimmed(&mut self, extent: LogExtent) -> u64 {
        let before = self.count();
        self.extent = extent;
        self.missing.remove_through(self.floor());
        before - self.count()
    }

    /// Notes that an operator had so many messages dropped.
    pub(crate) fn note_purged(&mut self, count: u64) {
        self.purged += count;
    }

    /// Returns how many messages operators had dropped from it.
    pub(crate) fn purged(&self) -> u64 {
        self.purged
    }

    /// Notes that the messages from `first` to `last` are damaged; returns how many of them were held,
    /// or `None` if that is known.
    pub(crate) fn lose(&mut self, first: Sequence, last: Sequence) -> Option<u64> {
        if last <= self.extent.trimmed || self.missing.around(last).is_some() {
            return None;
        }
        let before = self.count();
        self.missing.add(first.max(self.floor() + 1), last);
        Some(before - self.count())
    }
}

#[cfg(test)]
mod tests;
