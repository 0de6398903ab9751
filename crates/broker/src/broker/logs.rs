//! Logs of channels as the core knows them: adopted from the store, trimmed by limits and by what all
//! have acknowledged, forgotten with their last reader.

use rialto_domain::{Change, ChannelName, LogExtent, LogId, Reject, Sequence, Trim};

use crate::{ChannelKey, Encoder, log::Log, run::Origin};

use super::{Broker, batch::Pending, route::CommittedPage};

impl<E: Encoder> Broker<E> {
    /// Makes the store's log of a channel known.
    pub(super) fn adopt_log(&mut self, channel: ChannelKey, id: LogId, last: Sequence) {
        let known = self.channels[channel].log.as_ref().map(|log| log.id);
        if known == Some(id) {
            return;
        }
        self.forget_log(channel);
        self.log_channels.insert(id, channel);
        self.channels[channel].log = Some(Box::new(Log::new(id, last)));
        if self.is_shared() {
            // Whoever else reads it, the store says when nobody does.
            self.channels[channel].stored_reader_count = 1;
        }
    }

    /// Notes that a page was appended to its channel's log.
    pub(super) fn note_appended(&mut self, page: &CommittedPage<'_>, log: LogId, first: Sequence) {
        if matches!(page.origin, Origin::Relayed(_)) {
            self.stats.relayed += u64::from(page.count);
            self.stats.log_found += u64::from(page.count);
        } else {
            self.stats.stored += u64::from(page.count);
        }
        self.adopt_log(page.channel, log, first - 1);
        if !self.channels[page.channel].has_readers() {
            // All left while it was on its way, and the store made a log that nobody reads.
            self.dirty.unread.push(self.channels[page.channel].name.clone());
        }
        let last = first + u64::from(page.count) - 1;
        let bytes = page.payloads.as_bytes().len() as u64;
        if let Some(log) = &mut self.channels[page.channel].log {
            log.append((first, last), bytes, page.served);
            self.stats.log_held += u64::from(page.count);
            self.stats.log_bytes += bytes;
        }
    }

    /// Makes room in a log for one more message, as configured: the store drops what is too much, in the
    /// batch that brings the message or an earlier one.
    ///
    /// # Errors
    /// [`Reject::LogFull`] when the limit is reached and nothing may be dropped.
    pub(super) fn make_room(&mut self, key: ChannelKey) -> Result<(), Reject> {
        let limits = self.channels[key].profile.log;
        let Some(log) = &mut self.channels[key].log else { return Ok(()) };
        if !log.is_full(&limits) {
            return Ok(());
        }
        if !limits.drop_oldest {
            if self.settings.is_shared && log.begin_limiting() {
                // Other nodes may have made room: the answer says what it holds.
                self.trim(key, Trim::default());
            }
            return Err(Reject::LogFull);
        }
        if log.begin_limiting() {
            let trim = log.within(&limits);
            self.trim(key, trim);
        }
        Ok(())
    }

    /// Takes where the slowest persistent subscriber stands, as the store says. What all have
    /// acknowledged is held no more; the store drops its pages at the next tick.
    pub(super) fn all_acknowledged(&mut self, key: ChannelKey, slowest: Sequence) {
        let Some(channel) = self.channels.get_mut(key) else { return };
        let Some(log) = &mut channel.log else { return };
        let count = log.acknowledged(slowest);
        if log.trimmable().is_some() {
            self.dirty.trims.insert(key);
        }
        self.stats.log_acknowledged += count;
        self.stats.log_held -= count;
    }

    /// Has the store drop the pages that all have acknowledged.
    pub(super) fn write_trims(&mut self) {
        for key in std::mem::take(&mut self.dirty.trims) {
            let log = self.channels.get(key).and_then(|channel| channel.log.as_ref());
            if let Some(trim) = log.and_then(|log| log.trimmable()) {
                self.trim(key, trim);
            }
        }
    }

