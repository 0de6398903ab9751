//! One connection's task: read, decode, give to the broker; write what nobody else could.
//!
//! Nothing here is held while the connection is idle: reads go into a buffer of the thread, and
//! only an incomplete frame is kept. Read [`Connection::poll`] first.

use std::{
    cell::RefCell,
    convert::Infallible,
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use rialto_broker::{Broker, CloseReason, ConnectionKey};
use rialto_session::Dialects;
use rialto_wire::{coremq::FrameError, jmqt::FrameTooLong};
use tokio::time::{Instant, Sleep, sleep, sleep_until, timeout};

use crate::{
    hub::{Hub, Touched},
    link::Link,
    outlet::Outlet,
    speech::{Diagnostics, Framing, Said, Speech},
    websocket::WebSocketReader,
};

/// Bytes one read takes at most.
const READ_BYTES_MAX: usize = 256 << 10;
/// Packets decoded before the broker is locked for them; bounds how long it is locked.
const PACKETS_PER_ROUND_MAX: usize = 256;
/// Reads of one turn of the task, so that a busy connection lets others have theirs.
const READS_PER_TURN_MAX: usize = 4;
/// Bytes a publisher may have under way to the store before it is read no further.
const UNCOMMITTED_BYTES_MAX: usize = 4 << 20;
/// Bytes all publishers together may have under way before those that have any wait.
const UNCOMMITTED_BYTES_TOTAL_MAX: usize = 128 << 20;
/// How long a connection that is to end may take to be written out.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);
/// How long the peer may take to end its side, so that what it was sent is not cut off.
const LINGER: Duration = Duration::from_secs(1);

thread_local! {
    /// One buffer for all the connections a thread serves.
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES_MAX]);
}

/// What holds for every connection of a server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectionLimits {
    pub(crate) json_depth_max: usize,
    pub(crate) packet_bytes_max: usize,
    pub(crate) publisher_stall_max: Duration,
    /// How long lost clients may take to come back.
    pub(crate) jmqt_resume_for: Duration,
    pub(crate) pubsubx_resume_for: Duration,
    pub(crate) pubsubx_request_bytes_max: usize,
    pub(crate) pubsubx_diagnostics: Diagnostics,
}

/// One connection, from the greeting to its end.
pub(crate) struct Connection {
    pub(crate) hub: Arc<Hub>,
    pub(crate) outlet: Arc<Outlet>,
    pub(crate) key: ConnectionKey,
    pub(crate) link: Link,
    pub(crate) framing: Framing,
    pub(crate) speech: Speech,
    pub(crate) limits: Arc<ConnectionLimits>,
    /// Why it is read no further for the moment.
    pub(crate) hold: Option<Box<Hold>>,
}

/// What a publisher waits for before it is read again.
pub(crate) enum Hold {
    /// Receivers that are behind, and until when they are waited for.
    Receivers(Vec<Arc<Outlet>>, Pin<Box<Sleep>>),
    /// The store, which has enough of its messages.
    Store,
}

impl Connection {
    /// Serves the connection until it ends; `early` was read with the greeting.
    pub(crate) async fn run(mut self: Box<Self>, early: Vec<u8>) {
        self.on_bytes(&early);
        drop(early);
        let reason = std::future::poll_fn(|context| self.poll(context)).await;
        let lost = self.hub.round(|broker| {
            broker.disconnect(self.key);
            self.speech.lost_client(broker)
        });
        if let Some(client) = lost {
            tracing::info!(%client, "client lost");
        }
        // The end needs more state than the life: boxed, so that idle connections do not carry it.
        Box::pin(self.end(reason)).await;
    }

