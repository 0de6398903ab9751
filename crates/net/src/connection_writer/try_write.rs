//! Writing without waiting.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    task::{Context, Poll},
};

use crate::{
    outbox::{Frames, Written},
    socket::Socket,
};

/// Frames given to one vectored write.
const SLICE_COUNT_MAX: usize = 64;

/// A stream that can be written to without waiting.
pub trait TryWrite {
    /// Writes as much as goes at once.
    ///
    /// # Errors
    /// `WouldBlock` where nothing does, and whatever breaks the stream.
    fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Ready once something can be written.
    ///
    /// # Errors
    /// Whatever breaks the stream.
    fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;
}

impl TryWrite for Socket {
    #[inline]
    fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        (**self).try_write_vectored(slices)
    }

    #[inline]
    fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        (**self).poll_write_ready(context)
    }
}

/// How far a flush came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flushed {
    All,
    Blocked,
}

/// Writes without waiting; returns how far it came and how much went.
pub(super) fn write_all_now(
    socket: &impl TryWrite,
    frames: &mut VecDeque<Frames>,
) -> (io::Result<Flushed>, Written) {
    let mut written = Written::default();
    while !frames.is_empty() {
        let result = {
            let mut slices = [IoSlice::new(&[]); SLICE_COUNT_MAX];
            let count = frames.len().min(SLICE_COUNT_MAX);
            for (slice, frame) in slices.iter_mut().zip(frames.iter()) {
                *slice = IoSlice::new(&frame.bytes);
            }
            socket.try_write_vectored(&slices[..count])
        };
        match result {
            Ok(bytes) => written.advance(frames, bytes),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return (Ok(Flushed::Blocked), written);
            }
            Err(error) => return (Err(error), written),
        }
    }
    (Ok(Flushed::All), written)
}
