//! The way through the store: pages and changes are gathered, handed over, and completed in order.

use bytes::Bytes;

use crate::{
    Change, ChannelKey, ChannelName, ClientId, ClientKey, ConnectionKey, Effect, Encoder, LogId,
    Mark, Outcome, PacketId, Page, PageState, Payloads, PayloadsBuilder, Reject, Retained,
    Sequence,
    channel::RetainedMessage,
    cursor::Phase,
    output::{Run, RunFrames},
    receivers::Receiver,
};

use super::{
    Broker,
    publish::{Publish, Taken},
};

/// Messages one page gathers.
const PAGE_COUNT_MAX: u32 = 1024;
/// Payload bytes one page gathers before the next is begun.
const PAGE_BYTES_MAX: usize = 256 << 10;

/// Changes to hand over at the end of the round, each with what is to be done once it is committed.
#[derive(Debug, Default)]
pub(super) struct Batch {
    changes: Vec<Change>,
    pending: Vec<Waiting>,
    open_pages: Vec<OpenPage>,
}

/// What is to be done once a batch is committed, and the change whose outcome decides it.
#[derive(Debug)]
pub(super) struct Waiting {
    /// Place in the batch's changes; `None` for what only waits for what was handed over before it.
    change: Option<usize>,
    pending: Pending,
}

/// What a change stands for in the core.
#[derive(Debug)]
pub(super) enum Pending {
    /// Messages that wait to be routed and acknowledged.
    Page(Box<PendingPage>),
    /// A retained message whose page stands behind it in the batch.
    Retain(ChannelKey),
    Subscribe {
        client: ClientKey,
        channel: ChannelKey,
        reply_to: Option<ConnectionKey>,
    },
    /// A subscription of a session, behind changes of the same client and channel.
    Session {
        client: ClientKey,
        channel: ChannelKey,
        connection: ConnectionKey,
        /// Whether the client asked for it and is to be answered.
        is_asked: bool,
    },
    Unsubscribe {
        client: ClientKey,
        channel: ChannelKey,
        reply_to: Option<ConnectionKey>,
    },
    Cursor(ClientKey, ChannelKey),
    /// A log without readers is to go from the store.
    Unread(ChannelName),
    Client(ClientKey),
    /// Nothing depends on it.
    Nothing,
}

/// How a message goes through the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Intake {
    /// Whether persistent subscribers need it in the log.
    pub(super) logged: bool,
    /// Whether its sender is to hear that the receiver is offline.
    pub(super) offline: bool,
}

/// A page that still takes messages.
#[derive(Debug)]
struct OpenPage {
    channel: ChannelKey,
    from: Option<ConnectionKey>,
    intake: Intake,
    payloads: PayloadsBuilder,
    requests: Requests,
    retained: Option<RetainedMessage>,
}

/// A page under way, with all that its commit sets free.
#[derive(Debug)]
pub(super) struct PendingPage {
    channel: ChannelKey,
    from: Option<ConnectionKey>,
    publisher: ClientId,
    intake: Intake,
    at: u64,
    count: u32,
    payloads: Payloads,
    requests: Requests,
    retained: Option<RetainedMessage>,
}

/// The publishers' own ids of the messages of a page, in one buffer.
#[derive(Debug, Default)]
struct Requests {
    text: String,
    ends: Vec<u32>,
}

impl Batch {
    pub(super) fn push(&mut self, change: Change, pending: Pending) {
        self.pending.push(Waiting { change: Some(self.changes.len()), pending });
        self.changes.push(change);
    }

    /// Lets something wait for everything handed over before it, with nothing to store itself.
    pub(super) fn push_behind(&mut self, pending: Pending) {
        self.pending.push(Waiting { change: None, pending });
    }

    fn open_page(
        &mut self,
        channel: ChannelKey,
        from: Option<ConnectionKey>,
        intake: Intake,
        retain: bool,
    ) -> &mut OpenPage {
        // Searched from the end: a publisher mostly stays with one channel. Its newest page there
        // takes the message or none does, which keeps its order; and a retained message goes
        // behind those of all others, so that the last one of the log is the one retained.
        let newest = self
            .open_pages
            .iter()
            .rposition(|page| page.channel == channel && (page.from == from || retain));
        let open = newest.filter(|&index| self.open_pages[index].takes(from, intake));
        let index = open.unwrap_or_else(|| {
            self.open_pages.push(OpenPage::new(channel, from, intake));
            self.open_pages.len() - 1
        });
        &mut self.open_pages[index]
    }