    /// Takes a turn; ready with the reason when the connection is to end.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<CloseReason> {
        self.outlet.register(context.waker());
        for _ in 0..READS_PER_TURN_MAX {
            let written = self.link.poll_write(&self.outlet, context);
            if let Poll::Ready(Err(error)) = written {
                tracing::debug!(%error, "write failed");
                return Poll::Ready(CloseReason::Ended);
            }
            if let Some(reason) = self.outlet.closing() {
                return Poll::Ready(reason);
            }
            ready!(self.poll_hold(context));
            let read = SCRATCH.with_borrow_mut(|scratch| {
                let read = self.link.poll_read(&self.outlet, context, scratch);
                read.map_ok(|count| {
                    self.on_bytes(&scratch[..count]);
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
    fn poll_hold(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match self.hold.as_deref_mut() {
            None => return Poll::Ready(()),
            Some(Hold::Receivers(behind, until)) => {
                behind.retain(|outlet| outlet.must_wait_for(Some(context.waker())));
                if !behind.is_empty() {
                    ready!(until.as_mut().poll(context));
                    for outlet in behind {
                        outlet.give_up_waiting();
                    }
                }
            }
            Some(Hold::Store) => {
                self.outlet.wake_after_flush();
                if self.hub.round(|broker| Backlog::of(broker, self.key)).is_above(2) {
                    return Poll::Pending;
                }
            }
        }
        self.hold = None;
        Poll::Ready(())
    }

    /// Takes what was read, whatever it holds.
    fn on_bytes(&mut self, input: &[u8]) {
        let Connection { hub, key, framing, speech, limits, .. } = self;
        let mut intake = Intake {
            hub,
            speech,
            key: *key,
            limits,
            touched: Touched::default(),
            backlog: Backlog::default(),
        };
        match framing {
            Framing::Terminated(splitter) => {
                intake.take_frames(splitter.push(input), too_large);
                splitter.release();
            }
            Framing::Counted(splitter) => {
                intake.take_frames(splitter.push(input), unframed);
                splitter.release();
            }
            Framing::Marked(splitter) => {
                intake
                    .take_frames(splitter.push(input).map(Ok), |never: Infallible| match never {});
                splitter.release();
            }
            Framing::WebSocket(reader) => intake.take_websocket(reader, input, &self.outlet),
        }
        let backlog = intake.backlog;
        let mut behind = Vec::new();
        intake.touched.flush_for_publisher(&mut behind);
        let stall_max = self.limits.publisher_stall_max;
        if !behind.is_empty() && !stall_max.is_zero() {
            let until = Box::pin(sleep_until(Instant::now() + stall_max));
            self.hold = Some(Box::new(Hold::Receivers(behind, until)));
        } else if backlog.is_above(1) {
            self.hold = Some(Box::new(Hold::Store));
        }
    }

    /// Says goodbye in the way the carrier has, and lets the peer read it.
    async fn end(&mut self, reason: CloseReason) {
        let last_word = self.speech.last_word(reason);
        let frames = match &mut self.framing {
            Framing::WebSocket(reader) => reader.close_frame(last_word.close_code, &last_word.text),
            _ => last_word.packet.unwrap_or_default(),
        };
        if matches!(reason, CloseReason::SlowConsumer { .. }) {
            // It would not read the goodbye either.
            return;
        }
        let deadline = timeout(CLOSE_WITHIN, self.write_out(frames)).await;
        if matches!(deadline, Ok(Ok(()))) && reason != CloseReason::Ended {
            // Closing with unread bytes would reset the connection and lose what was just sent.
            _ = timeout(LINGER, self.read_to_end()).await;
        }
    }

    async fn write_out(&mut self, frames: Vec<u8>) -> io::Result<()> {
        self.outlet.push_last(Bytes::from(frames));
        loop {
            self.outlet.flush();
            std::future::poll_fn(|context| {
                self.outlet.register(context.waker());
                self.link.poll_write(&self.outlet, context)
            })
            .await?;
            if self.outlet.is_empty() {
                break;
            }
            // Another task is writing at this moment.
            sleep(Duration::from_millis(1)).await;
        }
        std::future::poll_fn(|context| self.link.poll_shutdown(&self.outlet, context)).await
    }

    async fn read_to_end(&mut self) -> io::Result<()> {
        let mut buffer = [0; 1024];
        loop {
            let read = std::future::poll_fn(|context| {
                self.link.poll_read(&self.outlet, context, &mut buffer)
            });
            if pin!(read).await? == 0 {
                return Ok(());
            }
        }
    }
}

/// However the task ends, a panic included, the broker forgets the connection.
impl Drop for Connection {
    fn drop(&mut self) {
        self.hub.forget(self.key);
    }
}

/// What the store has of a connection's messages, and of all, and has not committed yet.
#[derive(Debug, Clone, Copy, Default)]
struct Backlog {
    own_bytes: usize,
    total_bytes: usize,
}

impl Backlog {
    fn of(broker: &Broker<Dialects>, connection: ConnectionKey) -> Self {
        Backlog {
            own_bytes: broker.uncommitted_bytes(connection),
            total_bytes: broker.uncommitted_bytes_total(),
        }
    }

    /// Says whether it is above this part of what it may be.
    fn is_above(self, part: usize) -> bool {
        UNCOMMITTED_BYTES_MAX / part < self.own_bytes
            || (0 < self.own_bytes && UNCOMMITTED_BYTES_TOTAL_MAX / part < self.total_bytes)
    }
}

fn too_large(error: FrameTooLong) -> CloseReason {
    CloseReason::PacketTooLarge { limit: error.limit }
}

fn unframed(error: FrameError) -> CloseReason {
    match error {
        FrameError::TooLong { limit } => CloseReason::PacketTooLarge { limit },
        FrameError::Header => CloseReason::FramingLost,
    }
}

/// One read's way to the broker.
struct Intake<'a> {
    hub: &'a Hub,
    speech: &'a mut Speech,
    key: ConnectionKey,
    limits: &'a ConnectionLimits,
    touched: Touched,
    backlog: Backlog,
}

impl Intake<'_> {
    fn take_frames<'f, E>(
        &mut self,
        frames: impl Iterator<Item = Result<&'f [u8], E>>,
        reason: impl Fn(E) -> CloseReason,
    ) {
        let mut packets = Vec::new();
        let mut end = None;
        for frame in frames {
            match frame {
                Ok(frame) => {
                    packets.push(self.speech.decode_frame(frame, self.limits.json_depth_max));
                }
                Err(error) => end = Some(reason(error)),
            }
            if PACKETS_PER_ROUND_MAX <= packets.len() {
                self.round(&mut packets, None);
            }
        }
        self.round(&mut packets, end);
    }

    fn take_websocket(&mut self, reader: &mut WebSocketReader, input: &[u8], outlet: &Outlet) {
        let messages = reader.push(input);
        let mut packets = Vec::new();
        for text in &messages.texts {
            packets.extend(self.speech.decode_text(text, self.limits.json_depth_max));
            if PACKETS_PER_ROUND_MAX <= packets.len() {
                self.round(&mut packets, None);
            }
        }
        self.round(&mut packets, None);
        // Behind the replies to what came before: nothing may follow a close frame.
        if !messages.answers.is_empty() {
            outlet.push(Bytes::from(messages.answers), false);
            outlet.flush();
        }
        if messages.end.is_some() {
            self.round(&mut packets, messages.end);
        }
    }

    /// Gives packets to the broker; with `end` the connection is closed behind them.
    fn round(&mut self, packets: &mut Vec<Said<'_>>, end: Option<CloseReason>) {
        let Intake { hub, speech, key, touched, .. } = self;
        self.backlog = hub.round_into(touched, |broker| {
            broker.heard(*key);
            for packet in packets.drain(..) {
                speech.say(packet, broker, &hub.gate);
            }
            if let Some(reason) = end {
                broker.close(*key, reason);
            }
            Backlog::of(broker, *key)
        });
    }
}
