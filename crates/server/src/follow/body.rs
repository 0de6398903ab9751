//! The body of a follower's answer: it goes on until its reader goes, or the follower is to end.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use hyper::body::Frame;
use rialto_net::Written;
use rialto_session::close_text;
use rialto_wire::follow::{Carrier, put_end, put_heartbeat, put_open};
use tokio::time::{Instant, Sleep, sleep};

use super::follower::Follower;

/// Frames that wait are put together up to so many bytes.
const PIECE_BYTES_MAX: usize = 64 << 10;

/// How long an `EventSource` waits before it connects again, in milliseconds.
const RETRY: &[u8] = b"retry: 1000\n";

/// Returns the body of a follower's answer, which says something at least this often.
pub(crate) fn body(follower: Follower, heartbeat: Duration) -> Body {
    let state = State::Beginning;
    Body::new(Pieces { follower, state, heartbeat, quiet: Box::pin(sleep(heartbeat)) })
}

/// The body, piece by piece, as HTTP has room for them.
struct Pieces {
    follower: Follower,
    state: State,
    heartbeat: Duration,
    /// Ends when nothing was said for so long.
    quiet: Pin<Box<Sleep>>,
}

/// How far the answer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing has been said.
    Beginning,
    Following,
    Ended,
}

impl Pieces {
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        match self.state {
            State::Beginning => {
                self.state = State::Following;
                let carrier = self.follower.carrier;
                let mut first =
                    if carrier == Carrier::Events { RETRY.to_vec() } else { Vec::new() };
                put_open(&mut first, carrier);
                return Poll::Ready(Some(first.into()));
            }
            State::Ended => return Poll::Ready(None),
            State::Following => {}
        }
        if let Some(portion) = self.follower.portion() {
            return Poll::Ready(Some(portion.into()));
        }
        // Before it is looked whether anything waits: what comes afterwards wakes.
        self.follower.writer().register(context.waker());
        if let Some(piece) = self.take() {
            return Poll::Ready(Some(piece));
        }
        let mut last = Vec::new();
        if let Some(reason) = self.follower.writer().closing() {
            self.state = State::Ended;
            put_end(&mut last, self.follower.carrier, &close_text(reason));
            return Poll::Ready(Some(last.into()));
        }
        std::task::ready!(self.quiet.as_mut().poll(context));
        put_heartbeat(&mut last, self.follower.carrier);
        Poll::Ready(Some(last.into()))
    }

    /// Takes out of the outbox what goes next.
    fn take(&self) -> Option<Bytes> {
        let writer = self.follower.writer();
        let mut frames = writer.take();
        let first = frames.pop_front()?;
        let mut written = Written {
            bytes: first.bytes.len(),
            packets: first.packets.into(),
            deliveries: first.deliveries.into(),
        };
        let mut piece = Vec::new();
        while let Some(next) = frames.front()
            && written.bytes + next.bytes.len() <= PIECE_BYTES_MAX
        {
            if piece.is_empty() {
                piece.extend_from_slice(&first.bytes);
            }
            piece.extend_from_slice(&next.bytes);
            written.bytes += next.bytes.len();
            written.packets += u64::from(next.packets);
            written.deliveries += u64::from(next.deliveries);
            frames.pop_front();
        }
        writer.put_back(frames, written);
        Some(if piece.is_empty() { first.bytes } else { piece.into() })
    }
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = std::task::ready!(self.poll_piece(context));
        let next = Instant::now() + self.heartbeat;
        self.quiet.as_mut().reset(next);
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }
}
