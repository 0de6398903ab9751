//! JMQT over a byte stream: each packet is ended by NUL.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rialto_wire::jmqt::FrameSplitter;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::incoming::Incoming;

use super::byte_stream::{ByteStream, PACKET_BYTES_MAX, closed_by_broker};
use super::outgoing::Outgoing;

/// Bytes read at once.
const READ_BYTES: usize = 64 << 10;

pub(super) struct Socket {
    stream: Box<dyn ByteStream>,
    splitter: FrameSplitter,
    buffer: Box<[u8]>,
}

impl Socket {
    pub(super) fn new(stream: Box<dyn ByteStream>) -> Self {
        let splitter = FrameSplitter::new(PACKET_BYTES_MAX);
        Socket { stream, splitter, buffer: vec![0; READ_BYTES].into() }
    }

    /// Appends at least one frame.
    pub(super) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        frames: &mut Vec<Incoming>,
    ) -> Poll<io::Result<()>> {
        while frames.is_empty() {
            let mut read = ReadBuf::new(&mut self.buffer);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut read))?;
            if read.filled().is_empty() {
                return Poll::Ready(Err(closed_by_broker()));
            }
            for frame in self.splitter.push(read.filled()) {
                frames.push(Incoming::read(frame.map_err(io::Error::other)?));
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Writes all of `outgoing`, and flushes it.
    pub(super) fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        outgoing: &mut Outgoing,
    ) -> Poll<io::Result<()>> {
        while !outgoing.rest().is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, outgoing.rest()))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            outgoing.advance(written);
        }
        Pin::new(&mut self.stream).poll_flush(context)
    }

    pub(super) async fn shutdown(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }
}
