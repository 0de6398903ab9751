//! One connection: packets ended by NUL in, frames out, whatever carries them.

mod socket;
mod tls;
mod websocket;

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::endpoint::Scheme;
use crate::error::ConnectError;
use crate::options::Options;

use socket::Socket;
use websocket::WebSocket;

/// Longest packet taken from a broker; the longest a broker can be set to let through.
const PACKET_BYTES_MAX: usize = 256 << 20;

/// How an end of the stream without a word is reported.
fn closed_by_broker() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the broker closed it")
}

/// A byte stream, plain or encrypted.
trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for S {}

/// A connection to a broker.
pub(crate) struct Transport {
    carrier: Carrier,
    /// What is being written: packets, each ended by NUL.
    outgoing: Bytes,
    is_flushed: bool,
}

enum Carrier {
    Socket(Socket),
    WebSocket(WebSocket),
}

impl Transport {
    /// Connects to the endpoint of `options`, up to but not including JMQT.
    pub(crate) async fn dial(options: &Options) -> Result<Self, ConnectError> {
        let endpoint = &options.endpoint;
        // Before anything else, because waiting does not mend a file.
        let connector =
            endpoint.scheme().has_tls().then(|| tls::connector(&options.tls)).transpose()?;
        let unreachable = |source| ConnectError::Unreachable { endpoint: endpoint.clone(), source };
        let stream =
            TcpStream::connect((endpoint.host(), endpoint.port())).await.map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;

        let stream: Box<dyn ByteStream> = match connector {
            Some(connector) => Box::new(tls::connect(&connector, stream, endpoint).await?),
            None => Box::new(stream),
        };
        let carrier = match endpoint.scheme() {
            Scheme::Tcp | Scheme::Tls => Carrier::Socket(Socket::new(stream)),
            Scheme::WebSocket | Scheme::WebSocketTls => {
                Carrier::WebSocket(WebSocket::upgrade(stream, endpoint).await?)
            }
        };
        Ok(Transport { carrier, outgoing: Bytes::new(), is_flushed: true })
    }

    /// Takes packets to send, each ended by NUL. Only when [`is_idle`](Self::is_idle).
    pub(crate) fn send(&mut self, packets: Vec<u8>) {
        self.outgoing = packets.into();
        self.is_flushed = self.outgoing.is_empty();
    }

    /// Returns whether all that was to be sent has left.
    pub(crate) fn is_idle(&self) -> bool {
        self.is_flushed
    }

    /// Reads frames if `reading`, and writes what is to be sent; returns when either got on.
    ///
    /// Cancel-safe: what was read is in `frames`, what was written is gone.
    pub(crate) async fn exchange(
        &mut self,
        reading: bool,
        frames: &mut Vec<Vec<u8>>,
    ) -> io::Result<()> {
        poll_fn(|context| {
            // First, so that the last words of a broker that has closed are still heard.
            if reading {
                let read = match &mut self.carrier {
                    Carrier::Socket(socket) => socket.poll_read(context, frames),
                    Carrier::WebSocket(socket) => socket.poll_read(context, frames),
                };
                if read.is_ready() && (self.is_flushed || frames.is_empty()) {
                    return read;
                }
            }
            if self.is_flushed {
                return Poll::Pending;
            }
            let written = match &mut self.carrier {
                Carrier::Socket(socket) => socket.poll_write(context, &mut self.outgoing),
                Carrier::WebSocket(socket) => socket.poll_write(context, &mut self.outgoing),
            };
            self.is_flushed = matches!(written, Poll::Ready(Ok(())));
            // An error will come again; the frames would be lost.
            if frames.is_empty() { written } else { Poll::Ready(Ok(())) }
        })
        .await
    }

    /// Closes in good order: what was sent arrives, and the broker closes last.
    pub(crate) async fn close(&mut self) -> io::Result<()> {
        let mut ignored = Vec::new();
        while !self.is_flushed {
            self.exchange(true, &mut ignored).await?;
            ignored.clear();
        }
        match &mut self.carrier {
            Carrier::Socket(socket) => socket.shutdown().await?,
            Carrier::WebSocket(socket) => socket.shutdown().await?,
        }
        loop {
            self.exchange(true, &mut ignored).await?;
            ignored.clear();
        }
    }
}
