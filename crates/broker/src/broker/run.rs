//! The way of a run: begun, filled, encoded and ended here, whether its messages gather, come from
//! another server or were committed as a page.

use std::sync::Arc;

use rialto_domain::{MessageId, PacketId, Qos, is_event_channel};

use crate::{
    ChannelKey, Encoder, Mark, Passed,
    inbox::{About, Missed},
    output::Delivery,
    run::{Author, FinishedRun, Origin, Run, RunFrames},
};

use super::{
    Broker,
    message::{Publish, Publisher},
    route::CommittedPage,
};

impl<E: Encoder> Broker<E> {
    /// Adds a message to the run that is sent to the receivers as one.
    pub(super) fn gather(
        &mut self,
        key: ChannelKey,
        publisher: Publisher<'_>,
        publish: &Publish<'_>,
    ) {
        let acknowledged = publish.qos == Qos::AtLeastOnce;
        let continues = self
            .run
            .as_deref()
            .is_some_and(|run| run.takes(key, acknowledged) && is_author(publisher, &run.author));
        if !continues {
            self.finish_run();
            if self.channels[key].receivers.is_empty() && !self.is_kept(key) {
                let passed = Passed { count: 1, bytes: publish.payload.len() as u64 };
                self.channels[key].received.note(passed, 1);
                self.stats.discarded += 1;
                return;
            }
            let author = self.author(publisher);
            self.begin_run(key, author, Origin::Own, acknowledged);
        }
        self.push_to_run(publish.payload);
    }

    fn author(&self, publisher: Publisher<'_>) -> Author {
        Author {
            from: publisher.connection,
            publisher: self.source(publisher.connection),
            at: self.now.unix_ms,
            logical: self.clocks.logical(),
            server: None,
            on_behalf_of: publisher.on_behalf_of.map(Arc::from),
        }
    }

    fn new_run(
        &mut self,
        key: ChannelKey,
        author: Author,
        origin: Origin,
        (acknowledged, is_live): (bool, bool),
    ) -> Run<E> {
        let replication = self.settings.replication;
        let next = MessageId { origin: replication.origin, sequence: self.replication.last + 1 };
        let (first, is_passed_on) = match origin {
            Origin::Own => (next, true),
            Origin::Relayed(first) => (first, false),
            Origin::Local => (MessageId::default(), false),
        };
        let is_for_nodes = is_live && origin == Origin::Own && self.settings.has_bus;
        let observers = is_passed_on.then(|| self.replication.formats(replication.format));
        let (channel, about) = ((key, &*self.channels[key]), (author, origin, first));
        let buffers = &mut self.run_buffers;
        let mut run = Run::new(&self.encoder, channel, about, acknowledged, observers, buffers);
        if is_for_nodes {
            run.keep_for_nodes();
        }
        run
    }

    /// Begins the run that gathers.
    pub(super) fn begin_run(
        &mut self,
        key: ChannelKey,
        author: Author,
        origin: Origin,
        acknowledged: bool,
    ) {
        self.run = Some(Box::new(self.new_run(key, author, origin, (acknowledged, true))));
    }

    /// Adds a message to the run that gathers.
    #[inline]
    pub(super) fn push_to_run(&mut self, payload: &[u8]) {
        let Some(run) = &mut self.run else { return };
        let mark = match run.acknowledged {
            true => Mark::Acknowledged(self.live_ids.next_id()),
            false => Mark::Plain,
        };
        run.push(&self.encoder, payload, mark);
    }

    /// Makes a run of a committed page and ends it; returns its frames.
    pub(super) fn encode_page(&mut self, page: &CommittedPage<'_>) -> RunFrames {
        let author = Author {
            from: None,
            publisher: page.publisher.clone(),
            at: page.at,
            // Not of the moment when it was taken in: others were routed since.
            logical: self.clocks.logical(),
            server: None,
            on_behalf_of: None,
        };
        let mut run = self.new_run(page.channel, author, page.origin, (true, page.place.is_none()));
        for (index, payload) in page.payloads.iter().enumerate() {
            let id = match page.place {
                Some((log, first)) => PacketId::Stored(log, first + index as u64),
                None => self.live_ids.next_id(),
            };
            run.push(&self.encoder, payload, Mark::Acknowledged(id));
        }
        let (_, frames) = self.end_run(run);
        frames
    }

