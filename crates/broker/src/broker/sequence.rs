//! The order of a log that several nodes append to: pages of this node's commits and of the others' meet here, and
//! go to the receivers one behind the other, on each node in the same order.
//!
//! A page whose turn it is is distributed at once. If others stand before it, it waits, and the store is asked for
//! those. What other nodes appended is known from [what they note](super::shared), and read from the store too.

use std::collections::BTreeSet;

use rialto_domain::{
    FailureKind, LogEntry, LogId, MessageId, Sequence, StoredPage,
    bus::{Doorbell, DoorbellPage},
};

use crate::{
    ChannelKey, Effect, Encoder, LogRequest, Reach,
    incoming::{Ahead, Incoming},
    run::Origin,
};

use super::{Broker, page::PendingPage, route::CommittedPage};

/// Payload bytes asked for in one read.
const READ_BYTES: usize = 1 << 20;

/// Messages of other nodes are named in a history by their log and their place in it, apart from all names by origin.
const STORED_ORIGIN: u64 = 1 << 63;

/// Channels whose logs could not be read, to be tried again at the next tick.
pub(super) type Unread = BTreeSet<ChannelKey>;

impl<E: Encoder> Broker<E> {
    /// Takes a page of this node that was committed; returns whom it reaches by now.
    pub(super) fn arrive(&mut self, page: &PendingPage, log: LogId, first: Sequence) -> Reach {
        let key = page.channel;
        let origin = self.origin_of_own(key);
        let known = self.channels[key].log.as_ref().map(|log| log.id);
        if known.is_some_and(|known| log < known) {
            // Of a log that has gone since: for those who listen now.
            return self.distribute(&page.committed(origin, None));
        }
        self.adopt_log(key, log, first - 1);
        let next = self.next_message(key);
        if first == next {
            let reach = self.distribute(&page.committed(origin, Some((log, first))));
            self.go_on(key);
            return reach;
        }
        if next < first {
            let (publisher, payloads) = (page.publisher.clone(), page.payloads.clone());
            let waiting = StoredPage { first, publisher, at: page.at, count: page.count, payloads };
            let through = last_of(&waiting);
            if let Some(incoming) = self.incoming(key) {
                incoming.keep(waiting, true);
            }
            self.expect_soon(key, through);
        }
        Reach { stored: Some(first), ..Reach::default() }
    }

    /// Knows that a log goes up to a message at least: what is missing is read.
    pub(super) fn expect_through(&mut self, key: ChannelKey, through: Sequence) {
        if let Some(incoming) = self.incoming(key) {
            incoming.expect(through);
        }
        self.read_on(key);
    }

    /// The same of what another node is likely to tell: it is read only if that has not come until the next tick.
    fn expect_soon(&mut self, key: ChannelKey, through: Sequence) {
        if !self.bus.is_up() {
            return self.expect_through(key, through);
        }
        if let Some(incoming) = self.incoming(key) {
            incoming.expect(through);
        }
        if self.next_message(key) <= through {
            self.dirty.incoming.insert(key);
        }
    }

    /// Takes what another node tells of a page that it has committed. Returns whether the store is to be looked into at once, since
    /// this is of a log that is not known yet.
    pub fn on_rung(&mut self, doorbell: &Doorbell) -> bool {
        self.settle();
        if doorbell.origin == self.settings.replication.origin {
            return false;
        }
        let Some(&key) = self.channel_keys.get(doorbell.channel.as_str()) else { return false };
        let known = self.channels[key].log.as_ref().map(|log| (log.id, log.last));
        match known {
            Some((id, last)) if id == doorbell.log && doorbell.last() <= last => return false,
            Some((id, _)) if id == doorbell.log => {}
            Some((id, _)) if doorbell.log < id => return false,
            _ => return true,
        }
        let Some(DoorbellPage { publisher, at, payloads }) = doorbell.page.clone() else {
            self.expect_through(key, doorbell.last());
            return false;
        };
        let (first, count) = (doorbell.first, doorbell.count);
        if let Some(incoming) = self.incoming(key) {
            incoming.keep(StoredPage { first, publisher, at, count, payloads }, false);
        }
        self.go_on(key);
        self.expect_soon(key, doorbell.last());
        false
    }

