//! Pages: QoS 1 messages of one publisher to one channel that are stored and routed as one.

use rialto_domain::{
    ChannelName, ClientId, LogId, Page, Payloads, PayloadsBuilder, Sequence, ServedMs, UnixMs,
};

use crate::{
    ChannelKey, ConnectionKey,
    memory::{allocated, shared_payload},
    retained::{Reserved, RetainedMessage},
    run::Origin,
};

use super::{
    message::{Answer, StoreRoute},
    route::CommittedPage,
};

/// Messages one page gathers.
const PAGE_COUNT_MAX: u32 = 1024;
/// Payload bytes one page gathers before the next is begun.
const PAGE_BYTES_MAX: usize = 256 << 10;

/// Pages that still take messages, oldest first.
#[derive(Debug, Default)]
pub(super) struct OpenPages(Vec<OpenPage>);

/// A page that still takes messages.
#[derive(Debug)]
pub(super) struct OpenPage {
    pub(super) channel: ChannelKey,
    pub(super) from: Option<ConnectionKey>,
    pub(super) route: StoreRoute,
    pub(super) payloads: PayloadsBuilder,
    pub(super) answers: PageAnswers,
    pub(super) retained: Option<RetainedMessage>,
    /// What its retained message has taken of the ceiling.
    pub(super) reserved: Reserved,
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

impl OpenPages {
    /// Returns how many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Returns the page that takes the next message of this publisher to this channel.
    pub(super) fn open_page(
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
            .0
            .iter()
            .rposition(|page| page.channel == channel && (page.from == from || retain));
        let open = newest.filter(|&index| self.0[index].takes(from, route));
        let index = open.unwrap_or_else(|| {
            self.0.push(OpenPage::new(channel, from, route));
            self.0.len() - 1
        });
        &mut self.0[index]
    }
}

impl IntoIterator for OpenPages {
    type Item = OpenPage;
    type IntoIter = std::vec::IntoIter<OpenPage>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
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
    pub(super) fn push(&mut self, answer: Answer<'_>) {
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
    /// Returns the memory of what it holds, about.
    pub(super) fn bytes(&self) -> usize {
        let retained = self.retained.as_ref();
        let retained = retained.map_or(0, |it| shared_payload(it.message.payload.len()));
        shared_payload(self.payloads.as_bytes().len()) + self.answers.bytes() + retained
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

    /// Returns it as the store takes it.
    pub(super) fn page(&self, channel: ChannelName) -> Page {
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
