//! The first bytes that come over a connection, kept to tell who answers when no broker does.

#[cfg(any(feature = "tls", feature = "websocket"))]
mod words;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::error::Met;
use crate::stranger::{Verdict, judge};

/// Bytes that are kept: a last word of a broker, with room.
const BYTES_MAX: usize = 1_024;

/// What came first, shared by the connection and whoever asks when it fails.
#[derive(Debug, Clone, Default)]
pub(crate) struct Opening {
    said: Arc<Mutex<Vec<u8>>>,
}

impl Opening {
    /// Keeps `bytes`, as far as there is room; returns whether there is more.
    fn add(&self, bytes: &[u8]) -> bool {
        let mut said = self.said.lock();
        let room = BYTES_MAX - said.len();
        said.extend_from_slice(&bytes[..bytes.len().min(room)]);
        said.len() < BYTES_MAX
    }

    /// Returns what came first.
    pub(crate) fn said(&self) -> Vec<u8> {
        self.said.lock().clone()
    }

    /// Returns whether nothing at all came.
    pub(crate) fn is_empty(&self) -> bool {
        self.said.lock().is_empty()
    }
}

/// A byte stream whose first bytes are kept.
pub(super) struct Tap<S> {
    stream: S,
    opening: Opening,
    /// Whether packets must come: whoever says something else is not listened to any further.
    wants_packets: bool,
    /// Whether what comes is of no interest any more.
    is_settled: bool,
}

impl<S> Tap<S> {
    pub(super) fn new(stream: S, opening: Opening, wants_packets: bool) -> Self {
        Tap { stream, opening, wants_packets, is_settled: false }
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.is_settled = !self.opening.add(bytes);
        if !self.wants_packets {
            return Ok(());
        }
        match judge(&self.opening.said.lock(), bytes.is_empty()) {
            Verdict::Open => Ok(()),
            Verdict::Packet => {
                self.is_settled = true;
                Ok(())
            }
            Verdict::Stranger(stranger) => Err(io::Error::other(Met(stranger))),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let taken = if self.is_settled { Ok(()) } else { self.take(&buffer.filled()[before..]) };
        if taken.is_err() {
            buffer.set_filled(before);
        }
        Poll::Ready(taken)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
