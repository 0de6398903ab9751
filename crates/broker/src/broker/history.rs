//! The history of channels: kept as messages pass, read by whoever asks, bounded in memory.

use std::collections::VecDeque;

use rialto_domain::{Change, ChannelName, HistoryMessage, LogicalMs, MessageId};

use crate::{ChannelKey, Encoder, Source, history::History};

use super::{Broker, batch::Pending};

/// How much memory history takes, and in which order channels lose it.
#[derive(Debug, Default)]
pub(super) struct Histories {
    /// Memory that all of them take, about, each with its channel: there may be nothing else to it.
    pub(super) bytes: usize,
    /// Channels with history. The first is considered next when memory is short: it gets a second
    /// chance if something came since it was last considered.
    candidates: VecDeque<ChannelKey>,
}

impl<E: Encoder> Broker<E> {
    /// Iterates over the last messages of a channel, oldest first: those up to the last
    /// [`settle`](Self::settle).
    pub fn history(&self, channel: &str) -> impl Iterator<Item = (Source<'_>, &[u8])> {
        let known = self.channel_keys.get(channel).map(|&key| &self.channels[key]);
        known.and_then(|channel| channel.history.as_ref()).into_iter().flat_map(|it| it.iter())
    }

    /// Says whether a message of another server is among a channel's latest: what one server has as
    /// history can come before the message itself comes from another.
    pub(super) fn is_remembered(&self, key: ChannelKey, id: MessageId) -> bool {
        self.channels[key].history.as_ref().is_some_and(|history| history.has_recent(id))
    }

    /// Returns the last messages of a channel, so many at most, oldest first, as of the last
    /// [`settle`](Self::settle).
    pub fn latest(
        &self,
        channel: &str,
        count_max: usize,
    ) -> impl Iterator<Item = (Source<'_>, &[u8])> {
        let count = self.history(channel).count();
        self.history(channel).skip(count.saturating_sub(count_max))
    }

    /// Iterates over the messages of a channel's history behind a place, oldest first, as of the last
    /// [`settle`](Self::settle).
    pub fn history_behind(
        &self,
        channel: &str,
        place: (LogicalMs, MessageId),
    ) -> impl DoubleEndedIterator<Item = (Source<'_>, &[u8])> {
        let known = self.channel_keys.get(channel).map(|&key| &self.channels[key]);
        let history = known.and_then(|channel| channel.history.as_ref());
        history.into_iter().flat_map(move |history| history.behind(place))
    }

    /// Says whether a channel's history is known to have all messages that came behind a place, as of the
    /// last [`settle`](Self::settle): none of them was dropped from it, and none came to an earlier run
    /// whose history is gone.
    pub fn has_all_behind(&mut self, channel: &str, place: (LogicalMs, MessageId)) -> bool {
        let rule = self.profile_of(channel).history;
        let known = self.channel_keys.get(channel).map(|&key| &self.channels[key]);
        let history = known.and_then(|channel| channel.history.as_ref());
        let is_of_this_run = rule.persistent || self.clocks.started() <= place.0;
        // A history that was evicted has begun anew, and does not know what it had.
        let oldest = history.and_then(|history| history.iter().next());
        let begins_before = oldest.is_some_and(|(it, _)| (it.logical, it.id) <= place);
        rule.count_max > 0
            && history.is_none_or(|history| history.is_whole_behind(place))
            && (begins_before || (is_of_this_run && self.stats.history_evicted == 0))
    }

    /// Adds a message to a channel's history.
    pub(super) fn remember(&mut self, key: ChannelKey, source: &Source<'_>, payload: Vec<u8>) {
        let rule = self.channels[key].profile.history;
        if rule.count_max == 0 {
            return;
        }
        self.change_history(key, |history| history.place(rule.count_max, source, payload));
    }

    /// Notes that messages up to this one went by too quickly to be kept.
    pub(super) fn skip_history(&mut self, key: ChannelKey, place: (LogicalMs, MessageId)) {
        if self.channels[key].profile.history.count_max > 0 {
            self.change_history(key, |history| history.note_dropped(place));
        }
    }

    /// Adds a message of another server that this one missed when it was new.
    pub fn add_history(&mut self, channel: &str, message: &HistoryMessage) {
        self.settle();
        self.see_logical(message.logical);
        if self.check_topic(channel).is_err() || self.profile_of(channel).history.count_max == 0 {
            return;
        }
        let key = self.channel_or_new(channel);
        let rule = self.channels[key].profile.history;
        self.change_history(key, |history| _ = history.insert(rule.count_max, message));
        self.drop_if_idle(key);
    }

