//! Retained messages: the last one of each channel that was published to stay, up to a ceiling over
//! all channels.

use std::time::Duration;

use bytes::Bytes;

use rialto_domain::{Action, Change, Qos, Reject, Retained};

use crate::{
    ChannelKey, ConnectionKey, Encoder,
    channel::{self, Channel},
    retained::{Request, Reserved, RetainedMessage, Written, bytes_of},
};

use super::{
    Broker,
    batch::{Lane, Pending},
    message::{Answer, Publish, Publisher},
};

/// Once the store had no room for one, so much time passes before it is tried with another.
const RETRY_EVERY: Duration = Duration::from_secs(1);

/// Payload bytes after which another batch begins, so that what finds no room in the store takes
/// little else along.
const BATCH_BYTES: usize = 64 << 10;

/// What all retained messages are and take together.
#[derive(Debug, Default)]
pub(super) struct Retainment {
    count: usize,
    bytes: usize,
    /// What is on its way and not retained yet.
    reserved: Reserved,
    /// When the next one is let through that the store may have no room for; set since it had none
    /// for the last.
    retry_at: Option<Duration>,
}

impl Retainment {
    /// Returns the number of channels with a retained message.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Returns the memory of all of them, about, those under way included.
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.reserved.bytes
    }

    fn reserve(&mut self, reserved: Reserved) {
        self.reserved.count += reserved.count;
        self.reserved.bytes += reserved.bytes;
    }

    /// Gives back what a message under way had taken.
    pub(super) fn release(&mut self, reserved: Reserved) {
        self.reserved.count -= reserved.count;
        self.reserved.bytes -= reserved.bytes;
    }
}

/// Returns what a channel's retained message takes, its channel included: there may be nothing else
/// to it.
fn bytes_in(channel: &Channel) -> usize {
    channel.retained.as_ref().map_or(0, |retained| channel.own_bytes() + retained.bytes())
}

impl<E: Encoder> Broker<E> {
    /// Judges whether a message may be retained, and takes its share of the ceiling. One that is no
    /// larger than what it replaces takes none.
    ///
    /// # Errors
    /// [`Reject::RetainedFull`] at the ceiling, [`Reject::StoreUnavailable`] while the store has no
    /// room for more, or memory is short.
    pub(super) fn check_retained(
        &mut self,
        known: Option<ChannelKey>,
        publisher: Publisher<'_>,
        publish: &Publish<'_>,
    ) -> Result<Reserved, Reject> {
        let publisher_bytes = self.source(publisher.connection).as_str().len();
        let (name_bytes, payload_bytes) = (publish.channel.len(), publish.payload.len());
        let present = known.and_then(|key| self.channels[key].retained.as_ref());
        let bytes = bytes_of(publisher_bytes, payload_bytes);
        let present_bytes = present.map(|present| present.bytes());
        let is_sure = publish.qos == Qos::AtLeastOnce
            || present.is_some_and(|it| it.leaves_room_for(publisher_bytes + payload_bytes));
        if present_bytes.is_none_or(|present| present < bytes) {
            let count = usize::from(present_bytes.is_none());
            let bytes = bytes + count * channel::own_bytes(name_bytes);
            let (limits, held) = (self.settings.retained, &self.retained);
            if limits.count_max < held.count + held.reserved.count + count
                || limits.bytes_max < held.bytes() + bytes
            {
                self.stats.retained_refused += 1;
                return Err(Reject::RetainedFull);
            }
            if self.is_short_of_memory {
                self.stats.retained_refused += 1;
                return Err(Reject::StoreUnavailable);
            }
            self.check_room(is_sure)?;
            return Ok(Reserved { count, bytes });
        }
        self.check_room(is_sure)?;
        Ok(Reserved::default())
    }

    /// While the store has no room, one message in a while is let through that finds out whether it
    /// has again.
    fn check_room(&mut self, is_sure: bool) -> Result<(), Reject> {
        let Some(retry_at) = self.retained.retry_at.filter(|_| !is_sure) else { return Ok(()) };
        if self.now.uptime < retry_at {
            self.stats.retained_refused += 1;
            return Err(Reject::StoreUnavailable);
        }
        self.retained.retry_at = Some(self.now.uptime + RETRY_EVERY);
        Ok(())
    }

