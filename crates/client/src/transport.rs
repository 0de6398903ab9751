//! One connection: packets ended by NUL in, frames out, whatever carries them.

mod failure;
mod greeting;
mod opening;
mod probe;
mod socket;
mod stage;
mod tls;
mod websocket;

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};

use crate::endpoint::{Endpoint, Scheme};
use crate::error::ConnectError;
use crate::options::Options;

use opening::{Opening, Tap};
use socket::Socket;
use websocket::WebSocket;

pub(crate) use probe::speaks_tls;
pub(crate) use stage::Stage;

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
    /// What came first, in the clear.
    opening: Opening,
    /// What is being written: packets, each ended by NUL.
    outgoing: Bytes,
    is_flushed: bool,
    /// Whether the peer was asked to speak by the end of a line.
    is_nudged: bool,
}

enum Carrier {
    Socket(Socket),
    WebSocket(WebSocket),
}

impl Transport {
    /// Connects to the endpoint of `options`, up to but not including JMQT; `stage` is how far it is.
    pub(crate) async fn dial(options: &Options, stage: &mut Stage) -> Result<Self, ConnectError> {
        let endpoint = &options.endpoint;
        // Before anything else, because waiting does not mend a file.
        let connector =
            endpoint.scheme().has_tls().then(|| tls::connector(&options.tls)).transpose()?;
        let mut opening = Opening::default();
        let wants_packets = |scheme| endpoint.scheme() == scheme;
        let stream = connect(endpoint, stage).await?;
        let stream = Tap::new(stream, opening.clone(), wants_packets(Scheme::Tcp));

        let stream: Box<dyn ByteStream> = match connector {
            Some(connector) => {
                *stage = Stage::Securing;
                let secured = tls::connect(&connector, stream, endpoint).await;
                let stream = secured.map_err(|error| opening.instead_of_tls(error, endpoint))?;
                opening = Opening::default();
                Box::new(Tap::new(stream, opening.clone(), wants_packets(Scheme::Tls)))
            }
            None => Box::new(stream),
        };
        let carrier = match endpoint.scheme() {
            Scheme::Tcp | Scheme::Tls => Carrier::Socket(Socket::new(stream)),
            Scheme::WebSocket | Scheme::WebSocketTls => {
                *stage = Stage::Upgrading;
                let upgraded = WebSocket::upgrade(stream, endpoint).await;
                Carrier::WebSocket(
                    upgraded.map_err(|error| opening.instead_of_websocket(&error, endpoint))?,
                )
            }
        };
        *stage = Stage::Greeting;
        Ok(Transport {
            carrier,
            opening,
            outgoing: Bytes::new(),
            is_flushed: true,
            is_nudged: false,
        })
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

/// Connects a socket to the first address of the host that takes it.
async fn connect(endpoint: &Endpoint, stage: &mut Stage) -> Result<TcpStream, ConnectError> {
    let unknown = |source| ConnectError::UnknownHost { endpoint: endpoint.clone(), source };
    let unreachable = |source| ConnectError::Unreachable { endpoint: endpoint.clone(), source };
    *stage = Stage::LookingUp;
    let found = lookup_host((endpoint.host(), endpoint.port())).await.map_err(unknown)?;
    let addresses: Vec<_> = found.collect();
    *stage = Stage::Connecting;
    let stream = TcpStream::connect(&addresses[..]).await.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    Ok(stream)
}
