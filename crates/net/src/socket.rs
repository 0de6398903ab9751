//! A connection's socket, closed in a way that loses nothing that was sent.
//!
//! A socket that is closed while bytes of its peer are unread is reset, and with the reset the peer
//! may lose the last word that was sent to it. So the sending side is shut first, the peer is read
//! on for a bounded time, and only then is the socket closed. That is what dropping a [`Socket`]
//! does, so that no path can leave it out: not a handshake that fails, not a limit of time, not a
//! panic.

use std::{
    io::{self, IoSlice},
    net::{IpAddr, Shutdown},
    ops::Deref,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use rialto_domain::CloseReason;
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, timeout_at},
};

use crate::connection_limiter::Place;

/// How long a peer may go on sending to a connection that is over.
const LINGER_MAX: Duration = Duration::from_secs(5);
/// How long it may be silent meanwhile, without ending its side.
const SILENCE_MAX: Duration = Duration::from_secs(1);
/// Bytes it may send meanwhile.
const LINGER_BYTES_MAX: usize = 4 << 20;
/// Bytes read at a time.
const READ_BYTES: usize = 16 << 10;

/// A socket, and the place that its connection takes until it is closed.
pub struct Socket {
    /// There until it is dropped.
    stream: Option<TcpStream>,
    place: Option<Place>,
}

impl Socket {
    /// Takes a socket that was accepted.
    pub fn new(stream: TcpStream, place: Place) -> Self {
        Socket { stream: Some(stream), place: Some(place) }
    }

    /// Counts the connection as one from this address, if it does not count already.
    ///
    /// # Errors
    /// When as many as may be come from there.
    pub fn count_from(&mut self, address: IpAddr) -> Result<(), CloseReason> {
        self.place.as_mut().map_or(Ok(()), |place| place.count_from(address))
    }

    fn stream_mut(&mut self) -> Pin<&mut TcpStream> {
        Pin::new(self.stream.as_mut().expect("a socket has its stream until it is dropped"))
    }
}

impl Deref for Socket {
    type Target = TcpStream;

    fn deref(&self) -> &TcpStream {
        self.stream.as_ref().expect("a socket has its stream until it is dropped")
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let (Some(stream), Some(place)) = (self.stream.take(), self.place.take()) else { return };
        _ = SockRef::from(&stream).shutdown(Shutdown::Write);
        let mut bytes_left = LINGER_BYTES_MAX;
        if let Some(runtime) = place.runtime().cloned()
            && !is_over(&stream, &mut bytes_left)
        {
            runtime.spawn(linger(stream, place, bytes_left));
        }
    }
}

/// Reads on what the peer still sends, and throws it away.
async fn linger(stream: TcpStream, place: Place, mut bytes_left: usize) {
    let deadline = Instant::now() + LINGER_MAX;
    loop {
        let until = deadline.min(Instant::now() + SILENCE_MAX);
        let is_readable = matches!(timeout_at(until, stream.readable()).await, Ok(Ok(())));
        if !is_readable || is_over(&stream, &mut bytes_left) {
            break;
        }
    }
    drop((stream, place));
}

/// Reads what there is; says whether the peer has ended its side, the connection is broken, or more
/// came than may.
fn is_over(stream: &TcpStream, bytes_left: &mut usize) -> bool {
    // Not kept while it waits: all connections may do that at the same time.
    let mut buffer = [0; READ_BYTES];
    loop {
        match stream.try_read(&mut buffer) {
            Ok(0) => return true,
            Ok(count) if *bytes_left < count => return true,
            Ok(count) => *bytes_left -= count,
            Err(error) => return error.kind() != io::ErrorKind::WouldBlock,
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream_mut().poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream_mut().poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream_mut().poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream_mut().poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
