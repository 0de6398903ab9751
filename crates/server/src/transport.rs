//! How a connection's bytes get out and in, for each kind of stream.
//!
//! A plain socket lives in the [`ConnectionWriter`], where everybody may write to it. A stream of TLS
//! is owned by the connection's task, which takes the frames out of the writer and writes them itself;
//! so does the task of a connection that is paced, whatever the stream.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use rialto_net::{Frames, Socket, Stream, Written};
use tokio::{
    io::{AsyncRead as _, AsyncWrite as _, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

use crate::{
    connection_writer::ConnectionWriter,
    pacer::{self, Pacer, Unit},
};

/// The stream of one connection as its task sees it.
pub(crate) enum Transport {
    /// The writer has the socket, and everybody writes to it.
    Shared,
    /// Only the task writes.
    Owned(Box<OwnedStream>),
}

/// A stream only the connection's task writes to.
pub(crate) struct OwnedStream {
    /// None where the writer has the socket.
    tls: Option<Box<TlsStream<Socket>>>,
    /// Taken out of the writer and not written yet.
    sending: VecDeque<Frames>,
    /// Taken out of `sending`, and being written.
    unit: Option<Unit>,
    /// How many bytes of the unit are written.
    written: usize,
    pacer: Option<Pacer>,
}

impl OwnedStream {
    /// Takes a stream of TLS, or writes to the writer's socket.
    fn new(tls: Option<Box<TlsStream<Socket>>>, pacer: Option<Pacer>) -> Box<Self> {
        Box::new(OwnedStream { tls, sending: VecDeque::new(), unit: None, written: 0, pacer })
    }

    /// Writes all that waits, in units where it is paced.
    fn poll_write(
        &mut self,
        writer: &ConnectionWriter,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_write_unit(writer, context))?;
            if let Some(pacer) = &mut self.pacer {
                ready!(pacer.poll_turn(plain_socket(writer), context));
            }
            if self.sending.is_empty() {
                // What came during the pause goes with it.
                self.sending = writer.take();
            }
            let Some(first) = self.sending.pop_front() else {
                return self.poll_flush(context);
            };
            self.unit = Some(match &self.pacer {
                Some(pacer) => {
                    self.sending.push_front(first);
                    pacer.next_unit(&mut self.sending)
                }
                None => Unit {
                    frame_bytes: first.bytes.len(),
                    bytes: first.bytes,
                    deliveries: first.deliveries,
                    packets: first.packets,
                },
            });
        }
    }

    /// Ready when the unit that was begun is written.
    fn poll_write_unit(
        &mut self,
        writer: &ConnectionWriter,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let Some(unit) = &mut self.unit else { return Poll::Ready(Ok(())) };
        while self.written < unit.bytes.len() {
            let bytes = &unit.bytes[self.written..];
            let written = ready!(poll_some(&mut self.tls, writer, context, bytes))?;
            // What fills a unit up was never in the outbox.
            let counted =
                unit.frame_bytes.min(self.written + written) - unit.frame_bytes.min(self.written);
            self.written += written;
            let is_whole = self.written == unit.bytes.len();
            let (packets, deliveries) = if is_whole {
                (u64::from(unit.packets), u64::from(unit.deliveries))
            } else {
                (0, 0)
            };
            writer.put_back(VecDeque::new(), Written { bytes: counted, packets, deliveries });
        }
        if let Some(pacer) = &mut self.pacer {
            if let Some(stream) = &mut self.tls {
                ready!(Pin::new(stream).poll_flush(context))?;
            }
            pacer.note_written(unit);
        }
        (self.unit, self.written) = (None, 0);
        Poll::Ready(Ok(()))
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.tls {
            Some(stream) => Pin::new(stream).poll_flush(context),
            None => Poll::Ready(Ok(())),
        }
    }
}

/// Writes some bytes to the stream, or to the writer's socket.
fn poll_some(
    tls: &mut Option<Box<TlsStream<Socket>>>,
    writer: &ConnectionWriter,
    context: &mut Context<'_>,
    bytes: &[u8],
) -> Poll<io::Result<usize>> {
    match (tls, plain_socket(writer)) {
        (Some(stream), _) => Pin::new(stream).poll_write(context, bytes),
        (None, Some(socket)) => loop {
            ready!(socket.poll_write_ready(context))?;
            match socket.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        },
        (None, None) => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
    }
}

