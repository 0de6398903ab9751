//! Catching up: a persistent subscriber that is behind reads its channel's log in pages.

use std::{collections::BTreeSet, time::Duration};

use rialto_domain::{Change, FailureKind, LogEntry, LogId, PacketId, Sequence, StoredPage};

use crate::{
    ChannelKey, ClientKey, ConnectionKey, Effect, Encoder, Mark, Passed, ReadRequest, Source,
    cursor::Phase, output::Delivery,
};

use super::{Broker, batch::Pending};

/// Payload bytes asked for in one read.
const READ_BYTES: u64 = 1 << 20;

/// Bytes a message of ordinary size has, envelope included.
const SMALL_MESSAGE_BYTES: u64 = 1024;

/// How long reads that failed are not tried again, at first and at most.
const PAUSE_MIN: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// Reads that the store could not do, or is not asked for, for a reason that may pass.
#[derive(Debug, Default)]
pub(super) struct Reads {
    failed: BTreeSet<(ClientKey, ChannelKey)>,
    /// Grows while they fail.
    pause: Duration,
    /// When they are tried again.
    due: Duration,
}

/// What one read gave a subscriber.
#[derive(Default)]
struct Gathered {
    frames: Vec<u8>,
    /// Messages.
    count: u32,
    /// Frames: fewer than messages where the receiver's dialect has no form for some.
    frame_count: u32,
    /// Bytes of the payloads.
    payload_bytes: u64,
}

/// What bounds one read's deliveries.
struct Bounds {
    last: Sequence,
    count_max: u64,
    bytes_max: u64,
}

impl<E: Encoder> Broker<E> {
    /// Asks for the next pages of a subscriber that is behind, if its window has room for a good
    /// part: half of it, so that pages are not read again and again for a few messages each.
    pub(super) fn fill(&mut self, client: ClientKey, channel: ChannelKey) {
        let Some(connection) = self.clients[client].connection else { return };
        if !self.connections[connection].due.is_empty() {
            // J-82: what is retained comes before.
            return;
        }
        let Some((log, last)) = self.channels[channel].log.as_ref().map(|log| (log.id, log.last))
        else {
            return;
        };
        let (window, room_bytes) = self.window_room(connection);
        let window_bytes = self.settings.window_bytes_max as u64;
        let Some(cursor) = self.clients[client].cursor(channel) else { return };
        if cursor.phase != Phase::CatchingUp || cursor.is_read_under_way {
            return;
        }
        if last < cursor.next() {
            cursor.phase = Phase::Tailing;
            return;
        }
        if room_bytes * 2 < window_bytes {
            let waiting = &mut self.connections[connection].waiting;
            if !waiting.contains(&channel) {
                waiting.push(channel);
            }
            return;
        }
        if (window - cursor.in_flight().min(window)) * 2 < window {
            return;
        }
        if self.now.uptime < self.dirty.reads.due {
            self.dirty.reads.failed.insert((client, channel));
            return;
        }
        (cursor.phase, cursor.is_read_under_way) = (Phase::Reading, true);
        let from = cursor.next();
        // A small window takes few messages of what is read, and reads the rest again.
        let bytes_max = READ_BYTES.min(room_bytes).min(window * SMALL_MESSAGE_BYTES) as usize;
        let through = last;
        let request = ReadRequest { client, connection, channel, log, from, through, bytes_max };
        self.outputs.push(Effect::Read(request));
    }

    /// Tries again the subscriptions that had to wait for the connection's byte window.
    pub(super) fn fill_waiting(&mut self, connection: ConnectionKey, client: ClientKey) {
        let (_, room) = self.window_room(connection);
        if room * 2 < self.settings.window_bytes_max as u64 {
            return;
        }
        for channel in std::mem::take(&mut self.connections[connection].waiting) {
            if self.channels.contains_key(channel) {
                self.fill(client, channel);
            }
        }
    }

