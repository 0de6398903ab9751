//! The way into the store: messages gather in pages, pages and other changes in batches.

use std::time::Duration;

use rialto_domain::{
    Change, ChannelName, ClientId, LogId, Page, Payloads, PayloadsBuilder, Reject, Sequence,
    ServedMs, SessionNumber, StoreClock, UnixMs,
};

use crate::{
    ChannelKey, ClientKey, ConnectionKey, Effect, Encoder,
    memory::{allocated, shared_payload},
    retained::{Request, RetainedMessage},
    run::Origin,
};

use super::{
    Broker,
    lanes::Lane,
    message::{Answer, CommandOutcome, Publish, StoreRoute},
    retained::Reserved,
    route::CommittedPage,
};

/// Messages one page gathers.
const PAGE_COUNT_MAX: u32 = 1024;
/// Payload bytes one page gathers before the next is begun.
const PAGE_BYTES_MAX: usize = 256 << 10;

/// What a page takes besides its messages while it is under way, in lists that grow by doubling.
const PAGE_BYTES: usize =
    allocated(size_of::<PendingPage>()) + 3 * (size_of::<Change>() + size_of::<Awaiting>()) / 2;

/// What a change under way takes besides itself, about: a batch, a place in the store's queue.
const CHANGE_OVERHEAD: usize = 256;

/// Changes to hand over at the end of the round, each with what is to be done once it is committed.
#[derive(Debug, Default)]
pub(super) struct Batch {
    changes: Vec<Change>,
    pending: Vec<Awaiting>,
    open_pages: Vec<OpenPage>,
}

/// What is to be done once a batch is committed, and the change whose outcome decides it.
#[derive(Debug)]
pub(super) struct Awaiting {
    /// Place in the batch's changes; `None` for what only waits for what was handed over before it.
    pub(super) change: Option<usize>,
    pub(super) pending: Pending,
    /// Memory that counts as a connection's uncommitted bytes until then; that of a page is counted by
    /// itself.
    pub(super) charge: Option<(ConnectionKey, usize)>,
}

/// A batch that the store has not answered.
#[derive(Debug)]
pub(super) struct UnderWay {
    pub(super) awaiting: Vec<Awaiting>,
    /// When it was handed over.
    since: Duration,
}

/// What a change stands for in the core.
#[derive(Debug)]
pub(super) enum Pending {
    /// Messages that wait to be routed and acknowledged.
    Page(Box<PendingPage>),
    /// A version of a channel's retained message that is written by itself.
    Retain(ChannelKey, u64),
    /// The end of what a channel retained up to a version, and who is to be answered.
    DropRetained {
        channel: ChannelKey,
        version: u64,
        asked: Option<Request>,
    },
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
    /// A page that the core has dropped already, since it is damaged.
    SetAside(ChannelKey, LogId, Sequence),
    /// The lane in which the batch is under way may be opened.
    Lane(Lane),
    /// Messages that the core has dropped already, up to this one.
    Trim(ChannelKey, LogId, Sequence),
    Client(ClientKey),
    /// A client that the core has forgotten already.
    Forget(ClientId),
    /// A session with this number that began, or one that ended.
    OpenSession(ClientId, Option<SessionNumber>),
    /// Somebody waits until everything handed over before it is through.
    Barrier(u64),
    /// The clocks, as they were before.
    Clock(StoreClock),
    /// A client whose coming is announced once its subscriptions are there.
    Online(ClientKey, ConnectionKey),
    /// A history that is gone.
    DropHistory(ChannelName),
    /// Newest messages of a channel's history, and how many.
    History(ChannelKey, usize),
    /// Nothing depends on it.
    Nothing,
}

/// A page that still takes messages.
#[derive(Debug)]
struct OpenPage {
    channel: ChannelKey,
    from: Option<ConnectionKey>,
    route: StoreRoute,
    payloads: PayloadsBuilder,
    answers: PageAnswers,
    retained: Option<RetainedMessage>,
    /// What its retained message has taken of the ceiling.
    reserved: Reserved,
}

/// A page under way, with all that its commit sets free.
#[derive(Debug)]
pub(super) struct PendingPage {
    pub(super) channel: ChannelKey,
    pub(super) from: Option<ConnectionKey>,
    pub(super) publisher: ClientId,
    pub(super) route: StoreRoute,
    pub(super) at: UnixMs,
    pub(super) served: ServedMs,
    pub(super) count: u32,
    pub(super) payloads: Payloads,
    pub(super) answers: PageAnswers,
    pub(super) retained: Option<RetainedMessage>,
    pub(super) reserved: Reserved,
}

