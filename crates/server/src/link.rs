//! How a connection's bytes get out and in, for each kind of stream.
//!
//! A plain socket lives in the [`Outlet`], where everybody may write to it. Any other stream is
//! owned by the connection's task, which takes the frames out of the outlet and writes them itself.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf as _, Bytes, BytesMut};
use memchr::memchr;
use rialto_wire::{coremq, pubsubx};
use tokio::{
    io::{AsyncRead as _, AsyncWrite as _, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};

use crate::{outlet::Outlet, stream::Stream};

/// Most bytes of one paced write: what the original Python client reads at once (J-106).
const PACED_BYTES_MAX: usize = 1024;
/// Pause between paced writes on plain TCP, so that each is read by itself (J-107).
const PACED_PAUSE: Duration = Duration::from_millis(3);

/// The stream of one connection as its task sees it.
pub(crate) enum Link {
    /// The outlet has the socket.
    Shared,
    /// The task has the stream.
    Owned(Box<OwnedLink>),
}

/// A stream only the connection's task writes to.
pub(crate) struct OwnedLink {
    stream: Stream,
    /// Taken out of the outlet and not written yet.
    sending: VecDeque<Bytes>,
    pacer: Option<Pacer>,
}

/// Puts whole frames into small writes with pauses between.
struct Pacer {
    framed: Framed,
    /// One frame a write, which over TLS is one record; there the pause is not needed (J-108).
    is_tls: bool,
    /// Set while a pause lasts.
    pause: Option<Pin<Box<Sleep>>>,
}

/// How frames are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framed {
    /// Each ends in NUL.
    Terminated,
    /// Each begins with its length.
    Counted,
    /// Each ends in a mark of several characters.
    Marked,
}

impl Framed {
    /// Returns the bytes of the first of some whole frames.
    fn first_bytes(self, frames: &[u8]) -> usize {
        match self {
            Framed::Terminated => memchr(0, frames).map_or(frames.len(), |end| end + 1),
            Framed::Counted => coremq::first_frame_bytes(frames).unwrap_or(frames.len()),
            Framed::Marked => pubsubx::first_frame_bytes(frames).unwrap_or(frames.len()),
        }
    }
}

impl OwnedLink {
    /// Takes a stream; with `paced`, whose frames are written in small units with pauses.
    pub(crate) fn new(stream: Stream, paced: Option<Framed>) -> Self {
        let is_tls = matches!(stream, Stream::Tls(_));
        let pacer = paced.map(|framed| Pacer { framed, is_tls, pause: None });
        OwnedLink { stream, sending: VecDeque::new(), pacer }
    }

    fn poll_write(&mut self, outlet: &Outlet, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if self.sending.is_empty() {
                if let Some(pacer) = &mut self.pacer {
                    ready!(pacer.poll_pause(context));
                }
                self.sending = outlet.take();
                if self.sending.is_empty() {
                    return Pin::new(&mut self.stream).poll_flush(context);
                }
            }
            let Some(pacer) = &mut self.pacer else {
                let frame = &self.sending[0];
                let written = ready!(Pin::new(&mut self.stream).poll_write(context, frame))?;
                self.note_written(outlet, written);
                continue;
            };
            ready!(pacer.poll_pause(context));
            let unit = pacer.next_unit(&mut self.sending);
            let unit_bytes = unit.len();
            self.sending.push_front(unit);
            let mut left = unit_bytes;
            while left > 0 {
                // A write that is cut short goes on at the next call; only its frames' reader
                // could notice, and that only when the socket's buffer is full.
                let writing = Pin::new(&mut self.stream).poll_write(context, &self.sending[0]);
                let Poll::Ready(written) = writing? else {
                    return Poll::Pending;
                };
                left -= written;
                self.note_written(outlet, written);
            }
            ready!(Pin::new(&mut self.stream).poll_flush(context))?;
            if let Some(pacer) = &mut self.pacer {
                pacer.start_pause();
            }
        }
    }

    fn note_written(&mut self, outlet: &Outlet, written: usize) {
        let first = &mut self.sending[0];
        first.advance(written);
        if first.is_empty() {
            self.sending.pop_front();
        }
        outlet.put_back(VecDeque::new(), written);
    }
}

impl Pacer {
    fn poll_pause(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        Poll::Ready(())
    }

    fn start_pause(&mut self) {
        if !self.is_tls {
            self.pause = Some(Box::pin(sleep_until(Instant::now() + PACED_PAUSE)));
        }
    }

    /// Takes whole frames for one write off the front.
    fn next_unit(&self, frames: &mut VecDeque<Bytes>) -> Bytes {
        let mut unit = BytesMut::new();
        while let Some(first) = frames.front_mut() {
            let frame_bytes = self.framed.first_bytes(first);
            // The asyncio client of CoreMQ reads one frame a segment, whatever its size (C-5).
            let is_alone = self.is_tls || self.framed == Framed::Counted;
            let is_full = is_alone || PACED_BYTES_MAX < unit.len() + frame_bytes;
            if !unit.is_empty() && is_full {
                break;
            }
            unit.extend_from_slice(&first.split_to(frame_bytes));
            if first.is_empty() {
                frames.pop_front();
            }
        }
        unit.freeze()
    }
}

impl Link {
    /// Returns the socket beneath, and whether TLS is spoken on it.
    pub(crate) fn socket<'a>(&'a self, outlet: &'a Outlet) -> (Option<&'a TcpStream>, bool) {
        match self {
            Link::Shared => (outlet.socket(), false),
            Link::Owned(link) => match &link.stream {
                Stream::Plain(socket) => (Some(&**socket), false),
                Stream::Tls(stream) => (Some(&**stream.get_ref().0), true),
            },
        }
    }

    /// Writes what waits; ready when nothing does any more.
    pub(crate) fn poll_write(
        &mut self,
        outlet: &Outlet,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        match (self, outlet.socket()) {
            (Link::Owned(link), _) => link.poll_write(outlet, context),
            (Link::Shared, Some(socket)) => outlet.poll_flush_plain(socket, context),
            (Link::Shared, None) => Poll::Ready(Ok(())),
        }
    }

    /// Reads into `buffer`; 0 bytes mean that the peer has ended its stream.
    pub(crate) fn poll_read(
        &mut self,
        outlet: &Outlet,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match (self, outlet.socket()) {
            (Link::Owned(link), _) => {
                let mut buffer = ReadBuf::new(buffer);
                ready!(Pin::new(&mut link.stream).poll_read(context, &mut buffer))?;
                Poll::Ready(Ok(buffer.filled().len()))
            }
            (Link::Shared, Some(socket)) => loop {
                ready!(socket.poll_read_ready(context))?;
                match socket.try_read(buffer) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    result => return Poll::Ready(result),
                }
            },
            (Link::Shared, None) => Poll::Ready(Ok(0)),
        }
    }

    /// Ends the sending direction.
    pub(crate) fn poll_shutdown(
        &mut self,
        outlet: &Outlet,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        match (self, outlet.socket()) {
            (Link::Owned(link), _) => Pin::new(&mut link.stream).poll_shutdown(context),
            (Link::Shared, Some(socket)) => {
                Poll::Ready(socket2::SockRef::from(socket).shutdown(std::net::Shutdown::Write))
            }
            (Link::Shared, None) => Poll::Ready(Ok(())),
        }
    }
}