/// Returns the plain socket, where the writer has it.
fn plain_socket(writer: &ConnectionWriter) -> Option<&TcpStream> {
    writer.socket().map(|socket| &**socket)
}

/// Reads some bytes from the writer's socket.
fn poll_read_plain(
    socket: Option<&TcpStream>,
    context: &mut Context<'_>,
    buffer: &mut [u8],
) -> Poll<io::Result<usize>> {
    let Some(socket) = socket else { return Poll::Ready(Ok(0)) };
    loop {
        ready!(socket.poll_read_ready(context))?;
        match socket.try_read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            result => return Poll::Ready(result),
        }
    }
}

impl Transport {
    /// Makes the transport of a stream, and the socket of its writer where that has it.
    pub(crate) fn new(stream: Stream, pacer: Option<Pacer>) -> (Self, Option<Socket>) {
        match stream {
            Stream::Plain(socket) if pacer.is_none() => (Transport::Shared, Some(socket)),
            Stream::Plain(socket) => {
                if let Err(error) = pacer::watch_sending(&socket, true) {
                    tracing::debug!(%error, "a paced socket cannot tell whether it has sent");
                }
                (Transport::Owned(OwnedStream::new(None, pacer)), Some(socket))
            }
            Stream::Tls(stream) => (Transport::Owned(OwnedStream::new(Some(stream), pacer)), None),
        }
    }

    /// Returns what paces it.
    pub(crate) fn pacer(&mut self) -> Option<&mut Pacer> {
        match self {
            Transport::Shared => None,
            Transport::Owned(transport) => transport.pacer.as_mut(),
        }
    }

    /// Paces it no longer: what waits goes out at once.
    pub(crate) fn lift(&mut self) {
        if let Transport::Owned(transport) = self {
            transport.pacer = None;
        }
    }

    /// Returns the socket beneath, and whether TLS is spoken on it.
    pub(crate) fn socket<'a>(
        &'a self,
        writer: &'a ConnectionWriter,
    ) -> (Option<&'a TcpStream>, bool) {
        match self {
            Transport::Shared => (plain_socket(writer), false),
            Transport::Owned(transport) => match &transport.tls {
                None => (plain_socket(writer), false),
                Some(stream) => (Some(&**stream.get_ref().0), true),
            },
        }
    }

    /// Writes what waits; ready when nothing does any more.
    pub(crate) fn poll_write(
        &mut self,
        writer: &ConnectionWriter,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let Transport::Owned(transport) = self else {
            return writer.poll_flush_plain(context);
        };
        ready!(transport.poll_write(writer, context))?;
        if let (None, Some(socket)) = (&transport.pacer, plain_socket(writer)) {
            // Paced until now: from here on it is as any other.
            _ = pacer::watch_sending(socket, false);
            *self = Transport::Shared;
            writer.share();
        }
        Poll::Ready(Ok(()))
    }

    /// Reads into `buffer`; 0 bytes mean that the peer has ended its stream.
    pub(crate) fn poll_read(
        &mut self,
        writer: &ConnectionWriter,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if let Transport::Owned(transport) = self
            && let Some(stream) = &mut transport.tls
        {
            let mut buffer = ReadBuf::new(buffer);
            ready!(Pin::new(stream).poll_read(context, &mut buffer))?;
            return Poll::Ready(Ok(buffer.filled().len()));
        }
        poll_read_plain(plain_socket(writer), context, buffer)
    }

    /// Ends the sending direction.
    pub(crate) fn poll_shutdown(
        &mut self,
        writer: &ConnectionWriter,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if let Transport::Owned(transport) = self
            && let Some(stream) = &mut transport.tls
        {
            return Pin::new(stream).poll_shutdown(context);
        }
        Poll::Ready(plain_socket(writer).map_or(Ok(()), |socket| {
            socket2::SockRef::from(socket).shutdown(std::net::Shutdown::Write)
        }))
    }
}