    /// Takes what a [`ReadRequest`] asked for.
    ///
    /// A read that failed for a reason that may pass is tried again after a pause, which grows; any
    /// other is not, and the subscription gets nothing more on this connection.
    pub fn on_read(&mut self, request: &ReadRequest, entries: Result<&[LogEntry], FailureKind>) {
        let ReadRequest { client, connection, channel, .. } = *request;
        let log = self.channels.get(channel).and_then(|channel| channel.log.as_ref());
        let last = log.filter(|log| log.id == request.log).map(|log| log.last);
        let Some(cursor) = self.clients.get_mut(client).and_then(|client| client.cursor(channel))
        else {
            return;
        };
        cursor.is_read_under_way = false;
        let is_awaited = cursor.phase == Phase::Reading;
        if self.session(connection) != Some(client) || !is_awaited {
            // It was for an earlier connection; the present one had to wait for it.
            self.fill(client, channel);
            return;
        }
        let Some(last) = last else { return };
        match entries {
            Ok(entries) => self.take_read(request, entries, last),
            Err(kind) => self.read_failed(client, channel, kind),
        }
    }

    fn take_read(&mut self, request: &ReadRequest, entries: &[LogEntry], last: Sequence) {
        let client = request.client;
        self.dirty.reads.pause = Duration::ZERO;
        let (window, bytes_max) = self.window_room(request.connection);
        let Some(cursor) = self.clients[client].cursor(request.channel) else { return };
        cursor.phase = Phase::CatchingUp;
        if bytes_max == 0 {
            // Other channels of the connection have filled its window meanwhile.
            self.fill(client, request.channel);
            return;
        }
        let count_max = window - cursor.in_flight().min(window);
        let mut gathered = Gathered::default();
        self.gather_entries(
            request,
            entries,
            &Bounds { last, count_max, bytes_max },
            &mut gathered,
        );
        if gathered.count > 0 {
            let frames = self.addressed(request.connection, gathered.frames);
            let frames = self.outputs.tally().frames(frames);
            let (connection, count) = (request.connection, gathered.frame_count);
            let delivery = Delivery { connection, frames, count, droppable: false };
            self.outputs.deliver(gathered.count, delivery);
            let count = u64::from(gathered.count);
            let passed = Passed { count, bytes: gathered.payload_bytes };
            self.channels[request.channel].sent.note(passed, 1);
        }
        if entries.is_empty() {
            // The log's limits dropped it all; what came since is to be read.
            self.skip_dropped(client, request.channel, request.through);
        }
        self.fill(client, request.channel);
    }

    fn read_failed(&mut self, client: ClientKey, channel: ChannelKey, kind: FailureKind) {
        let Some(cursor) = self.clients[client].cursor(channel) else { return };
        if kind != FailureKind::Transient {
            cursor.phase = Phase::Unreadable;
            return;
        }
        cursor.phase = Phase::CatchingUp;
        let reads = &mut self.dirty.reads;
        reads.failed.insert((client, channel));
        if reads.due <= self.now.uptime {
            reads.pause = (reads.pause * 2).clamp(PAUSE_MIN, PAUSE_MAX);
            reads.due = self.now.uptime + reads.pause;
        }
    }

    /// Tries again what could not be read.
    pub(super) fn read_again(&mut self) {
        if self.now.uptime < self.dirty.reads.due {
            return;
        }
        for (client, channel) in std::mem::take(&mut self.dirty.reads.failed) {
            if self.clients.contains_key(client) && self.channels.contains_key(channel) {
                self.fill(client, channel);
            }
        }
    }

    fn gather_entries(
        &mut self,
        request: &ReadRequest,
        entries: &[LogEntry],
        bounds: &Bounds,
        gathered: &mut Gathered,
    ) {
        for entry in entries {
            let is_full = match entry {
                LogEntry::Page(page) => self.gather_page(request, page, bounds, gathered),
                LogEntry::Damaged { last, .. } if bounds.last < *last => true,
                LogEntry::Damaged { first, last } => {
                    self.skip_dropped(request.client, request.channel, *last);
                    self.set_aside((request.channel, request.log), *first, *last);
                    false
                }
            };
            if is_full {
                return;
            }
        }
    }

