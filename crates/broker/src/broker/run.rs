//! Runs: messages of one author to one channel that are sent to the receivers as one.

use std::sync::Arc;

use rialto_domain::{MessageId, PacketId, Qos};

use crate::{
    ChannelKey, Encoder, Mark, ReplicationSettings,
    inbox::{About, Missed},
    output::Delivery,
    run::{Author, FinishedRun, Run, RunFrames},
};

use super::{
    Broker,
    message::{Publish, Publisher},
};

/// Messages a run gathers before it is sent on, so that receivers start early.
const RUN_COUNT_MAX: u32 = 1024;

impl<E: Encoder> Broker<E> {
    /// Adds a message to the run that is sent to the receivers as one.
    pub(super) fn gather(
        &mut self,
        key: ChannelKey,
        publisher: Publisher<'_>,
        publish: &Publish<'_>,
    ) {
        let acknowledged = publish.qos == Qos::AtLeastOnce;
        let continues = self.continues_run(key, acknowledged, |run| {
            run.author.from == publisher.connection
                && run.author.server.is_none()
                && run.author.on_behalf_of.as_deref() == publisher.on_behalf_of
        });
        if !continues {
            self.finish_run();
            if self.channels[key].receivers.is_empty() && !self.is_kept(key) {
                self.stats.discarded += 1;
                return;
            }
            let author = self.author(publisher);
            self.begin_run(key, author, acknowledged, None);
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

    /// Says whether the run that gathers takes a message to `key` of an author that `is_same`
    /// accepts.
    pub(super) fn continues_run(
        &self,
        key: ChannelKey,
        acknowledged: bool,
        is_same: impl FnOnce(&Run<E>) -> bool,
    ) -> bool {
        self.run.as_deref().is_some_and(|run| {
            run.channel == key
                && run.acknowledged == acknowledged
                && run.count < RUN_COUNT_MAX
                && is_same(run)
        })
    }

    /// Begins a run: of our own clients', which observers get too, unless it has a name already.
    pub(super) fn new_run(
        &mut self,
        key: ChannelKey,
        author: Author,
        acknowledged: bool,
        id: Option<MessageId>,
    ) -> Run<E> {
        let ReplicationSettings { origin, format, .. } = self.settings.replication;
        let next = MessageId { origin, sequence: self.replication.last + 1 };
        let observers = id.is_none().then(|| self.replication.formats(format));
        let (channel, first) = ((key, &*self.channels[key]), id.unwrap_or(next));
        let buffers = &mut self.run_buffers;
        Run::new(&self.encoder, channel, (author, first), acknowledged, observers, buffers)
    }

    /// Begins a run of our own clients, or of another server's if its messages have a name.
    pub(super) fn begin_run(
        &mut self,
        key: ChannelKey,
        author: Author,
        acknowledged: bool,
        id: Option<MessageId>,
    ) {
        self.run = Some(Box::new(self.new_run(key, author, acknowledged, id)));
    }

    /// Adds a message to the run that gathers.
    pub(super) fn push_to_run(&mut self, payload: &[u8]) {
        let Some(mut run) = self.run.take() else { return };
        let id = if run.acknowledged { Some(self.live_id()) } else { None };
        run.push(&self.encoder, payload, id.map_or(Mark::Plain, Mark::Acknowledged));
        self.run = Some(run);
    }

    /// Ends a run: gives it to observers and to the channel's history, and returns who it is from
    /// and its frames.
    pub(super) fn end_run(&mut self, run: Run<E>) -> (Author, RunFrames) {
        let (finished, frames) = run.finish(&mut self.run_buffers, self.outputs.tally());
        self.pass_on(&finished, &frames);
        let FinishedRun { channel, author, first, is_own, acknowledged, last, missed, .. } =
            finished;
        if let Some(missed) = missed {
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
        for (place, payload) in last.finish() {
            let id = MessageId { sequence: first.sequence + place, ..first };
            if is_own || !self.is_remembered(channel, id) {
                self.remember(channel, &author.source(id), payload);
            }
        }
        (author, frames)
    }

    pub(super) fn live_id(&mut self) -> PacketId {
        self.next_live += 1;
        PacketId::Live(self.next_live)
    }

    /// Sends the gathered run to all its receivers.
    pub(super) fn finish_run(&mut self) {
        let Some(run) = self.run.take() else { return };
        let (key, count, acknowledged) = (run.channel, run.count, run.acknowledged);
        let (author, frames) = self.end_run(*run);
        let excluded = author.from.filter(|&from| !self.has_echo(from, key));
        let mut overdue = Vec::new();
        let channel = &self.channels[key];
        for (connection, receiver) in channel.receivers.iter() {
            if Some(connection) == excluded {
                continue;
            }
            let (frames, frame_count) = frames.of(receiver.format);
            let droppable = !(acknowledged && receiver.acknowledges);
            let delivery = Delivery { connection, frames, count: frame_count, droppable };
            self.outputs.deliver(count, delivery);
            let limit = self.settings.unacknowledged_max;
            if acknowledged && let Err(reason) = self.connections[connection].owe(count, limit) {
                overdue.push((connection, reason));
            }
        }
        let is_unheard = channel.receivers.is_empty() && channel.absent.is_empty();
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