    /// Keeps a QoS 0 message as the retained one; the store learns of it at the next tick.
    pub(super) fn retain_unacknowledged(
        &mut self,
        key: ChannelKey,
        from: Option<ConnectionKey>,
        publish: &Publish<'_>,
        answer: Answer<'_>,
    ) {
        let message = self.new_retained(from, publish.payload);
        let request = answer.request().zip(from);
        let request = request.map(|(id, connection)| Request { connection, id: id.into() });
        self.retained_version += 1;
        let version = self.retained_version;
        self.change_retained(key, |present| {
            Some(Box::new(RetainedMessage::unstored(message, version, request, present)))
        });
        self.dirty.retained.insert(key);
    }

    /// Takes a QoS 1 message that will be the retained one once it is stored, and its share of the
    /// ceiling.
    pub(super) fn retain_acknowledged(
        &mut self,
        from: Option<ConnectionKey>,
        payload: &[u8],
        reserved: Reserved,
    ) -> RetainedMessage {
        self.retained.reserve(reserved);
        self.retained_version += 1;
        RetainedMessage::stored(self.new_retained(from, payload), self.retained_version)
    }

    fn new_retained(&self, from: Option<ConnectionKey>, payload: &[u8]) -> Retained {
        Retained { publisher: self.source(from), payload: Bytes::copy_from_slice(payload) }
    }

    /// Retains a message that is stored now, unless a later one overtook it, of which the store is to
    /// hear again.
    pub(super) fn keep_retained(&mut self, key: ChannelKey, stored: RetainedMessage) {
        self.retained.retry_at = None;
        self.change_retained(key, |present| match present {
            Some(present) if stored.version < present.version => {
                Some(Box::new(present.over(Some(Box::new(stored)))))
            }
            _ => Some(Box::new(stored)),
        });
        self.note_unstored(key);
    }

    /// Removes a channel's retained message, and says whether it has one. The store is told first:
    /// until it has done so the message stays, and one that comes meanwhile is kept.
    pub fn remove_retained(&mut self, channel: &str) -> bool {
        self.settle();
        self.drop_retained(channel, None)
    }