    /// Gathers what a subscriber is to get of a page; says whether that is all it is to get now.
    fn gather_page(
        &mut self,
        request: &ReadRequest,
        page: &StoredPage,
        bounds: &Bounds,
        gathered: &mut Gathered,
    ) -> bool {
        let client = request.client;
        let format = self.connections[request.connection].profile.format;
        let name = self.channels[request.channel].name.clone();
        let has_echo = self.has_echo(request.connection, request.channel);
        let is_own = !has_echo && page.publisher == self.clients[client].id;
        let source = Source { at: page.at, ..Source::of(&page.publisher) };
        let mut envelope = self.encoder.envelope(format, &name, source);
        for (sequence, payload) in (page.first..).zip(page.payloads.iter()) {
            let Some(cursor) = self.clients[client].cursor(request.channel) else { return true };
            if sequence < cursor.next() {
                continue;
            }
            if bounds.last < sequence || bounds.is_reached(gathered) {
                return true;
            }
            if cursor.next() < sequence {
                self.skip_dropped(client, request.channel, sequence - 1);
            }
            if is_own {
                self.skip_dropped(client, request.channel, sequence);
                continue;
            }
            let before = gathered.frames.len();
            let Some(cursor) = self.clients[client].cursor(request.channel) else { return true };
            if cursor.is_acknowledged(sequence) {
                cursor.sent(sequence, 0, 0);
                continue;
            }
            let mark = Mark::Acknowledged(PacketId::Stored(request.log, sequence));
            self.encoder.delivery(&mut envelope, payload, mark, &mut gathered.frames);
            gathered.count += 1;
            gathered.payload_bytes += payload.len() as u64;
            let bytes = (gathered.frames.len() - before) as u64;
            gathered.frame_count += u32::from(0 < bytes);
            cursor.sent(sequence, 1, bytes);
            if !self.tails.is_empty() {
                let to = (&self.clients[client].id, request.channel);
                self.tail_replayed(to, page, (sequence, payload));
            }
            self.connections[request.connection].window_bytes += bytes;
        }
        false
    }

    /// Drops a damaged page, and has the store keep it apart.
    fn set_aside(&mut self, (key, id): (ChannelKey, LogId), first: Sequence, last: Sequence) {
        let channel = &mut self.channels[key];
        let log = channel.log.as_mut().filter(|log| log.id == id);
        // One that is known was set aside when another subscriber came to it.
        if let Some(count) = log.and_then(|log| log.lose(first, last)) {
            self.stats.dropped_damaged += count;
            self.stats.log_held -= count;
            self.stats.damaged_records += 1;
            let change = Change::SetAside(channel.name.clone(), id, last);
            self.batch.push(change, Pending::SetAside(key, id, last));
        }
    }

    /// Passes over messages up to `last` that this client is not to get.
    fn skip_dropped(&mut self, client: ClientKey, channel: ChannelKey, last: Sequence) {
        if let Some(cursor) = self.clients[client].cursor(channel)
            && cursor.next() <= last
        {
            cursor.skip(cursor.next(), last);
            self.mark_cursor_dirty(client, channel);
        }
    }

    /// Has all of a cursor written again, since the store refused some of it.
    pub(super) fn cursor_refused(&mut self, client: ClientKey, channel: ChannelKey) {
        let cursor = self.clients.get_mut(client).and_then(|client| client.cursor(channel));
        if let Some(cursor) = cursor {
            cursor.note_refused();
            self.mark_cursor_dirty(client, channel);
        }
    }
}

impl Bounds {
    /// Lets one message through whatever its size, or a large one would never be delivered; but
    /// none where there is no room at all any more.
    fn is_reached(&self, gathered: &Gathered) -> bool {
        let (count, bytes) = (u64::from(gathered.count), gathered.frames.len() as u64);
        let is_full = (0 < count || self.bytes_max == 0) && self.bytes_max <= bytes;
        self.count_max <= count || is_full
    }
}