    fn change_history(&mut self, key: ChannelKey, change: impl FnOnce(&mut History)) {
        let channel = &mut self.channels[key];
        let is_new = channel.history.is_none();
        let own_bytes = channel.own_bytes();
        let history = channel.history.get_or_insert_default();
        let before = if is_new { 0 } else { own_bytes + history.bytes() };
        change(history);
        self.histories.bytes = self.histories.bytes + own_bytes + history.bytes() - before;
        if channel.profile.history.persistent {
            self.dirty.histories.insert(key);
        }
        if is_new {
            self.histories.candidates.push_back(key);
        }
        while self.settings.history.bytes_max < self.histories.bytes {
            self.evict_one();
        }
    }

    /// Considers the next channel for losing its history.
    fn evict_one(&mut self) {
        let Some(key) = self.histories.candidates.pop_front() else { return };
        let Some(channel) = self.channels.get_mut(key) else { return };
        let own_bytes = channel.own_bytes();
        let Some(history) = &mut channel.history else { return };
        // With a single one there is nobody to prefer.
        let is_spared = std::mem::take(&mut history.is_recent);
        if is_spared && !self.histories.candidates.is_empty() {
            self.histories.candidates.push_back(key);
            return;
        }
        self.histories.bytes -= own_bytes + history.bytes();
        let is_stored = history.is_stored;
        channel.history = None;
        self.stats.history_evicted += 1;
        self.dirty.histories.remove(&key);
        if is_stored {
            self.dirty.dropped_histories.insert(channel.name.clone());
        }
        // Not while a message is on its way through it.
        self.dirty.idle.push(key);
    }

    /// Drops histories, those of channels that nobody has published to for long first, until they
    /// took at least so many bytes or none is left; returns what they took.
    pub fn evict_histories(&mut self, bytes: usize) -> usize {
        let before = self.histories.bytes;
        while before - self.histories.bytes < bytes && !self.histories.candidates.is_empty() {
            self.evict_one();
        }
        before - self.histories.bytes
    }

    /// Takes up what the store kept, as far as the settings still want it.
    pub(super) fn restore_history(&mut self, name: &ChannelName, messages: &[HistoryMessage]) {
        let rule = self.profile_of(name.as_str()).history;
        if rule.count_max == 0 || !rule.persistent {
            self.batch.push(Change::DropHistory(name.clone()), Pending::Nothing);
            return;
        }
        let key = self.channel_or_new(name.as_str());
        for message in messages {
            self.change_history(key, |history| _ = history.insert(rule.count_max, message));
        }
        if let Some(history) = &mut self.channels[key].history {
            history.note_restored(rule.count_max);
            (history.unwritten_count, history.is_stored) = (0, true);
        }
        self.dirty.histories.remove(&key);
    }

    /// Hands over to the store which histories are gone, and new messages of persistent ones.
    pub(super) fn write_histories(&mut self, count_max: usize) {
        for _ in 0..count_max {
            let Some(name) = self.dirty.dropped_histories.pop_first() else { break };
            if let Some(&key) = self.channel_keys.get(&name) {
                // Of one that has begun anew, nothing may go with the old one.
                self.history_refused(key, usize::MAX);
            }
            let change = Change::DropHistory(name.clone());
            self.batch.push(change, Pending::DropHistory(name));
        }
        for _ in 0..count_max {
            let Some(key) = self.dirty.histories.pop_first() else { return };
            let Some(channel) = self.channels.get_mut(key) else { continue };
            let Some(history) = &mut channel.history else { continue };
            let messages = history.take_unwritten();
            let written = messages.len();
            let change = Change::KeepHistory {
                channel: channel.name.clone(),
                messages,
                count_max: channel.profile.history.count_max,
            };
            self.batch.push(change, Pending::History(key, written));
        }
    }

    /// Notes that the store refused some of a channel's newest messages.
    pub(super) fn history_refused(&mut self, key: ChannelKey, count: usize) {
        let channel = self.channels.get_mut(key);
        let persistent = channel.filter(|channel| channel.profile.history.persistent);
        if let Some(history) = persistent.and_then(|channel| channel.history.as_mut()) {
            history.note_unwritten(count);
            self.dirty.histories.insert(key);
        }
    }
}
