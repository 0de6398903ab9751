//! Passing bytes on between a client and a server, until the server has ended or nothing comes for too long.
//!
//! All connections of a thread read through one buffer. A connection has one of its own only while its peer
//! does not take what was read for it, and is not read meanwhile: so it is bounded, and an idle
//! connection has none.

use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

/// Bytes read at a time.
const BUFFER_BYTES: usize = 64 << 10;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; BUFFER_BYTES]);
}

/// How long streams may be silent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Silence {
    /// Both.
    pub(crate) idle_max: Duration,
    /// The server, once its client has ended.
    pub(crate) half_open_max: Duration,
}

/// What came of passing bytes on.
#[derive(Debug)]
pub(crate) struct Passed {
    /// Bytes from the client, and to it.
    pub(crate) bytes: [u64; 2],
    /// Whether the server ended before the client did.
    pub(crate) server_ended_first: bool,
    /// How it ended.
    pub(crate) ended: io::Result<()>,
}

/// One direction.
#[derive(Debug, Default)]
struct Direction {
    /// What the writer has not taken yet.
    waiting: Vec<u8>,
    written: usize,
    bytes: u64,
    state: DirectionState,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum DirectionState {
    #[default]
    Open,
    /// The reader has ended, and the writer is to be told.
    Ending,
    Ended,
}

/// Passes bytes on between `client` and `server` until the server has ended. `note` is told how many were passed on since
/// it was told last, from the client and to it.
pub(crate) async fn relay<C, S>(
    client: &mut C,
    server: &mut S,
    silence: Silence,
    mut note: impl FnMut([u64; 2]),
) -> Passed
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let [mut up, mut down] = [Direction::default(), Direction::default()];
    let mut last = Instant::now();
    let mut timer = std::pin::pin!(sleep_until(last + silence.idle_max));
    let mut server_ended_first = false;
    let ended = poll_fn(|context| {
        let before = (up.bytes, up.state, down.bytes, down.state);
        // Pending or at its end: either way the other direction decides.
        let _ = up.poll(context, client, server)?;
        let down_polled = down.poll(context, server, client)?;
        if before != (up.bytes, up.state, down.bytes, down.state) {
            last = Instant::now();
            note([up.bytes - before.0, down.bytes - before.2]);
            server_ended_first |=
                up.state == DirectionState::Open && down.state != DirectionState::Open;
        }
        // A server that has ended reads no more: what its client says still is for nobody.
        if down_polled.is_ready() {
            return Poll::Ready(Ok(()));
        }
        let is_half_open = up.state == DirectionState::Ended;
        let silent_max = if is_half_open { silence.half_open_max } else { silence.idle_max };
        poll_silence(timer.as_mut(), last + silent_max, context)
    })
    .await;
    Passed { bytes: [up.bytes, down.bytes], server_ended_first, ended }
}

/// Fails once the time is over. The timer is moved only when it has fired, or is to fire earlier: moving it for each
/// read would cost more than the read.
fn poll_silence(
    mut timer: Pin<&mut Sleep>,
    until: Instant,
    context: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    if until < timer.deadline() {
        timer.as_mut().reset(until);
    }
    loop {
        ready!(timer.as_mut().poll(context));
        if until <= Instant::now() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        timer.as_mut().reset(until);
    }
}

impl Direction {
    /// Passes on what there is; ready once the reader has ended and the writer knows.
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        reader: &mut (impl AsyncRead + Unpin),
        writer: &mut (impl AsyncWrite + Unpin),
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_waiting(context, writer))?;
            match self.state {
                DirectionState::Ended => return Poll::Ready(Ok(())),
                DirectionState::Ending => {
                    ready!(Pin::new(&mut *writer).poll_shutdown(context))?;
                    self.state = DirectionState::Ended;
                }
                DirectionState::Open => {
                    let passed = BUFFER
                        .with_borrow_mut(|buffer| self.poll_pass(context, reader, writer, buffer));
                    if ready!(passed)? == 0 {
                        self.state = DirectionState::Ending;
                    }
                }
            }
        }
    }

    /// Writes what waits; pending while some is left.
    fn poll_waiting(
        &mut self,
        context: &mut Context<'_>,
        writer: &mut (impl AsyncWrite + Unpin),
    ) -> Poll<io::Result<()>> {
        while self.written < self.waiting.len() {
            let rest = &self.waiting[self.written..];
            match ready!(Pin::new(&mut *writer).poll_write(context, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => self.written += count,
            }
        }
        (self.waiting, self.written) = (Vec::new(), 0);
        Poll::Ready(Ok(()))
    }

    /// Reads once and writes as much of it as the writer takes; the rest waits. Returns how much was read.
    fn poll_pass(
        &mut self,
        context: &mut Context<'_>,
        reader: &mut (impl AsyncRead + Unpin),
        writer: &mut (impl AsyncWrite + Unpin),
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut read = ReadBuf::new(buffer);
        if Pin::new(reader).poll_read(context, &mut read)?.is_pending() {
            // Inside TLS, what was written may not have left yet; nobody waits for it here.
            let _ = Pin::new(writer).poll_flush(context)?;
            return Poll::Pending;
        }
        let bytes = read.filled();
        self.bytes += bytes.len() as u64;
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let taken = match Pin::new(writer).poll_write(context, bytes)? {
            Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            Poll::Ready(taken) => taken,
            Poll::Pending => 0,
        };
        if taken < bytes.len() {
            self.waiting = bytes[taken..].to_vec();
        }
        Poll::Ready(Ok(bytes.len()))
    }
}

#[cfg(test)]
mod tests;