/// Who is told of the messages of a page: by their publisher's own ids, in one buffer, or by tickets.
#[derive(Debug, Default)]
pub(super) struct PageAnswers {
    text: String,
    ends: Vec<u32>,
    tickets: Vec<u64>,
}

impl Batch {
    pub(super) fn push(&mut self, change: Change, pending: Pending) {
        let change_index = Some(self.changes.len());
        self.pending.push(Awaiting { change: change_index, pending, charge: None });
        self.changes.push(change);
    }

    /// Counts what was pushed last as a connection's uncommitted bytes.
    fn charge(&mut self, connection: ConnectionKey, bytes: usize) {
        if let Some(waiting) = self.pending.last_mut() {
            waiting.charge = Some((connection, bytes));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Returns the changes that gathered, each with what it stands for.
    pub(super) fn take_apart(&mut self) -> Vec<(Change, Pending)> {
        let pending = std::mem::take(&mut self.pending).into_iter();
        let pending = pending.filter(|waiting| waiting.change.is_some());
        let changes = std::mem::take(&mut self.changes);
        changes.into_iter().zip(pending.map(|waiting| waiting.pending)).collect()
    }

    pub(super) fn extend(&mut self, changes: impl IntoIterator<Item = (Change, Pending)>) {
        changes.into_iter().for_each(|(change, pending)| self.push(change, pending));
    }

    /// Lets something wait for everything handed over before it, with nothing to store itself.
    pub(super) fn push_behind(&mut self, pending: Pending) {
        self.pending.push(Awaiting { change: None, pending, charge: None });
    }

    fn open_page(
        &mut self,
        channel: ChannelKey,
        from: Option<ConnectionKey>,
        route: StoreRoute,
        retain: bool,
    ) -> &mut OpenPage {
        // Searched from the end: a publisher mostly stays with one channel. Its newest page there
        // takes the message or none does, which keeps its order; and a retained message goes
        // behind those of all others, so that the last one of the log is the one retained.
        let newest = self
            .open_pages
            .iter()
            .rposition(|page| page.channel == channel && (page.from == from || retain));
        let open = newest.filter(|&index| self.open_pages[index].takes(from, route));
        let index = open.unwrap_or_else(|| {
            self.open_pages.push(OpenPage::new(channel, from, route));
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
    fn new(channel: ChannelKey, from: Option<ConnectionKey>, route: StoreRoute) -> Self {
        OpenPage {
            channel,
            from,
            route,
            payloads: PayloadsBuilder::default(),
            answers: PageAnswers::default(),
            retained: None,
            reserved: Reserved::default(),
        }
    }

    fn takes(&self, from: Option<ConnectionKey>, route: StoreRoute) -> bool {
        let is_complete =
            PAGE_COUNT_MAX <= self.payloads.count() || PAGE_BYTES_MAX <= self.payloads.bytes();
        self.from == from && self.route == route && !is_complete
    }
}

impl PageAnswers {
    fn push(&mut self, answer: Answer<'_>) {
        match answer {
            Answer::To(Some(id)) => {
                self.text.push_str(id);
                self.ends.push(self.text.len() as u32);
            }
            Answer::Ticket(ticket) => self.tickets.push(ticket),
            Answer::To(None) | Answer::None => {}
        }
    }

    pub(super) fn tickets(&self) -> &[u64] {
        &self.tickets
    }

    fn bytes(&self) -> usize {
        allocated(self.text.capacity())
            + allocated(self.ends.capacity() * size_of::<u32>())
            + allocated(self.tickets.capacity() * size_of::<u64>())
    }

    pub(super) fn requests(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let id = &self.text[start..end as usize];
            start = end as usize;
            id
        })
    }
}

impl PendingPage {
    /// Returns the memory it takes until it is committed, about.
    pub(super) fn kept_bytes(&self) -> usize {
        let retained = self.retained.as_ref();
        let retained = retained.map_or(0, |it| shared_payload(it.message.payload.len()));
        let payloads = shared_payload(self.payloads.as_bytes().len());
        PAGE_BYTES + payloads + self.answers.bytes() + retained
    }

    /// Returns it as what it is once it is committed.
    pub(super) fn committed(
        &self,
        origin: Origin,
        place: Option<(LogId, Sequence)>,
    ) -> CommittedPage<'_> {
        CommittedPage {
            channel: self.channel,
            publisher: &self.publisher,
            origin,
            at: self.at,
            served: self.served,
            count: self.count,
            payloads: &self.payloads,
            place,
        }
    }

    fn page(&self, channel: ChannelName) -> Page {
        Page {
            channel,
            publisher: self.publisher.clone(),
            at: self.at,
            served: self.served,
            count: self.count,
            payloads: self.payloads.clone(),
        }
    }
}

impl<E: Encoder> Broker<E> {
    /// Lets a QoS 1 message wait for its commit. One that is to be retained has `reserved` its
    /// share of the ceiling.
    pub(super) fn store(
        &mut self,
        key: ChannelKey,
        from: Option<ConnectionKey>,
        (publish, answer): (&Publish<'_>, Answer<'_>),
        route: StoreRoute,
        reserved: Option<Reserved>,
    ) -> Result<CommandOutcome, Reject> {
        if route.logged {
            self.make_room(key)?;
        }
        let retained =
            reserved.map(|reserved| self.retain_acknowledged(from, publish.payload, reserved));
        let page_count_before = self.batch.open_pages.len();
        let page = self.batch.open_page(key, from, route, retained.is_some());
        page.payloads.push(publish.payload);
        self.uncommitted_count += 1;
        page.answers.push(answer);
        if let Some(reserved) = reserved {
            page.retained = retained;
            self.retained.release(std::mem::replace(&mut page.reserved, reserved));
        }
        // From its first message on: the channel's later ones in the round go behind it.
        let opened_count = self.batch.open_pages.len() - page_count_before;
        self.channels[key].changes_under_way += opened_count as u32;
        Ok(CommandOutcome::AwaitsCommit)
    }

    /// Turns the pages that gather into changes.
    pub(super) fn finish_pages(&mut self) {
        for open in std::mem::take(&mut self.batch.open_pages) {
            let page = PendingPage {
                channel: open.channel,
                from: open.from,
                publisher: self.source(open.from),
                route: open.route,
                at: self.now.unix_ms,
                served: self.clocks.served(),
                count: open.payloads.count(),
                payloads: open.payloads.finish(),
                answers: open.answers,
                retained: open.retained,
                reserved: open.reserved,
            };
            self.submit_page(page);
        }
    }

    fn submit_page(&mut self, page: PendingPage) {
        let channel = &mut self.channels[page.channel];
        let name = channel.name.clone();
        let bytes = page.kept_bytes();
        self.uncommitted_bytes_total += bytes;
        if let Some(from) = page.from.and_then(|from| self.connections.get_mut(from)) {
            from.uncommitted_bytes += bytes;
        }
        if let Some(retained) = &page.retained {
            channel.retained_under_way += 1;
            let change = Change::Retain(name.clone(), retained.message.clone());
            self.batch.push(change, Pending::Nothing);
        }
        if page.route.logged {
            let change = Change::Append(page.page(name));
            self.batch.push(change, Pending::Page(Box::new(page)));
        } else {
            self.batch.push_behind(Pending::Page(Box::new(page)));
        }
    }

    pub(super) fn hand_over_batch(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let changes = std::mem::take(&mut self.batch.changes);
        let awaiting = std::mem::take(&mut self.batch.pending);
        self.committing.push_back(UnderWay { awaiting, since: self.now.uptime });
        self.outputs.push(Effect::Commit(changes));
    }

    /// Says whether changes are under way in the store.
    pub fn is_committing(&self) -> bool {
        !self.committing.is_empty()
    }

    /// Returns how long the oldest batch under way has been waiting for the store.
    pub(super) fn oldest_wait(&self) -> Duration {
        let oldest = self.committing.front();
        oldest.map_or(Duration::ZERO, |batch| self.now.uptime.saturating_sub(batch.since))
    }

    /// Counts the change that was asked for last, about a channel, as uncommitted bytes of the
    /// connection that asked for it: so one that asks faster than the store commits is not read.
    pub(super) fn charge(&mut self, connection: Option<ConnectionKey>, channel: ChannelKey) {
        let Some(connection) = connection else { return };
        let Some(state) = self.connections.get_mut(connection) else { return };
        let names = self.channels[channel].name.as_str().len() * 2;
        let bytes = size_of::<Change>() + size_of::<Awaiting>() + CHANGE_OVERHEAD + names;
        state.uncommitted_bytes += bytes;
        self.uncommitted_bytes_total += bytes;
        self.batch.charge(connection, bytes);
    }

    /// Takes back what was counted by [`charge`](Self::charge).
    pub(super) fn discharge(&mut self, (connection, bytes): (ConnectionKey, usize)) {
        self.uncommitted_bytes_total -= bytes;
        if let Some(state) = self.connections.get_mut(connection) {
            state.uncommitted_bytes -= bytes;
        }
    }
}