    /// Has the store drop what is older than configured.
    pub(super) fn drop_aged(&mut self) {
        let rules = &self.settings.channel_rules;
        let no_rule = rules.iter().all(|rule| rule.log_age_max.is_none_or(|age| age.is_zero()));
        if self.settings.log.age_max.is_zero() && no_rule {
            return;
        }
        let keys: Vec<ChannelKey> = self.channels.keys().collect();
        for key in keys {
            let channel = &mut self.channels[key];
            let age_max = channel.profile.log.age_max.as_millis() as u64;
            let Some(log) = channel.log.as_mut().filter(|_| age_max > 0) else { continue };
            let served_min = self.clocks.served().saturating_sub(age_max);
            if log.has_aged(served_min) && log.begin_limiting() {
                self.trim(key, Trim { served_min, ..Trim::default() });
            }
        }
    }

    fn trim(&mut self, key: ChannelKey, trim: Trim) {
        let channel = &self.channels[key];
        let Some(log) = channel.log.as_ref().map(|log| log.id) else { return };
        let change = Change::Trim(channel.name.clone(), Trim { log: Some(log), ..trim });
        self.batch.push(change, Pending::Trim(key, log));
    }

    /// Takes what a log holds after the store has dropped or set aside pages of it, unless it refused to.
    /// Messages that nobody had acknowledged were dropped because of a limit.
    pub(super) fn log_trimmed(
        &mut self,
        (key, id): (ChannelKey, LogId),
        extent: Option<LogExtent>,
    ) {
        let log = self.channels.get_mut(key).and_then(|channel| channel.log.as_mut());
        let Some(log) = log.filter(|log| log.id == id) else { return };
        let is_limited = log.end_limiting();
        if let Some(extent) = extent {
            let bytes_before = log.bytes();
            let count = log.trimmed(extent);
            self.stats.log_bytes = self.stats.log_bytes + log.bytes() - bytes_before;
            let drops_oldest = self.channels[key].profile.log.drop_oldest;
            if self.settings.is_shared && !(is_limited && drops_oldest) {
                // Other nodes' readers have acknowledged it.
                self.stats.log_acknowledged += count;
            } else {
                self.stats.dropped_log += count;
            }
            self.stats.log_held -= count;
        }
        let Some(log) = &self.channels[key].log else { return };
        if log.trimmable().is_some() {
            self.dirty.trims.insert(key);
        }
    }

    /// Takes what a log holds after an operator had pages of it dropped, unless the store refused to.
    pub(super) fn log_purged(&mut self, (key, id): (ChannelKey, LogId), extent: Option<LogExtent>) {
        let log = self.channels.get_mut(key).and_then(|channel| channel.log.as_mut());
        let (Some(log), Some(extent)) = (log.filter(|log| log.id == id), extent) else { return };
        let bytes_before = log.bytes();
        let count = log.trimmed(extent);
        log.note_purged(count);
        self.stats.log_bytes = self.stats.log_bytes + log.bytes() - bytes_before;
        self.stats.log_unread += count;
        self.stats.log_held -= count;
    }

    /// Has the store drop a channel's log, unless somebody reads it: no channel's retention policy keeps
    /// messages for readers that are yet to come. Only the store knows all readers.
    pub(super) fn drop_log_if_unread(&mut self, channel: ChannelName) {
        self.batch.push(Change::DropLog(channel.clone()), Pending::DropLog(channel));
    }

    /// Forgets a log that went with its last cursor.
    pub(super) fn drop_unread_log(&mut self, channel: ChannelKey) {
        if self.channels.get(channel).is_some_and(|state| !state.has_readers()) {
            self.forget_log(channel);
        }
    }

    /// Forgets a channel's log, with the messages in it.
    pub(super) fn forget_log(&mut self, channel: ChannelKey) {
        if let Some(log) = self.channels[channel].log.take() {
            self.log_channels.remove(&log.id);
            let count = log.count();
            self.stats.log_unread += count;
            self.stats.log_held -= count;
            self.stats.log_bytes -= log.bytes();
            if self.is_shared() {
                self.channels[channel].stored_reader_count = 0;
            }
        }
    }
}
