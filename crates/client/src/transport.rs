//! One connection: packets ended by NUL in, frames out, whatever carries them.

mod byte_stream;
mod dialing;
mod failure;
mod greeting;
mod opening;
mod outgoing;
#[cfg(feature = "tls")]
mod probe;
mod socket;
mod stage;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "websocket")]
mod websocket;

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use tokio::net::TcpStream;

use crate::endpoint::{Endpoint, Protocol, Scheme};
use crate::error::ConnectError;
use crate::incoming::Incoming;
use crate::options::TlsOptions;

use dialing::connect;
use opening::Tap;
use outgoing::Outgoing;
use socket::Socket;
#[cfg(feature = "websocket")]
use websocket::WebSocket;

pub(crate) use byte_stream::ByteStream;
pub(crate) use opening::Opening;
#[cfg(feature = "tls")]
pub(crate) use probe::is_tls_expected;
pub(crate) use stage::Stage;
#[cfg(feature = "websocket")]
pub(crate) use websocket::{Upgraded, into_io, upgrade};

/// Memory of sent packets that is kept for the next ones.
const SPARE_BYTES_MAX: usize = 256 << 10;

/// A connection to a broker.
pub(crate) struct Transport {
    carrier: Carrier,
    /// What came first, in the clear.
    opening: Opening,
    outgoing: Outgoing,
    is_flushed: bool,
    /// Whether the peer was asked to speak by the end of a line.
    is_nudged: bool,
}

enum Carrier {
    Socket(Socket),
    #[cfg(feature = "websocket")]
    WebSocket(WebSocket),
}

impl Transport {
    /// Connects to `endpoint`, up to but not including JMQT; `stage` is how far it is.
    pub(crate) async fn dial(
        endpoint: &Endpoint,
        options: &TlsOptions,
        stage: &mut Stage,
    ) -> Result<Self, ConnectError> {
        let (stream, opening) = open(endpoint, options, stage).await?;
        let carrier = match endpoint.scheme() {
            Scheme::Tcp | Scheme::Tls => Carrier::Socket(Socket::new(stream)),
            #[cfg(feature = "websocket")]
            Scheme::WebSocket | Scheme::WebSocketTls => {
                *stage = Stage::Upgrading;
                let upgraded = WebSocket::upgrade(stream, endpoint).await;
                Carrier::WebSocket(
                    upgraded.map_err(|error| opening.instead_of_websocket(error, endpoint))?,
                )
            }
            #[cfg(not(feature = "websocket"))]
            Scheme::WebSocket | Scheme::WebSocketTls => {
                let (endpoint, missing) = (endpoint.clone(), "websocket");
                return Err(ConnectError::Unsupported { endpoint, missing });
            }
        };
        *stage = Stage::Greeting;
        Ok(Transport {
            carrier,
            opening,
            outgoing: Outgoing::default(),
            is_flushed: true,
            is_nudged: false,
        })
    }

    /// Takes packets to send, each ended by NUL. Only when [`is_idle`](Self::is_idle).
    pub(crate) fn send(&mut self, packets: Vec<u8>) {
        self.is_flushed = packets.is_empty();
        self.outgoing = Outgoing::new(packets);
    }

    /// Takes the memory of what was sent, for what is sent next. Only when [`is_idle`](Self::is_idle).
    pub(crate) fn take_spare(&mut self) -> Vec<u8> {
        let mut spare = std::mem::take(&mut self.outgoing).into_packets();
        spare.clear();
        // One large packet is no reason to hold its memory for ever.
        if SPARE_BYTES_MAX < spare.capacity() { Vec::new() } else { spare }
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
        frames: &mut Vec<Incoming>,
    ) -> io::Result<()> {
        poll_fn(|context| {
            // First, so that the last words of a broker that has closed are still heard.
            if reading {
                let read = match &mut self.carrier {
                    Carrier::Socket(socket) => socket.poll_read(context, frames),
                    #[cfg(feature = "websocket")]
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
                #[cfg(feature = "websocket")]
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
            #[cfg(feature = "websocket")]
            Carrier::WebSocket(socket) => socket.shutdown().await?,
        }
        loop {
            self.exchange(true, &mut ignored).await?;
            ignored.clear();
        }
    }
}

/// Connects to `endpoint`, and encrypts the connection if that is to be; returns the stream, and what comes
/// first on it.
pub(crate) async fn open(
    endpoint: &Endpoint,
    options: &TlsOptions,
    stage: &mut Stage,
) -> Result<(Box<dyn ByteStream>, Opening), ConnectError> {
    // Before anything else, because waiting mends neither a file nor a build.
    let security = Security::prepare(endpoint, options)?;
    let opening = Opening::default();
    let stream = connect(endpoint, stage).await?;
    let stream = Tap::new(stream, opening.clone(), wants_packets(endpoint, Scheme::Tcp));
    security.secure(stream, opening, endpoint, stage).await
}

/// Returns whether packets must come over the innermost stream, which has this scheme's carrier.
fn wants_packets(endpoint: &Endpoint, scheme: Scheme) -> bool {
    endpoint.protocol() == Protocol::Jmqt && endpoint.scheme() == scheme
}

/// Whether and how a connection is encrypted.
enum Security {
    Plain,
    #[cfg(feature = "tls")]
    Tls(tokio_rustls::TlsConnector),
}

impl Security {
    fn prepare(endpoint: &Endpoint, options: &TlsOptions) -> Result<Self, ConnectError> {
        if !endpoint.scheme().has_tls() {
            return Ok(Security::Plain);
        }
        #[cfg(feature = "tls")]
        return Ok(Security::Tls(tls::connector(options)?));
        #[cfg(not(feature = "tls"))]
        {
            let _ = options;
            Err(ConnectError::Unsupported { endpoint: endpoint.clone(), missing: "tls" })
        }
    }

    /// Returns the stream for packets, with what came first on it.
    async fn secure(
        self,
        stream: Tap<TcpStream>,
        opening: Opening,
        endpoint: &Endpoint,
        stage: &mut Stage,
    ) -> Result<(Box<dyn ByteStream>, Opening), ConnectError> {
        match self {
            Security::Plain => {
                let _ = (endpoint, stage);
                Ok((Box::new(stream), opening))
            }
            #[cfg(feature = "tls")]
            Security::Tls(connector) => {
                *stage = Stage::Securing;
                let secured = tls::connect(&connector, stream, endpoint).await;
                let stream = secured.map_err(|error| opening.instead_of_tls(error, endpoint))?;
                let opening = Opening::default();
                let wants_packets = wants_packets(endpoint, Scheme::Tls);
                Ok((Box::new(Tap::new(stream, opening.clone(), wants_packets)), opening))
            }
        }
    }
}
