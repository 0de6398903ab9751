//! One connection's task: read, decode, give to the broker; write what nobody else could.
//!
//! Nothing here is held while the connection is idle: reads go into a buffer of the thread, and
//! only an incomplete frame is kept. Read [`Connection::poll`] first.

use std::{
    cell::RefCell,
    io,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use rialto_broker::ConnectionKey;
use rialto_domain::CloseReason;
use rialto_net::WebSocketReader;
use rialto_session::{Dialect, Framer as _, close_code, close_text};
use tokio::time::{sleep, timeout};

use crate::{
    allowance::Allowance,
    answers::{Borrower, Room},
    authorizer::Caller,
    connection_limits::ConnectionLimits,
    connection_writer::{ConnectionWriter, DirtyWriters},
    hangup::HangUp,
    hub::Hub,
    parked::{Cause, ParkedPackets},
    pipeline::{PacketPipeline, Uncommitted},
    read_pause::{self, Paused, ReadPause, Release},
    transport::Transport,
};

/// Bytes one read takes at most.
const READ_BYTES_MAX: usize = 256 << 10;
/// Reads of one turn of the task, so that a busy connection lets others have theirs.
const READS_PER_TURN_MAX: usize = 4;
/// How often a turn goes on with what had to wait.
const RESUMES_PER_TURN_MAX: usize = 4;
/// Bytes of its answers that a connection may leave unread before it is read no further.
const UNREAD_BYTES_MAX: usize = 64 << 10;
/// How long a connection that is to end may take to be written out.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

thread_local! {
    /// One buffer for all the connections a thread serves.
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES_MAX]);
}

/// How a connection's bytes become frames.
pub(crate) enum Incoming<F> {
    /// As the dialect has it.
    Stream(F),
    WebSocket(Box<WebSocketReader>),
}

/// One connection, from the handshake to its end, in the dialect of its session.
pub(crate) struct Connection<D: Dialect> {
    pub(crate) hub: Arc<Hub>,
    pub(crate) writer: Arc<ConnectionWriter>,
    pub(crate) key: ConnectionKey,
    pub(crate) caller: Arc<Caller>,
    pub(crate) transport: Transport,
    pub(crate) incoming: Incoming<D::Framer>,
    pub(crate) session: D,
    pub(crate) limits: Arc<ConnectionLimits>,
    /// Why it is read no further for the moment.
    pub(crate) pause: Option<Box<ReadPause>>,
}

impl<D: Dialect> Connection<D> {
    /// Serves the connection until it ends; `early` was read with the handshake.
    pub(crate) async fn run(mut self: Box<Self>, early: Vec<u8>) {
        std::future::poll_fn(|context| {
            self.on_bytes(&early, context);
            Poll::Ready(())
        })
        .await;
        drop(early);
        let reason = std::future::poll_fn(|context| self.poll(context)).await;
        let lost = self.hub.round(|broker| {
            broker.disconnect(self.key);
            self.session.lost_client(broker)
        });
        if let Some(client) = lost {
            tracing::info!(%client, "client lost");
        }
        // The end needs more state than the life: boxed, so that idle connections do not carry it.
        Box::pin(self.end(reason)).await;
    }

