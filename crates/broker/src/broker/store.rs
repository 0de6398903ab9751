//! The way into the store of QoS 1 messages: they gather in pages, which become changes of a batch.

use rialto_domain::{Change, ChannelKind, Reject};

use crate::{ChannelKey, ConnectionKey, Encoder, memory::allocated, retained::Reserved};

use super::{
    Broker,
    batch::{Awaiting, Pending},
    message::{Answer, CommandOutcome, Publish, StoreRoute},
    page::PendingPage,
};

/// What a page takes besides its messages while it is under way, in lists that grow by doubling.
const PAGE_BYTES: usize =
    allocated(size_of::<PendingPage>()) + 3 * (size_of::<Change>() + size_of::<Awaiting>()) / 2;

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
        let page_count_before = self.open_pages.count();
        let page = self.open_pages.open_page(key, from, route, retained.is_some());
        page.payloads.push(publish.payload);
        self.uncommitted_count += 1;
        page.answers.push(answer);
        if let Some(reserved) = reserved {
            page.retained = retained;
            self.retained.release(std::mem::replace(&mut page.reserved, reserved));
        }
        // From its first message on: the channel's later ones in the round go behind it.
        let opened_count = self.open_pages.count() - page_count_before;
        self.channels[key].changes_under_way += opened_count as u32;
        Ok(CommandOutcome::AwaitsCommit)
    }

    /// Turns the pages that gather into changes.
    pub(super) fn finish_pages(&mut self) {
        for open in std::mem::take(&mut self.open_pages) {
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
        let bytes = kept_bytes(&page);
        self.uncommitted_bytes_total += bytes;
        if let Some(from) = page.from.and_then(|from| self.connections.get_mut(from)) {
            from.uncommitted_bytes += bytes;
        }
        let retain = page.retained.as_ref().map(|retained| {
            channel.retained_under_way += 1;
            Change::Retain(name.clone(), retained.message.clone())
        });
        if page.route.logged {
            let change = match name.kind() {
                ChannelKind::Direct(to) if page.route.if_known => {
                    Change::AppendDirect(to.into(), page.page(name.clone()))
                }
                ChannelKind::Topic if self.settings.is_shared => {
                    Change::AppendIfRead(page.page(name))
                }
                _ => Change::Append(page.page(name)),
            };
            let page = Pending::Page(Box::new(page));
            match retain {
                // What its publisher is answered is of both.
                Some(retain) => {
                    self.batch.push_together([(retain, Pending::Nothing), (change, page)]);
                }
                None => self.batch.push(change, page),
            }
        } else {
            self.batch.extend(retain.map(|retain| (retain, Pending::Nothing)));
            self.batch.push_behind(Pending::Page(Box::new(page)));
        }
    }
}

/// Returns the memory that a page takes until it is committed, about.
pub(super) fn kept_bytes(page: &PendingPage) -> usize {
    PAGE_BYTES + page.bytes()
}
