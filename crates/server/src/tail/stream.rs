//! The task of a tail: what it has is filtered and sent on, for as long as somebody reads.

use std::{convert::Infallible, pin::Pin, task::Poll, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use hyper::body::Frame;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, MissedTickBehavior, interval_at, sleep},
};

use super::{
    line::Form,
    open::Tail,
    pace::{Count, Pace},
    ring::{Message, Seen, Taken},
};

/// Pause between two looks at what came: how much is filtered in a second is bounded by it and by what a
/// ring holds.
const PAUSE: Duration = Duration::from_millis(20);
/// How often what passed is told, if anything did.
const SECOND: Duration = Duration::from_secs(1);
/// Seconds after which something is said though nothing passed, so that a reader that has gone is
/// noticed, and one that reads knows that nothing passed.
const QUIET_SECONDS_MAX: u32 = 15;

/// Returns the body of an answer that goes on until nobody reads it or the server stops.
pub(crate) fn stream(tail: Tail, form: Form, stopping: watch::Receiver<bool>) -> Body {
    let (out, texts) = mpsc::channel(1);
    let pace = Pace::new(tail.rate);
    tokio::spawn(Pump { tail, form, pace, out, quiet_seconds: 0 }.run(stopping));
    Body::new(Texts(texts))
}

/// Sends on what a tail has.
struct Pump {
    tail: Tail,
    form: Form,
    pace: Pace,
    out: mpsc::Sender<Bytes>,
    /// For how long nothing was said.
    quiet_seconds: u32,
}

/// A body of pieces that come as they are made.
struct Texts(mpsc::Receiver<Bytes>);

impl Pump {
    async fn run(mut self, mut stopping: watch::Receiver<bool>) {
        let mut seconds = interval_at(Instant::now() + SECOND, SECOND);
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Said at once, so that whoever asked knows that the tail has begun.
        let mut text = Vec::new();
        self.form.count(Count::default(), &mut text);
        while self.send(text).await {
            text = tokio::select! {
                () = self.out.closed() => return,
                () = stopped(&mut stopping) => return,
                _ = seconds.tick() => self.count(),
                () = self.tail.ring.wait() => {
                    sleep(PAUSE).await;
                    let taken = self.tail.ring.take();
                    self.look(&taken)
                }
            };
        }
    }

    /// Says whether anybody reads.
    async fn send(&mut self, text: Vec<u8>) -> bool {
        if text.is_empty() {
            return true;
        }
        self.quiet_seconds = 0;
        self.out.send(text.into()).await.is_ok()
    }

    /// Returns what is said of what came.
    fn look(&mut self, taken: &Taken) -> Vec<u8> {
        let mut text = Vec::new();
        self.pace.note(taken);
        for seen in &taken.seen {
            let is_sent = match seen {
                Seen::Message(message) => self.is_wanted(message) && self.pace.is_sent(),
                // Which messages they were is not known, and so not whether they are wanted.
                Seen::Dropped { .. } => self.pace.spend(),
            };
            if is_sent {
                self.form.seen(seen, &mut text);
            }
        }
        if self.tail.filter.is_none() {
            self.pace.note_unseen(taken.muted);
            self.tail.ring.mute(self.pace.is_spent());
        }
        text
    }

    fn is_wanted(&self, message: &Message) -> bool {
        let payload = || message.payload.as_deref();
        self.tail
            .filter
            .as_ref()
            .is_none_or(|it| payload().is_some_and(|payload| it.accepts(payload)))
    }

    /// Begins another second, and returns what is said of the one before.
    fn count(&mut self) -> Vec<u8> {
        let taken = self.tail.ring.take();
        let mut text = self.look(&taken);
        let count = self.pace.begin_second();
        self.tail.ring.mute(false);
        self.quiet_seconds += 1;
        if count != Count::default() || QUIET_SECONDS_MAX <= self.quiet_seconds {
            self.form.count(count, &mut text);
        }
        text
    }
}

/// Waits until the server stops.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    _ = stopping.wait_for(|is_stopping| *is_stopping).await;
}

impl hyper::body::Body for Texts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|text| text.map(|text| Ok(Frame::data(text))))
    }
}