    /// Takes what a [`LogRequest`] asked for.
    ///
    /// A read that failed for a reason that may pass is tried again; of what cannot be read for any other, nobody gets
    /// anything live, and each persistent subscriber finds out by itself what of it can be had.
    pub fn on_log_read(&mut self, request: &LogRequest, entries: Result<&[LogEntry], FailureKind>) {
        self.settle();
        let key = request.channel;
        let log = self.channels.get_mut(key).and_then(|channel| channel.log.as_mut());
        let Some(log) = log.filter(|log| log.id == request.log) else { return };
        log.incoming().is_read_under_way = false;
        match entries {
            Ok(entries) => {
                for entry in entries {
                    match entry {
                        LogEntry::Page(page) => self.take_stored(key, page),
                        LogEntry::Damaged { last, .. } => self.pass_over(key, *last),
                    }
                }
                if entries.is_empty() {
                    // It was trimmed meanwhile.
                    self.pass_over(key, request.through);
                }
                self.go_on(key);
                self.read_on(key);
            }
            Err(FailureKind::Transient) => _ = self.dirty.incoming.insert(key),
            Err(_) => self.pass_over(key, request.through),
        }
    }

    /// Tries again what could not be read.
    pub(super) fn read_incoming_again(&mut self) {
        for key in std::mem::take(&mut self.dirty.incoming) {
            if self.channels.contains_key(key) {
                self.read_on(key);
            }
        }
    }

    /// Asks for what is missing of a log, if somebody here waits for it.
    fn read_on(&mut self, key: ChannelKey) {
        let channel = &self.channels[key];
        let is_awaited = !channel.receivers.is_empty() || !channel.absent.is_empty();
        let Some(log) = &mut self.channels[key].log else { return };
        let (id, from, through) = (log.id, log.last + 1, log.incoming().through());
        if through < from || log.incoming().is_read_under_way {
            return;
        }
        if is_awaited || !self.tails.is_empty() {
            log.incoming().is_read_under_way = true;
            let request =
                LogRequest { channel: key, log: id, from, through, bytes_max: READ_BYTES };
            self.outputs.push(Effect::ReadLog(request));
        } else {
            let count = log.skip_to(through, self.clocks.served());
            self.stats.log_found += count;
            self.stats.log_held += count;
        }
    }

    /// Distributes pages that waited, as far as they follow each other.
    fn go_on(&mut self, key: ChannelKey) {
        loop {
            let next = self.next_message(key);
            let Some(log) = &mut self.channels[key].log else { return };
            let id = log.id;
            let Some(Ahead { page, is_own }) = log.incoming().take(next) else { return };
            let origin = if is_own { self.origin_of_own(key) } else { stored_origin(id, &page) };
            self.distribute_stored(key, id, &page, origin);
        }
    }

    /// Distributes a page that was read, unless it was distributed already.
    fn take_stored(&mut self, key: ChannelKey, page: &StoredPage) {
        let next = self.next_message(key);
        let Some(log) = &self.channels[key].log else { return };
        let id = log.id;
        if last_of(page) < next {
            return;
        }
        if next < page.first {
            // What is not there any more was trimmed, or a generation of the database left it out.
            self.pass_over(key, page.first - 1);
        }
        self.distribute_stored(key, id, page, stored_origin(id, page));
    }

    fn distribute_stored(
        &mut self,
        channel: ChannelKey,
        log: LogId,
        page: &StoredPage,
        origin: Origin,
    ) {
        self.distribute(&CommittedPage {
            channel,
            publisher: &page.publisher,
            origin,
            at: page.at,
            served: self.clocks.served(),
            count: page.count,
            payloads: &page.payloads,
            place: Some((log, page.first)),
        });
    }

    /// Goes on behind messages that nobody can have.
    fn pass_over(&mut self, key: ChannelKey, last: Sequence) {
        if let Some(log) = &mut self.channels[key].log {
            log.pass_over(last);
        }
    }

    fn origin_of_own(&self, key: ChannelKey) -> Origin {
        // A direct message is for a client of this server.
        if self.is_direct(key) { Origin::Local } else { Origin::Own }
    }

    fn next_message(&self, key: ChannelKey) -> Sequence {
        self.channels[key].log.as_ref().map_or(1, |log| log.last + 1)
    }

    fn incoming(&mut self, key: ChannelKey) -> Option<&mut Incoming> {
        self.channels[key].log.as_mut().map(|log| log.incoming())
    }
}

/// Names what another node has committed.
fn stored_origin(log: LogId, page: &StoredPage) -> Origin {
    Origin::Relayed(MessageId { origin: STORED_ORIGIN | log.0, sequence: page.first })
}

fn last_of(page: &StoredPage) -> Sequence {
    page.first + u64::from(page.count) - 1
}
