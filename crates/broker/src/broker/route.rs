//! A committed page on its way to its receivers: encoded once, sent to all that are ready for it.

use rialto_domain::{ClientId, LogId, Payloads, Sequence, ServedMs, UnixMs};

use crate::{
    ChannelKey, ConnectionKey, Encoder, Passed, Reach,
    cursor::Phase,
    output::Delivery,
    receivers::Receiver,
    run::{Origin, RunFrames},
};

use super::Broker;

/// A page of QoS 1 messages that is committed, and who they are from.
#[derive(Debug, Clone, Copy)]
pub(super) struct CommittedPage<'a> {
    pub(super) channel: ChannelKey,
    pub(super) publisher: &'a ClientId,
    pub(super) origin: Origin,
    pub(super) at: UnixMs,
    pub(super) served: ServedMs,
    pub(super) count: u32,
    pub(super) payloads: &'a Payloads,
    /// Where its first message is; `None` for a page that nobody needed in a log.
    pub(super) place: Option<(LogId, Sequence)>,
}

impl CommittedPage<'_> {
    /// Returns what passes with it.
    fn passed(&self) -> Passed {
        Passed { count: u64::from(self.count), bytes: self.payloads.bytes(self.count) as u64 }
    }
}

impl<E: Encoder> Broker<E> {
    /// Sends a committed page to the receivers of its channel, and keeps it for those that wait; returns
    /// whom each of its messages reaches.
    pub(super) fn distribute(&mut self, page: &CommittedPage<'_>) -> Reach {
        if let Some((log, first)) = page.place {
            self.note_appended(page, log, first);
        }
        self.count_routed(page);
        let passed = page.passed();
        self.channels[page.channel].received.note(passed, 1);
        let channel = &self.channels[page.channel];
        let mut reach = Reach {
            waiting: channel.absent.len() as u32,
            stored: page.place.map(|(_, first)| first),
            ..Reach::default()
        };
        // Persistent subscribers that are to get it and have not, until they are found to have.
        let mut behind = if page.place.is_some() { channel.reader_count() as u32 } else { 0 };
        if channel.receivers.is_empty() && !self.is_kept(page.channel) {
            return Reach { waiting: reach.waiting + behind, ..reach };
        }
        let frames = self.encode_page(page);
        // By client, not by connection: it may have reconnected meanwhile.
        let publisher = self.client_keys.get(page.publisher).copied();
        let receivers: Vec<(ConnectionKey, Receiver)> =
            self.channels[page.channel].receivers.iter().collect();
        for (connection, receiver) in receivers {
            let is_excluded =
                publisher == Some(receiver.client) && !self.has_echo(connection, page.channel);
            match page.place {
                Some((_, first)) if receiver.persistent => {
                    let span = Span { first, count: page.count, is_excluded };
                    let is_sent = self.tail(connection, receiver, page.channel, &frames, &span);
                    reach.sent += u32::from(is_sent);
                    behind = behind.saturating_sub(u32::from(is_sent || is_excluded));
                }
                _ if is_excluded => {}
                _ => {
                    self.deliver_live(connection, receiver, page.count, &frames);
                    reach.sent += 1;
                }
            }
        }
        self.channels[page.channel].sent.note(passed, u64::from(reach.sent));
        Reach { waiting: reach.waiting + behind, ..reach }
    }

    fn count_routed(&mut self, page: &CommittedPage<'_>) {
        let channel = &self.channels[page.channel];
        let is_heard =
            page.place.is_some() || !channel.receivers.is_empty() || !channel.absent.is_empty();
        let counter = if is_heard { &mut self.stats.routed } else { &mut self.stats.discarded };
        *counter += u64::from(page.count);
    }

    fn deliver_live(
        &mut self,
        connection: ConnectionKey,
        receiver: Receiver,
        count: u32,
        frames: &RunFrames,
    ) {
        let (frames, frame_count) = frames.of(receiver.format);
        let (to, tally) = ((connection, receiver), self.outputs.tally());
        let frames = self.outgoing.frames_for(&self.encoder, tally, to, frames);
        let droppable = !receiver.acknowledges;
        self.outputs.deliver(count, Delivery { connection, frames, count: frame_count, droppable });
        if let Err(reason) =
            self.connections[connection].owe(count, self.settings.unacknowledged_max)
        {
            self.close(connection, reason);
        }
    }

    /// Sends a page to a persistent subscriber that has all before it, if its window has room; says
    /// whether it was sent.
    fn tail(
        &mut self,
        connection: ConnectionKey,
        receiver: Receiver,
        channel: ChannelKey,
        frames: &RunFrames,
        span: &Span,
    ) -> bool {
        let (window, room) = self.window_room(connection);
        let Some(cursor) = self.clients[receiver.client].cursor(channel) else { return false };
        if cursor.phase != Phase::Tailing {
            return false;
        }
        if span.is_excluded && cursor.next() == span.first {
            cursor.skip(span.first, span.last());
            self.mark_cursor_dirty(receiver.client, channel);
            return false;
        }
        let (frames, frame_count) = frames.of(receiver.format);
        let fits =
            cursor.in_flight() + u64::from(span.count) <= window && frames.len() as u64 <= room;
        if cursor.next() != span.first || !fits {
            cursor.phase = Phase::CatchingUp;
            self.fill(receiver.client, channel);
            return false;
        }
        let bytes = frames.len() as u64;
        cursor.sent(span.last(), u64::from(span.count), bytes);
        self.connections[connection].window_bytes += bytes;
        let (to, tally) = ((connection, receiver), self.outputs.tally());
        let frames = self.outgoing.frames_for(&self.encoder, tally, to, frames);
        let delivery = Delivery { connection, frames, count: frame_count, droppable: false };
        self.outputs.deliver(span.count, delivery);
        true
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