    /// Says whether the batch asks for a cursor of `client` in `channel`.
    pub(super) fn brings_cursor(&self, client: ClientKey, channel: ChannelKey) -> bool {
        self.pending.iter().rev().any(|waiting| match waiting.pending {
            Pending::Subscribe { client: one, channel: there, .. } => {
                (one, there) == (client, channel)
            }
            _ => false,
        })
    }
}

impl OpenPage {
    fn new(channel: ChannelKey, from: Option<ConnectionKey>, intake: Intake) -> Self {
        OpenPage {
            channel,
            from,
            intake,
            payloads: PayloadsBuilder::default(),
            requests: Requests::default(),
            retained: None,
        }
    }

    fn takes(&self, from: Option<ConnectionKey>, intake: Intake) -> bool {
        let is_complete =
            PAGE_COUNT_MAX <= self.payloads.count() || PAGE_BYTES_MAX <= self.payloads.bytes();
        self.from == from && self.intake == intake && !is_complete
    }
}

impl Requests {
    fn push(&mut self, id: &str) {
        self.text.push_str(id);
        self.ends.push(self.text.len() as u32);
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let id = &self.text[start..end as usize];
            start = end as usize;
            id
        })
    }
}

impl PendingPage {
    fn page(&self, channel: ChannelName) -> Page {
        Page {
            channel,
            publisher: self.publisher.clone(),
            at: self.at,
            count: self.count,
            payloads: self.payloads.clone(),
        }
    }
}

impl<E: Encoder> Broker<E> {
    /// Lets a QoS 1 message wait for its commit.
    pub(super) fn store(
        &mut self,
        key: ChannelKey,
        from: Option<ConnectionKey>,
        publish: &Publish<'_>,
        intake: Intake,
    ) -> Result<Taken, Reject> {
        if intake.logged {
            self.make_room(key)?;
        }
        // J-86: a direct message is never retained.
        let is_direct = self.channels[key].name.as_str().starts_with('#');
        let retained = (publish.retain && !is_direct).then(|| {
            self.retained_version += 1;
            let payload = Bytes::copy_from_slice(publish.payload);
            let message = Retained { publisher: self.source(from), payload };
            RetainedMessage { message, version: self.retained_version }
        });
        let page_count_before = self.batch.open_pages.len();
        let page = self.batch.open_page(key, from, intake, retained.is_some());
        page.payloads.push(publish.payload);
        if let Some(request) = publish.request {
            page.requests.push(request);
        }
        if retained.is_some() {
            page.retained = retained;
        }
        // From its first message on: the channel's later ones in the round go behind it.
        let opened_count = self.batch.open_pages.len() - page_count_before;
        self.channels[key].changes_under_way += opened_count as u32;
        Ok(Taken::Later)
    }

    /// Turns the pages that gather into changes.
    pub(super) fn finish_pages(&mut self) {
        for open in std::mem::take(&mut self.batch.open_pages) {
            let page = PendingPage {
                channel: open.channel,
                from: open.from,
                publisher: self.source(open.from),
                intake: open.intake,
                at: self.now.unix_ms,
                count: open.payloads.count(),
                payloads: open.payloads.finish(),
                requests: open.requests,
                retained: open.retained,
            };
            self.submit_page(page);
        }
    }

    fn submit_page(&mut self, page: PendingPage) {
        let channel = &mut self.channels[page.channel];
        let name = channel.name.clone();
        let bytes = page.payloads.as_bytes().len();
        self.uncommitted_bytes_total += bytes;
        if let Some(from) = page.from.and_then(|from| self.connections.get_mut(from)) {
            from.uncommitted_bytes += bytes;
        }
        if let Some(retained) = &page.retained {
            channel.retained_under_way += 1;
            let change = Change::Retain(name.clone(), retained.message.clone());
            self.batch.push(change, Pending::Nothing);
        }
        if page.intake.logged {
            let change = Change::Append(page.page(name));
            self.batch.push(change, Pending::Page(Box::new(page)));
        } else {
            self.batch.push_behind(Pending::Page(Box::new(page)));
        }
    }