    /// Takes a turn; ready with the reason when the connection is to end.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<CloseReason> {
        self.writer.register(context.waker());
        for _ in 0..READS_PER_TURN_MAX {
            let written = self.transport.poll_write(&self.writer, context);
            if let Poll::Ready(Err(error)) = written {
                tracing::debug!(%error, "write failed");
                return Poll::Ready(CloseReason::Ended);
            }
            if let Some(reason) = self.writer.closing() {
                return Poll::Ready(reason);
            }
            if self.poll_pause(context).is_pending() {
                return self.poll_hang_up(context);
            }
            let read = SCRATCH.with_borrow_mut(|scratch| {
                let read = self.transport.poll_read(&self.writer, context, scratch);
                read.map_ok(|count| {
                    self.on_bytes(&scratch[..count], context);
                    count
                })
            });
            match ready!(read) {
                Ok(0) => return Poll::Ready(CloseReason::Ended),
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!(%error, "read failed");
                    return Poll::Ready(CloseReason::Ended);
                }
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Ready when the connection may be read.
    fn poll_pause(&mut self, context: &mut Context<'_>) -> Poll<()> {
        for _ in 0..RESUMES_PER_TURN_MAX {
            let Some(pause) = self.pause.as_deref_mut() else { return Poll::Ready(()) };
            let paused = Paused { hub: &self.hub, writer: &self.writer, key: self.key };
            let release = ready!(pause.poll(&paused, context));
            let waiting = self.pause.take().and_then(|pause| pause.into_waiting());
            if let Some(waiting) = waiting {
                let Release { verdict, room } = release;
                self.take_in(context, room, |pipeline, _, _| pipeline.resume(waiting, verdict));
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Ready when the peer has gone while it waits for a decision that is of no use to anybody else.
    fn poll_hang_up(&mut self, context: &mut Context<'_>) -> Poll<CloseReason> {
        match self.pause.as_deref_mut() {
            Some(ReadPause::Decision(waiting, hang_up)) if waiting.is_for_peer_only() => {
                ready!(hang_up.poll(&self.transport, &self.writer, context));
                Poll::Ready(CloseReason::Ended)
            }
            _ => Poll::Pending,
        }
    }

    /// Takes what was read, whatever it holds.
    fn on_bytes(&mut self, input: &[u8], context: &mut Context<'_>) {
        self.caller.entrance.traffic.note_read(input.len());
        let mut is_taken_for_another = false;
        self.take_in(context, None, |pipeline, incoming, transport| {
            pipeline.read_bytes = input.len();
            match incoming {
                Incoming::Stream(framer) => {
                    let frames = framer.push(input);
                    let waiting = match transport.pacer() {
                        None => pipeline.take_frames(frames),
                        Some(pacer) => pipeline.take_frames(frames.inspect(|frame| {
                            let is_paced = frame.as_ref().is_ok_and(|frame| pacer.hear(frame));
                            is_taken_for_another |= !is_paced;
                        })),
                    };
                    framer.release();
                    waiting
                }
                Incoming::WebSocket(reader) => pipeline.take_websocket(reader, input),
            }
        });
        if is_taken_for_another {
            self.lift_pacing();
        }
    }

    /// Goes on with a peer that was taken for another as with everybody.
    fn lift_pacing(&mut self) {
        tracing::debug!(address = %self.caller.address, "paced no longer: it is another client");
        self.transport.lift();
        self.hub.round(|broker| broker.widen(self.key));
    }

    /// Takes packets in, writes what they lead to, and holds the connection where it has to wait.
    /// `room` for a large answer was waited for.
    fn take_in(
        &mut self,
        context: &mut Context<'_>,
        room: Option<Room>,
        take: impl FnOnce(
            &mut PacketPipeline<'_, '_, D>,
            &mut Incoming<D::Framer>,
            &mut Transport,
        ) -> Option<ParkedPackets>,
    ) {
        let Connection { hub, writer, key, caller, incoming, transport, session, limits, .. } =
            self;
        let mut pipeline = PacketPipeline {
            asked: hub.authorizer.asked(),
            allowance: Allowance::new(&hub.answers, room),
            hub,
            session,
            key: *key,
            caller,
            writer,
            limits,
            is_websocket: matches!(incoming, Incoming::WebSocket(_)),
            dirty: DirtyWriters::default(),
            uncommitted: Uncommitted::default(),
            read_bytes: 0,
            taken_count: 0,
            context,
        };
        let mut waiting = take(&mut pipeline, incoming, transport);
        if let Some(waiting) = &mut waiting {
            waiting.counted = Some(hub.memory.count_parked(waiting.frames.memory()));
        }
        let mut behind = Vec::new();
        pipeline.dirty.flush_for_publisher(&mut behind);
        pipeline.hub.note_written(&mut pipeline.dirty);
        let PacketPipeline { uncommitted, allowance, read_bytes, taken_count, .. } = pipeline;
        caller.entrance.traffic.note_taken(taken_count);
        let is_owed = allowance.is_owed() || uncommitted.is_due;
        let lease =
            allowance.into_room().map(|room| hub.answers.lend(room, Borrower::Client(*key)));
        let unread_bytes = writer.end_turn(lease, read_bytes);
        let stall_max = limits.publisher_stall_max;
        self.pause = match waiting {
            Some(waiting @ ParkedPackets { cause: Cause::Decision(_), .. }) => {
                Some(ReadPause::Decision(waiting, HangUp::default()))
            }
            None if !is_owed && unread_bytes <= UNREAD_BYTES_MAX => {
                if !behind.is_empty() && !stall_max.is_zero() {
                    Some(read_pause::for_receivers(behind, stall_max))
                } else if uncommitted.is_above(1) {
                    Some(ReadPause::Store)
                } else {
                    hub.memory.is_pressed().then(ReadPause::for_memory)
                }
            }
            waiting => {
                // It is not silent while it is not read.
                hub.round(|broker| broker.hold(*key));
                Some(ReadPause::answers(waiting, is_owed, limits.unread_max))
            }
        }
        .map(Box::new);
    }

    /// Says goodbye in the way the carrier has, and lets the peer read it.
    async fn end(&mut self, reason: CloseReason) {
        let frames = match &mut self.incoming {
            Incoming::WebSocket(reader) => {
                reader.close_frame(close_code(reason), &close_text(reason))
            }
            Incoming::Stream(_) => self.session.close_packet(reason).unwrap_or_default(),
        };
        if matches!(reason, CloseReason::SlowConsumer { .. }) {
            // It would not read the goodbye either.
            return;
        }
        if let Some(pacer) = self.transport.pacer() {
            pacer.part();
        }
        // The socket reads on for a while when it is dropped, so that this is not lost to a reset.
        _ = timeout(CLOSE_WITHIN, self.write_out(frames)).await;
    }

    async fn write_out(&mut self, frames: Vec<u8>) -> io::Result<()> {
        self.writer.push_last(Bytes::from(frames));
        loop {
            self.writer.flush();
            std::future::poll_fn(|context| {
                self.writer.register(context.waker());
                self.transport.poll_write(&self.writer, context)
            })
            .await?;
            if self.writer.is_empty() {
                break;
            }
            // Another task is writing at this moment.
            sleep(Duration::from_millis(1)).await;
        }
        std::future::poll_fn(|context| self.transport.poll_shutdown(&self.writer, context)).await
    }
}

/// However the task ends, a panic included, the broker forgets the connection.
impl<D: Dialect> Drop for Connection<D> {
    fn drop(&mut self) {
        self.caller.entrance.traffic.note_closed();
        self.hub.forget(self.key);
    }
}
