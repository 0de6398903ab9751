//! What came for a client while it was lost, bounded in bytes.
//!
//! Small messages stand one behind the other in one buffer, as records of a few bytes more than the
//! message; large ones are shared by all clients that missed them.

mod about;
mod record;

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;

use rialto_domain::UnixMs;

use crate::memory::shared_payload;

use self::{about::Abouts, record::Record};

pub(crate) use self::{about::About, record::Stamp};

/// Messages of so many bytes and more are shared by those who missed them.
const SHARED_BYTES_MIN: usize = 4096;

/// Messages of one run that some clients missed.
#[derive(Debug)]
pub(crate) struct Missed {
    about: Arc<About>,
    at: UnixMs,
    /// Place of the first among the messages of its origin.
    first: u64,
    payloads: Vec<Bytes>,
}

/// One message that a client missed.
#[derive(Debug)]
pub(crate) struct MissedMessage {
    pub(crate) about: Arc<About>,
    pub(crate) stamp: Stamp,
    pub(crate) payload: Bytes,
}

/// How much is kept for each lost client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InboxLimits {
    /// Bytes that messages take, with what belongs to them.
    pub bytes_max: usize,
    /// When they are reached: drop the oldest messages instead of new ones.
    pub drop_oldest: bool,
}

/// The messages of one lost client, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    records: VecDeque<u8>,
    /// Payloads that are not in their records.
    shared: VecDeque<Bytes>,
    shared_bytes: usize,
    count: u64,
    abouts: Abouts,
    /// Of the message before the first.
    before: Stamp,
    /// Of the last message.
    last: Stamp,
}

impl Missed {
    /// Makes ready the payloads of a run for those who missed it.
    pub(crate) fn new(
        about: About,
        at: UnixMs,
        first: u64,
        run: impl Iterator<Item = Bytes>,
    ) -> Self {
        // A slice would keep all of its run alive for as long as anybody has it.
        let own = |payload: Bytes| match payload.len() {
            SHARED_BYTES_MIN.. => Bytes::copy_from_slice(&payload),
            _ => payload,
        };
        Missed { about: Arc::new(about), at, first, payloads: run.map(own).collect() }
    }

    /// Returns how many messages there are.
    pub(crate) fn count(&self) -> usize {
        self.payloads.len()
    }

    pub(crate) fn about(&self) -> &About {
        &self.about
    }

    /// Counts the first messages that would make room for later ones of the same run at once.
    fn vain_count(&self, limits: InboxLimits) -> usize {
        if !limits.drop_oldest {
            return 0;
        }
        let mut bytes = 0;
        let lasting = self.payloads.iter().rev().take_while(|payload| {
            bytes += if payload.len() < limits.bytes_max { payload.len() } else { 0 };
            bytes <= limits.bytes_max
        });
        self.payloads.len() - lasting.count()
    }
}

impl Inbox {
    /// Returns the memory that its messages take, about.
    pub(crate) fn bytes(&self) -> usize {
        self.records.len() + self.shared_bytes + self.abouts.bytes()
    }

    /// Returns how many messages there are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Adds messages; returns how many, of these or of older ones, were dropped for want of room.
    pub(crate) fn push(&mut self, missed: &Missed, limits: InboxLimits) -> u64 {
        let vain = missed.vain_count(limits);
        let mut dropped = vain as u64;
        for (place, payload) in missed.payloads.iter().enumerate().skip(vain) {
            // Whatever place another server says that its message has.
            let stamp = Stamp { at: missed.at, sequence: missed.first.wrapping_add(place as u64) };
            dropped += self.push_one(&missed.about, stamp, payload, limits);
        }
        dropped
    }

    fn push_one(
        &mut self,
        about: &Arc<About>,
        stamp: Stamp,
        payload: &Bytes,
        limits: InboxLimits,
    ) -> u64 {
        if self.records.is_empty() {
            (self.before, self.last) = (stamp, stamp);
        }
        let about = self.abouts.take(about);
        let is_shared = SHARED_BYTES_MIN <= payload.len();
        let record = Record { about, is_shared, stamp, payload_bytes: payload.len() };
        let head = record.encode(self.last);
        let bytes = head.len() + if is_shared { shared_bytes(payload) } else { payload.len() };
        let fits = |held: usize| held + bytes <= limits.bytes_max;
        let can_fit =
            fits(if limits.drop_oldest { self.abouts.bytes_of(about) } else { self.bytes() });
        if !can_fit {
            self.abouts.release(about);
            return 1;
        }
        let mut dropped = 0;
        while !fits(self.bytes()) && self.drop_oldest() {
            dropped += 1;
        }
        self.make_room(head.len() + if is_shared { 0 } else { payload.len() }, limits.bytes_max);
        self.records.extend(head);
        if is_shared {
            self.shared_bytes += shared_bytes(payload);
            self.shared.push_back(payload.clone());
        } else {
            self.records.extend(&payload[..]);
        }
        self.last = stamp;
        self.count += 1;
        dropped
    }

    /// Makes room for so many bytes more: by a quarter at once, and not beyond the limit.
    fn make_room(&mut self, bytes: usize, bytes_max: usize) {
        let needed = self.records.len() + bytes;
        if self.records.capacity() < needed {
            let wanted = needed.max((needed + needed / 4).min(bytes_max));
            self.records.reserve_exact(wanted - self.records.len());
        }
    }

    /// Takes the oldest message.
    pub(crate) fn pop(&mut self) -> Option<MissedMessage> {
        let record = self.take_record()?;
        let about = self.abouts.release(record.about);
        let payload = match record.is_shared {
            true => self.take_shared(),
            false => self.records.drain(..record.payload_bytes).collect(),
        };
        Some(MissedMessage { about, stamp: record.stamp, payload })
    }

    fn drop_oldest(&mut self) -> bool {
        let Some(record) = self.take_record() else { return false };
        self.abouts.release(record.about);
        match record.is_shared {
            true => _ = self.take_shared(),
            false => _ = self.records.drain(..record.payload_bytes),
        }
        true
    }

    fn take_record(&mut self) -> Option<Record> {
        let record = Record::decode(&mut self.records, self.before)?;
        self.count -= 1;
        self.before = record.stamp;
        Some(record)
    }

    fn take_shared(&mut self) -> Bytes {
        let payload = self.shared.pop_front().expect("a record stands for each shared payload");
        self.shared_bytes -= shared_bytes(&payload);
        payload
    }

    /// Forgets the messages of which `is_unwanted` says so.
    pub(crate) fn forget(&mut self, is_unwanted: impl Fn(&About) -> bool) {
        let mut kept = Inbox::default();
        let unlimited = InboxLimits { bytes_max: usize::MAX, drop_oldest: false };
        while let Some(MissedMessage { about, stamp, payload }) = self.pop() {
            if !is_unwanted(&about) {
                kept.push_one(&about, stamp, &payload, unlimited);
            }
        }
        *self = kept;
    }
}

/// What a payload takes that others may share, in the queue too.
fn shared_bytes(payload: &Bytes) -> usize {
    2 * size_of::<Bytes>() + shared_payload(payload.len())
}

#[cfg(test)]
mod tests;