    pub(super) fn hand_over_batch(&mut self) {
        if self.batch.pending.is_empty() {
            return;
        }
        let changes = std::mem::take(&mut self.batch.changes);
        self.committing.push_back(std::mem::take(&mut self.batch.pending));
        self.outputs.push(Effect::Commit(changes));
    }

    /// Takes the outcome of the oldest batch under way; `Err` when the store refused it whole.
    ///
    /// # Panics
    /// When no batch is under way: the store answered more than it was asked.
    pub fn on_committed(&mut self, result: Result<&[Outcome], Reject>) {
        // What gathers came before; it must find channels and receivers as they were.
        self.settle();
        let batch = self.committing.pop_front().expect("outcomes come for batches under way only");
        self.stats.store_failures += u64::from(result.is_err());
        for Waiting { change, pending } in batch {
            let outcome =
                result.map(|outcomes| change.map_or(Outcome::Done, |index| outcomes[index]));
            self.complete(pending, outcome);
        }
    }

    fn complete(&mut self, pending: Pending, outcome: Result<Outcome, Reject>) {
        match pending {
            Pending::Page(page) => self.page_committed(*page, outcome),
            Pending::Subscribe { client, channel, reply_to } => {
                let result = outcome.map(|outcome| match outcome {
                    Outcome::Subscribed { log, floor } => (log, floor),
                    other => unreachable!("a store answered a subscription with {other:?}"),
                });
                self.cursor_committed(client, channel, reply_to, result);
            }
            // Nothing of it is stored: it only had to wait its turn.
            Pending::Session { client, channel, connection, is_asked } => {
                self.session_subscribed(client, channel, connection, is_asked);
            }
            Pending::Unsubscribe { client, channel, reply_to } => {
                self.unsubscribe_committed(client, channel, reply_to, outcome.map(|_| ()));
            }
            Pending::Retain(channel) if outcome.is_err() => _ = self.dirty.retained.insert(channel),
            Pending::Cursor(client, channel) if outcome.is_err() => {
                self.mark_cursor_dirty(client, channel);
            }
            Pending::Unread(channel) if outcome.is_err() => self.dirty.unread.push(channel),
            Pending::Client(key) if outcome.is_err() => {
                if let Some(client) = self.clients.get_mut(key) {
                    self.dirty.note_client(key, client);
                }
            }
            _ => {}
        }
    }

    fn page_committed(&mut self, page: PendingPage, outcome: Result<Outcome, Reject>) {
        let key = page.channel;
        self.channels[key].changes_under_way -= 1;
        self.channels[key].retained_under_way -= u32::from(page.retained.is_some());
        let bytes = page.payloads.as_bytes().len();
        self.uncommitted_bytes_total -= bytes;
        if let Some(from) = page.from.and_then(|from| self.connections.get_mut(from)) {
            from.uncommitted_bytes -= bytes;
        }
        let result = match outcome {
            Ok(outcome) => {
                self.route_page(&page, outcome);
                self.keep_retained(key, page.retained);
                if page.intake.offline { Err(Reject::ClientOffline) } else { Ok(None) }
            }
            Err(reject) => Err(reject),
        };
        if let Some(publisher) = page.from {
            for request in page.requests.iter() {
                self.reply_published(publisher, Some(request), result);
            }
        }
        self.drop_unread_log(key);
        self.drop_if_idle(key);
    }

    fn keep_retained(&mut self, key: ChannelKey, retained: Option<RetainedMessage>) {
        let Some(retained) = retained else { return };
        let present = &mut self.channels[key].retained;
        if present.as_ref().is_some_and(|present| retained.version < present.version) {
            // A later QoS 0 message overtook this one; the store must hear of it again.
            self.dirty.retained.insert(key);
        } else {
            *present = Some(Box::new(retained));
        }
    }