    /// Ends a run: gives it to observers and to the channel's history, and returns who it is from
    /// and its frames.
    fn end_run(&mut self, run: Run<E>) -> (Author, RunFrames) {
        let (finished, frames) = run.finish(&mut self.run_buffers, self.outputs.tally());
        // Each server tells what happens there.
        let is_event = is_event_channel(self.channels[finished.channel].name.as_str());
        if finished.origin == Origin::Own && !is_event {
            self.pass_on(&finished, &frames);
        }
        if finished.is_for_nodes {
            self.relay_to_nodes(&finished);
        }
        let FinishedRun { channel, author, origin, first, acknowledged, last, missed, .. } =
            finished;
        if let Some(missed) = missed.filter(|_| self.has_absent(channel)) {
            let about = About {
                channel: self.channels[channel].name.clone(),
                publisher: author.publisher.clone(),
                server: author.server.clone(),
                on_behalf_of: author.on_behalf_of.clone(),
                origin: first.origin,
                acknowledged,
            };
            let missed = Missed::new(about, author.at, first.sequence, missed.slices());
            self.keep_for_absent(channel, &missed);
        }
        let mut is_first_kept = true;
        for (place, payload) in last.finish() {
            let id = MessageId { sequence: first.sequence + place, ..first };
            if is_first_kept && place > 0 {
                let before = MessageId { sequence: id.sequence - 1, ..id };
                self.skip_history(channel, (author.logical, before));
            }
            is_first_kept = false;
            if origin == Origin::Own || !self.is_remembered(channel, id) {
                self.remember(channel, &author.source(id), payload);
            }
        }
        (author, frames)
    }

    /// Sends the gathered run to all its receivers.
    pub(super) fn finish_run(&mut self) {
        let Some(run) = self.run.take() else { return };
        let (key, count, acknowledged) = (run.channel, run.count, run.acknowledged);
        let passed = run.passed();
        let (author, frames) = self.end_run(*run);
        let excluded = author.from.filter(|&from| !self.has_echo(from, key));
        let mut overdue = Vec::new();
        let channel = &self.channels[key];
        for (connection, receiver) in channel.receivers.iter() {
            if Some(connection) == excluded {
                continue;
            }
            let (frames, frame_count) = frames.of(receiver.format);
            let (to, tally) = ((connection, receiver), self.outputs.tally());
            let frames = self.outgoing.frames_for(&self.encoder, tally, to, frames);
            let droppable = !(acknowledged && receiver.acknowledges);
            let delivery = Delivery { connection, frames, count: frame_count, droppable };
            self.outputs.deliver(count, delivery);
            let limit = self.settings.unacknowledged_max;
            if acknowledged && let Err(reason) = self.connections[connection].owe(count, limit) {
                overdue.push((connection, reason));
            }
        }
        let is_unheard = channel.receivers.is_empty() && channel.absent.is_empty();
        let left_out = excluded.is_some_and(|excluded| channel.receivers.contains(excluded));
        let sent_times = channel.receivers.len() as u64 - u64::from(left_out);
        let channel = &mut self.channels[key];
        channel.received.note(passed, 1);
        channel.sent.note(passed, sent_times);
        for (connection, reason) in overdue {
            self.close(connection, reason);
        }
        if is_unheard {
            self.stats.discarded += u64::from(count);
            self.drop_if_idle(key);
        } else {
            self.stats.routed += u64::from(count);
        }
    }
}

/// Says whether an author is a publisher on this server.
fn is_author(publisher: Publisher<'_>, author: &Author) -> bool {
    author.from == publisher.connection
        && author.server.is_none()
        && author.on_behalf_of.as_deref() == publisher.on_behalf_of
}
