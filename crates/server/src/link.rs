//! How a connection's bytes get out and in, for each kind of stream.
//!
//! A plain socket lives in the [`Outlet`], where everybody may write to it. A stream of TLS is owned by
//! the connection's task, which takes the frames out of the outlet and writes them itself; so does the
//! task of a connection that is paced, whatever the stream.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead as _, AsyncWrite as _, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

use crate::{
    outbox::{Frames, Written},
    outlet::Outlet,
    pacer::{self, Pacer, Unit},
    socket::Socket,
    stream::Stream,
};

/// The stream of one connection as its task sees it.
pub(crate) enum Link {
    /// The outlet has the socket, and everybody writes to it.
    Shared,
    /// Only the task writes.
    Owned(Box<OwnedLink>),
}

/// A stream only the connection's task writes to.
pub(crate) struct OwnedLink {
    /// None where the outlet has the socket.
    tls: Option<Box<TlsStream<Socket>>>,
    /// Taken out of the outlet and not written yet.
    sending: VecDeque<Frames>,
    /// Taken out of `sending`, and being written.
    unit: Option<Unit>,
    /// How many bytes of the unit are written.
    written: usize,
    pacer: Option<Pacer>,
}

impl OwnedLink {
    /// Takes a stream of TLS, or writes to the outlet's socket.
    fn new(tls: Option<Box<TlsStream<Socket>>>, pacer: Option<Pacer>) -> Box<Self> {
        Box::new(OwnedLink { tls, sending: VecDeque::new(), unit: None, written: 0, pacer })
    }

    /// Writes all that waits, in units where it is paced.
    fn poll_write(&mut self, outlet: &Outlet, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_write_unit(outlet, context))?;
            if let Some(pacer) = &mut self.pacer {
                ready!(pacer.poll_turn(outlet.socket(), context));
            }
            if self.sending.is_empty() {
                // What came during the pause goes with it.
                self.sending = outlet.take();
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
                },
            });
        }
    }

    /// Ready when the unit that was begun is written.
    fn poll_write_unit(
        &mut self,
        outlet: &Outlet,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let Some(unit) = &mut self.unit else { return Poll::Ready(Ok(())) };
        while self.written < unit.bytes.len() {
            let bytes = &unit.bytes[self.written..];
            let written = ready!(poll_some(&mut self.tls, outlet, context, bytes))?;
            // What fills a unit up was never in the outbox.
            let counted =
                unit.frame_bytes.min(self.written + written) - unit.frame_bytes.min(self.written);
            self.written += written;
            let is_whole = self.written == unit.bytes.len();
            let deliveries = if is_whole { u64::from(unit.deliveries) } else { 0 };
            outlet.put_back(VecDeque::new(), Written { bytes: counted, deliveries });
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

/// Writes some bytes to the stream, or to the outlet's socket.
fn poll_some(
    tls: &mut Option<Box<TlsStream<Socket>>>,
    outlet: &Outlet,
    context: &mut Context<'_>,
    bytes: &[u8],
) -> Poll<io::Result<usize>> {
    match (tls, outlet.socket()) {
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

/// Reads some bytes from the outlet's socket.
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

impl Link {
    /// Makes the link of a stream, and the socket of its outlet where that has it.
    pub(crate) fn new(stream: Stream, pacer: Option<Pacer>) -> (Self, Option<Socket>) {
        match stream {
            Stream::Plain(socket) if pacer.is_none() => (Link::Shared, Some(socket)),
            Stream::Plain(socket) => {
                if let Err(error) = pacer::watch_sending(&socket, true) {
                    tracing::debug!(%error, "a paced socket cannot tell whether it has sent");
                }
                (Link::Owned(OwnedLink::new(None, pacer)), Some(socket))
            }
            Stream::Tls(stream) => (Link::Owned(OwnedLink::new(Some(stream), pacer)), None),
        }
    }

    /// Returns what paces it.
    pub(crate) fn pacer(&mut self) -> Option<&mut Pacer> {
        match self {
            Link::Shared => None,
            Link::Owned(link) => link.pacer.as_mut(),
        }
    }

    /// Paces it no longer: what waits goes out at once.
    pub(crate) fn lift(&mut self) {
        if let Link::Owned(link) = self {
            link.pacer = None;
        }
    }

    /// Returns the socket beneath, and whether TLS is spoken on it.
    pub(crate) fn socket<'a>(&'a self, outlet: &'a Outlet) -> (Option<&'a TcpStream>, bool) {
        match self {
            Link::Shared => (outlet.socket(), false),
            Link::Owned(link) => match &link.tls {
                None => (outlet.socket(), false),
                Some(stream) => (Some(&**stream.get_ref().0), true),
            },
        }
    }

    /// Writes what waits; ready when nothing does any more.
    pub(crate) fn poll_write(
        &mut self,
        outlet: &Outlet,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let Link::Owned(link) = self else {
            return match outlet.socket() {
                Some(socket) => outlet.poll_flush_plain(socket, context),
                None => Poll::Ready(Ok(())),
            };
        };
        ready!(link.poll_write(outlet, context))?;
        if let (None, Some(socket)) = (&link.pacer, outlet.socket()) {
            // Paced until now: from here on it is as any other.
            _ = pacer::watch_sending(socket, false);
            *self = Link::Shared;
            outlet.share();
        }
        Poll::Ready(Ok(()))
    }

    /// Reads into `buffer`; 0 bytes mean that the peer has ended its stream.
    pub(crate) fn poll_read(
        &mut self,
        outlet: &Outlet,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if let Link::Owned(link) = self
            && let Some(stream) = &mut link.tls
        {
            let mut buffer = ReadBuf::new(buffer);
            ready!(Pin::new(stream).poll_read(context, &mut buffer))?;
            return Poll::Ready(Ok(buffer.filled().len()));
        }
        poll_read_plain(outlet.socket(), context, buffer)
    }

    /// Ends the sending direction.
    pub(crate) fn poll_shutdown(
        &mut self,
        outlet: &Outlet,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if let Link::Owned(link) = self
            && let Some(stream) = &mut link.tls
        {
            return Pin::new(stream).poll_shutdown(context);
        }
        Poll::Ready(outlet.socket().map_or(Ok(()), |socket| {
            socket2::SockRef::from(socket).shutdown(std::net::Shutdown::Write)
        }))
    }
}