    /// Sends a committed page to its receivers.
    fn route_page(&mut self, page: &PendingPage, outcome: Outcome) {
        let stored = match outcome {
            Outcome::Appended { log, first } => {
                self.note_appended(page, log, first);
                Some((log, first))
            }
            _ => None,
        };
        if self.channels[page.channel].receivers.is_empty() {
            return;
        }
        let frames = self.encode_page(page, stored);
        // By client, not by connection: it may have reconnected meanwhile.
        let publisher = self.client_keys.get(&page.publisher).copied();
        let receivers: Vec<(ConnectionKey, Receiver)> =
            self.channels[page.channel].receivers.iter().collect();
        for (connection, receiver) in receivers {
            let is_excluded = publisher == Some(receiver.client) && !self.settings.echo;
            match stored {
                Some((_, first)) if receiver.persistent => {
                    let span = Span { first, count: page.count, is_excluded };
                    self.tail(connection, receiver, page.channel, &frames, &span);
                }
                _ if is_excluded => {}
                _ => self.deliver_live(connection, receiver, page.count, &frames),
            }
        }
    }

    fn note_appended(&mut self, page: &PendingPage, log: LogId, first: Sequence) {
        self.stats.stored += u64::from(page.count);
        self.adopt_log(page.channel, log, first - 1);
        if self.channels[page.channel].persistent.is_empty() {
            // All left while it was on its way, and the store made a log that nobody reads.
            self.dirty.unread.push(self.channels[page.channel].name.clone());
        }
        let last = first + u64::from(page.count) - 1;
        let bytes = page.payloads.as_bytes().len() as u64;
        if let Some(log) = &mut self.channels[page.channel].log {
            log.append(PageState { last, bytes, at: page.at });
        }
    }

    fn encode_page(&mut self, page: &PendingPage, stored: Option<(LogId, Sequence)>) -> RunFrames {
        let channel = &self.channels[page.channel];
        let mut run =
            Run::new(&self.encoder, page.channel, channel, &page.publisher, page.from, true);
        for (index, payload) in page.payloads.iter().enumerate() {
            let id = match stored {
                Some((log, first)) => PacketId::Stored(log, first + index as u64),
                None => {
                    self.next_live += 1;
                    PacketId::Live(self.next_live)
                }
            };
            run.push(&self.encoder, payload, Mark::Acknowledged(id));
        }
        run.finish()
    }

    fn deliver_live(
        &mut self,
        connection: ConnectionKey,
        receiver: Receiver,
        count: u32,
        frames: &RunFrames,
    ) {
        self.stats.delivered += u64::from(count);
        let frames = frames.of(receiver.format);
        self.outputs.push(Effect::Send { connection, frames, count, droppable: false });
        if let Err(reason) = self.connections[connection].owe(count) {
            self.close(connection, reason);
        }
    }

    /// Sends a page to a persistent subscriber that has all before it, if its window has room.
    fn tail(
        &mut self,
        connection: ConnectionKey,
        receiver: Receiver,
        channel: ChannelKey,
        frames: &RunFrames,
        span: &Span,
    ) {
        let (window, room) = self.window_room(connection);
        let Some(cursor) = self.clients[receiver.client].cursor(channel) else { return };
        if cursor.phase != Phase::Tailing {
            return;
        }
        if span.is_excluded && cursor.next() == span.first {
            cursor.skip(span.first, span.last());
            self.mark_cursor_dirty(receiver.client, channel);
            return;
        }
        let frames = frames.of(receiver.format);
        let fits =
            cursor.in_flight() + u64::from(span.count) <= window && frames.len() as u64 <= room;
        if cursor.next() != span.first || !fits {
            cursor.phase = Phase::CatchingUp;
            self.fill(receiver.client, channel);
            return;
        }
        let bytes = frames.len() as u64;
        cursor.sent(span.last(), u64::from(span.count), bytes);
        self.connections[connection].window_bytes += bytes;
        self.stats.delivered += u64::from(span.count);
        self.outputs.push(Effect::Send { connection, frames, count: span.count, droppable: false });
    }
}

/// The place of a page in its log, as one receiver sees it.
struct Span {
    first: Sequence,
    count: u32,
    /// Whether the receiver published it and gets no echo.
    is_excluded: bool,
}

impl Span {
    fn last(&self) -> Sequence {
        self.first + u64::from(self.count) - 1
    }
}
