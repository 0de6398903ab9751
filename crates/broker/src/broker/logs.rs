//! Logs of channels as the core knows them: adopted from the store, trimmed by limits and by what all
//! have acknowledged, forgotten with their last reader.

use rialto_domain::{Change, LogId, PageState, Reject, Sequence};

use crate::{
    ChannelKey, Encoder,
    channel::{Log, Trimmed},
};

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
    }

    /// Notes that a page was appended to its channel's log.
    pub(super) fn note_appended(&mut self, page: &CommittedPage<'_>, log: LogId, first: Sequence) {
        self.stats.stored += u64::from(page.count);
        self.adopt_log(page.channel, log, first - 1);
        if !self.channels[page.channel].has_readers() {
            // All left while it was on its way, and the store made a log that nobody reads.
            self.dirty.unread.push(self.channels[page.channel].name.clone());
        }
        let last = first + u64::from(page.count) - 1;
        let bytes = page.payloads.as_bytes().len() as u64;
        if let Some(log) = &mut self.channels[page.channel].log {
            log.append(first, PageState { last, bytes, served: page.served });
            self.stats.log_held += u64::from(page.count);
            self.stats.log_bytes += bytes;
        }
    }

    /// Makes room in a log for one more message, as configured.
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
            return Err(Reject::LogFull);
        }
        if let Some(dropped) = log.trim_while(|log, _| log.is_full(&limits)) {
            self.drop_logged(key, dropped);
        }
        Ok(())
    }

    /// Drops the pages that every persistent subscriber has acknowledged: up to where the store says
    /// that the slowest one stands. The store hears of it at the next tick.
    pub(super) fn trim_acknowledged(&mut self, key: ChannelKey, slowest: Sequence) {
        let Some(channel) = self.channels.get_mut(key) else { return };
        let Some(log) = &mut channel.log else { return };
        if let Some(Trimmed { last, count, bytes }) = log.trim_while(|_, page| page.last <= slowest)
        {
            self.stats.log_acknowledged += count;
            self.stats.log_held -= count;
            self.stats.log_bytes -= bytes;
            self.dirty.note_trimmed(key, log.id, last);
        }
    }

    /// Has the store trim what it does not know to be trimmed, unless the log went meanwhile.
    pub(super) fn write_trims(&mut self) {
        for (key, (log, last)) in std::mem::take(&mut self.dirty.trims) {
            let present = self.channels.get(key).and_then(|channel| channel.log.as_ref());
            if present.is_some_and(|present| present.id == log) {
                self.trim(key, last);
            }
        }
    }

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
            let age = |page: &PageState| self.clocks.served().saturating_sub(page.served);
            if let Some(dropped) = log.trim_while(|_, page| age_max < age(page)) {
                self.drop_logged(key, dropped);
            }
        }
    }

    /// Counts what a limit dropped from a log, and has the store drop it.
    fn drop_logged(&mut self, key: ChannelKey, dropped: Trimmed) {
        self.stats.dropped_log += dropped.count;
        self.stats.log_held -= dropped.count;
        self.stats.log_bytes -= dropped.bytes;
        self.trim(key, dropped.last);
    }

    fn trim(&mut self, key: ChannelKey, last: Sequence) {
        let channel = &self.channels[key];
        let Some(log) = channel.log.as_ref().map(|log| log.id) else { return };
        let change = Change::Trim(channel.name.clone(), last);
        self.batch.push(change, Pending::Trim(key, log, last));
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
            self.stats.log_bytes -= log.held().1;
        }
    }
}
