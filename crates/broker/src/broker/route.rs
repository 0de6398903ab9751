//! A committed page on its way to its receivers: encoded once, sent to all that are ready for it.

use rialto_domain::{LogId, MessageId, Outcome, PacketId, PageState, Sequence};

use crate::{
    ChannelKey, ConnectionKey, Encoder, Mark,
    cursor::Phase,
    output::Delivery,
    receivers::Receiver,
    run::{Author, RunFrames},
};

use super::{Broker, batch::PendingPage};

impl<E: Encoder> Broker<E> {
    /// Sends a committed page to its receivers.
    pub(super) fn route_page(&mut self, page: &PendingPage, outcome: Outcome) {
        let stored = match outcome {
            Outcome::Appended { log, first } => {
                self.note_appended(page, log, first);
                Some((log, first))
            }
            _ => None,
        };
        self.count_routed(page, stored.is_some());
        if self.channels[page.channel].receivers.is_empty() && !self.is_kept(page.channel) {
            return;
        }
        let frames = self.encode_page(page, stored);
        // By client, not by connection: it may have reconnected meanwhile.
        let publisher = self.client_keys.get(&page.publisher).copied();
        let receivers: Vec<(ConnectionKey, Receiver)> =
            self.channels[page.channel].receivers.iter().collect();
        for (connection, receiver) in receivers {
            let is_excluded =
                publisher == Some(receiver.client) && !self.has_echo(connection, page.channel);
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

    fn count_routed(&mut self, page: &PendingPage, is_logged: bool) {
        let channel = &self.channels[page.channel];
        let is_heard = is_logged || !channel.receivers.is_empty() || !channel.absent.is_empty();
        let counter = if is_heard { &mut self.stats.routed } else { &mut self.stats.discarded };
        *counter += u64::from(page.count);
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
            log.append(first, PageState { last, bytes, served: page.served });
            self.stats.log_held += u64::from(page.count);
        }
    }

    fn encode_page(&mut self, page: &PendingPage, stored: Option<(LogId, Sequence)>) -> RunFrames {
        let author = Author {
            from: page.from,
            publisher: page.publisher.clone(),
            at: page.at,
            // Not of the moment when it was taken in: others were routed since.
            logical: self.clocks.logical(),
            server: None,
            on_behalf_of: None,
        };
        // A direct message is for a client of this server.
        let id = self.is_direct(page.channel).then(MessageId::default);
        let mut run = self.new_run(page.channel, author, true, id);
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
        let (_, frames) = self.end_run(run);
        frames
    }

    fn deliver_live(
        &mut self,
        connection: ConnectionKey,
        receiver: Receiver,
        count: u32,
        frames: &RunFrames,
    ) {
        let (frames, frame_count) = frames.of(receiver.format);
        let droppable = !receiver.acknowledges;
        self.outputs.deliver(count, Delivery { connection, frames, count: frame_count, droppable });
        if let Err(reason) =
            self.connections[connection].owe(count, self.settings.unacknowledged_max)
        {
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
        let (frames, frame_count) = frames.of(receiver.format);
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
        let delivery = Delivery { connection, frames, count: frame_count, droppable: false };
        self.outputs.deliver(span.count, delivery);
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
