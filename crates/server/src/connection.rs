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
use rialto_application::Peer;
use rialto_broker::{CloseReason, ConnectionKey};
use tokio::time::{Instant, Sleep, sleep, sleep_until, timeout};

use crate::{
    doorkeeper::Verdict,
    hub::{Hub, Touched},
    intake::{Backlog, Intake, Waiting, too_large, unframed},
    link::Link,
    outlet::Outlet,
    speech::{Diagnostics, Framing, Speech},
};

/// Bytes one read takes at most.
const READ_BYTES_MAX: usize = 256 << 10;
/// Reads of one turn of the task, so that a busy connection lets others have theirs.
const READS_PER_TURN_MAX: usize = 4;
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
    /// How long one may take to say what it speaks.
    pub(crate) greeting_timeout: Duration,
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
    pub(crate) peer: Arc<Peer>,
    pub(crate) link: Link,
    pub(crate) framing: Framing,
    pub(crate) speech: Speech,
    pub(crate) limits: Arc<ConnectionLimits>,
    /// Why it is read no further for the moment.
    pub(crate) hold: Option<Box<Hold>>,
}

/// What a connection waits for before it is read again.
pub(crate) enum Hold {
    /// Somebody who decides on what it sent.
    Decision(Waiting),
    /// Receivers that are behind, and until when they are waited for.
    Receivers(Vec<Arc<Outlet>>, Pin<Box<Sleep>>),
    /// The store, which has enough of its messages.
    Store,
}

impl Connection {
    /// Serves the connection until it ends; `early` was read with the greeting.
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
    fn poll_hold(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while let Some(hold) = self.hold.as_deref_mut() {
            match hold {
                Hold::Decision(waiting) => {
                    let verdict = ready!(waiting.decision.poll(context));
                    self.resume(&verdict, context);
                    continue;
                }
                Hold::Receivers(behind, until) => {
                    behind.retain(|outlet| outlet.must_wait_for(Some(context.waker())));
                    if !behind.is_empty() {
                        ready!(until.as_mut().poll(context));
                        for outlet in behind {
                            outlet.give_up_waiting();
                        }
                    }
                }
                Hold::Store => {
                    self.outlet.wake_after_flush();
                    if self.hub.round(|broker| Backlog::of(broker, self.key)).is_above(2) {
                        return Poll::Pending;
                    }
                }
            }
            self.hold = None;
        }
        Poll::Ready(())
    }

    /// Goes on with what waited for a decision.
    fn resume(&mut self, verdict: &Verdict, context: &mut Context<'_>) {
        let Some(Hold::Decision(waiting)) = self.hold.take().map(|hold| *hold) else { return };
        let outlet = self.outlet.clone();
        self.take_in(context, |intake, _| intake.resume(waiting, verdict, &outlet));
    }

    /// Takes what was read, whatever it holds.
    fn on_bytes(&mut self, input: &[u8], context: &mut Context<'_>) {
        let outlet = self.outlet.clone();
        self.take_in(context, |intake, framing| match framing {
            Framing::Terminated(splitter) => {
                let waiting = intake.take_frames(splitter.push(input), too_large);
                splitter.release();
                waiting
            }
            Framing::Counted(splitter) => {
                let waiting = intake.take_frames(splitter.push(input), unframed);
                splitter.release();
                waiting
            }
            Framing::Marked(splitter) => {
                let frames = splitter.push(input).map(Ok);
                let waiting = intake.take_frames(frames, |never: Infallible| match never {});
                splitter.release();
                waiting
            }
            Framing::WebSocket(reader) => intake.take_websocket(reader, input, &outlet),
        });
    }

    /// Takes packets in, writes what they lead to, and holds the connection where it has to wait.
    fn take_in(
        &mut self,
        context: &mut Context<'_>,
        take: impl FnOnce(&mut Intake<'_, '_>, &mut Framing) -> Option<Waiting>,
    ) {
        let Connection { hub, key, peer, framing, speech, limits, .. } = self;
        let mut intake = Intake {
            asked: hub.doorkeeper.asked(),
            hub,
            speech,
            key: *key,
            peer,
            limits,
            is_websocket: matches!(framing, Framing::WebSocket(_)),
            touched: Touched::default(),
            backlog: Backlog::default(),
            context,
        };
        let waiting = take(&mut intake, framing);
        let backlog = intake.backlog;
        let mut behind = Vec::new();
        intake.touched.flush_for_publisher(&mut behind);
        let stall_max = self.limits.publisher_stall_max;
        self.hold = if let Some(waiting) = waiting {
            Some(Box::new(Hold::Decision(waiting)))
        } else if !behind.is_empty() && !stall_max.is_zero() {
            let until = Box::pin(sleep_until(Instant::now() + stall_max));
            Some(Box::new(Hold::Receivers(behind, until)))
        } else if backlog.is_above(1) {
            Some(Box::new(Hold::Store))
        } else {
            None
        };
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