    /// Removes a channel's retained message for the client of a connection, as an answer to
    /// `$removeRetained` (J-124).
    pub(super) fn remove_retained_for(
        &mut self,
        connection: ConnectionKey,
        request: &str,
        channel: &str,
    ) {
        let allowed = self.check_topic(channel);
        let allowed = allowed.and_then(|()| self.may(connection, Action::Publish, channel));
        if let Err(reject) = allowed {
            return self.answer_publish(connection, Some(request), Err(&reject));
        }
        self.settle();
        let asked = Request { connection, id: request.into() };
        if !self.drop_retained(channel, Some(asked)) {
            self.answer_publish(connection, Some(request), Ok(Some(r#"{"removed":false}"#)));
        }
    }

    fn drop_retained(&mut self, name: &str, asked: Option<Request>) -> bool {
        let Some(&key) = self.channel_keys.get(name) else { return false };
        let channel = &mut self.channels[key];
        if channel.retained.is_none() && channel.retained_under_way == 0 {
            return false;
        }
        channel.changes_under_way += 1;
        channel.retained_under_way += 1;
        let change = Change::DropRetained(channel.name.clone());
        let version = self.retained_version;
        self.batch.push(change, Pending::DropRetained { channel: key, version, asked });
        true
    }

    /// The store has removed what was retained up to a version, or refused to.
    pub(super) fn retained_dropped(
        &mut self,
        key: ChannelKey,
        version: u64,
        asked: Option<Request>,
        result: Result<(), &Reject>,
    ) {
        let channel = &mut self.channels[key];
        channel.changes_under_way -= 1;
        channel.retained_under_way -= 1;
        if result.is_ok() {
            self.change_retained(key, |present| {
                let later = present.filter(|present| version < present.version)?;
                Some(Box::new(later.over(None)))
            });
        }
        self.note_unstored(key);
        if result.is_err() {
            self.refresh_retained(key);
        }
        if let Some(Request { connection, id }) = asked {
            let result = result.map(|()| Some(r#"{"removed":true}"#));
            self.answer_publish(connection, Some(&id), result);
        }
        self.drop_if_idle(key);
    }

    /// Takes up what the store held.
    pub(super) fn restore_retained(&mut self, key: ChannelKey, message: Retained) {
        self.change_retained(key, |_| Some(Box::new(RetainedMessage::stored(message, 0))));
    }

    /// Hands messages that are not stored yet over to the store: first those for which it has room.
    pub(super) fn write_retained(&mut self, count_max: usize) {
        let mut unsure = Vec::new();
        let keys: Vec<_> = self.dirty.retained.iter().take(count_max).copied().collect();
        for key in keys {
            self.dirty.retained.remove(&key);
            let Some(channel) = self.channels.get(key) else { continue };
            match &channel.retained {
                _ if channel.retained_under_way > 0 => _ = self.dirty.retained.insert(key),
                Some(retained) if retained.is_unsure() => unsure.push(key),
                Some(retained) if !retained.is_stored() => _ = self.hand_over_retained(key),
                _ => {}
            }
        }
        self.hand_over_lane(Lane::Retained);
        let mut bytes = 0;
        for key in unsure {
            bytes += self.hand_over_retained(key);
            if BATCH_BYTES <= bytes {
                bytes = 0;
                self.hand_over_lane(Lane::Retained);
            }
        }
        self.hand_over_lane(Lane::Retained);
    }

    /// Hands one message over to the store; returns the bytes of its payload.
    fn hand_over_retained(&mut self, key: ChannelKey) -> usize {
        let channel = &mut self.channels[key];
        let Some(retained) = &mut channel.retained else { return 0 };
        let message = retained.hand_over();
        let (bytes, version) = (message.payload.len(), retained.version);
        channel.retained_under_way += 1;
        let change = Change::Retain(channel.name.clone(), message);
        self.batch.push(change, Pending::Retain(key, version));
        bytes
    }

    /// The store has written a retained message, or refused to. One that it has no room for is
    /// retained no longer.
    pub(super) fn retained_written(
        &mut self,
        key: ChannelKey,
        version: u64,
        outcome: Result<(), Reject>,
    ) {
        let Some(channel) = self.channels.get_mut(key) else { return };
        channel.retained_under_way -= 1;
        self.bus.calls_look |= self.settings.has_bus && outcome.is_ok();
        let mut refused = None;
        self.change_retained(key, |present| {
            let written = present?.written(version, outcome.is_ok());
            let Written { retained, refused: one } = written;
            refused = one;
            retained
        });
        self.note_unstored(key);
        if outcome.is_err() {
            self.refresh_retained(key);
        }
        match (outcome, refused) {
            (Ok(()), _) => self.retained.retry_at = None,
            (Err(reject), Some(publisher)) => {
                self.retained.retry_at = Some(self.now.uptime + RETRY_EVERY);
                self.stats.retained_refused += 1;
                match publisher {
                    Some(Request { connection, id }) => {
                        self.answer_publish(connection, Some(&id), Err(&reject));
                    }
                    None => self.stats.rejected += 1,
                }
            }
            _ => {}
        }
        self.drop_if_idle(key);
    }

    /// Has what a channel retains written at the next tick, if the store does not have it.
    fn note_unstored(&mut self, key: ChannelKey) {
        if self.channels[key].retained.as_ref().is_some_and(|retained| !retained.is_stored()) {
            self.dirty.retained.insert(key);
        }
    }

    /// Changes what a channel retains, and counts it.
    pub(super) fn change_retained(
        &mut self,
        key: ChannelKey,
        change: impl FnOnce(Option<Box<RetainedMessage>>) -> Option<Box<RetainedMessage>>,
    ) {
        let channel = &mut self.channels[key];
        self.retained.bytes -= bytes_in(channel);
        self.retained.count -= usize::from(channel.retained.is_some());
        channel.retained = change(channel.retained.take());
        self.retained.bytes += bytes_in(channel);
        self.retained.count += usize::from(channel.retained.is_some());
    }
}
