//! The first bytes of a connection, which say what it speaks: TLS or plain, WebSocket or packets.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{
    reception::{Dialect, Door},
    tls::Certificates,
    websocket::{Accepted, Origins, WebSocketReader},
};

/// First byte of a TLS record that holds a ClientHello.
const TLS_HANDSHAKE: u8 = 0x16;
/// Bytes an upgrade request may have.
const REQUEST_BYTES_MAX: usize = 16 << 10;
/// Bytes read at a time until it is known what a connection speaks.
const READ_BYTES: usize = 512;
const REQUEST_END: &[u8] = b"\r\n\r\n";

/// What a listener does about TLS.
#[derive(Clone)]
pub(crate) enum Tls {
    /// Plain connections only.
    Off,
    /// Either.
    Allowed(Arc<Certificates>),
    /// TLS only.
    Required(Arc<Certificates>),
}

impl Tls {
    /// Returns what shakes hands, if it is to be and there is a certificate.
    fn acceptor(&self) -> Option<TlsAcceptor> {
        match self {
            Tls::Off => None,
            Tls::Allowed(certificates) | Tls::Required(certificates) => certificates.acceptor(),
        }
    }

    /// Returns the client id in the certificate that the peer on a stream has shown.
    pub(crate) fn client_id(&self, stream: &Stream) -> Option<String> {
        match (self, stream) {
            (Tls::Allowed(certificates) | Tls::Required(certificates), Stream::Tls(stream)) => {
                certificates.client_id(stream)
            }
            _ => None,
        }
    }

    /// Returns the word for it in logs.
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Tls::Off => "off",
            Tls::Allowed(_) => "allow",
            Tls::Required(_) => "require",
        }
    }
}

/// The stream under a connection.
pub(crate) enum Stream {
    /// Plain TCP.
    Plain(TcpStream),
    /// TLS over TCP.
    Tls(Box<TlsStream<TcpStream>>),
}

/// A connection of which it is known what it speaks.
pub(crate) struct Greeted {
    pub(crate) stream: Stream,
    /// There when it speaks WebSocket.
    pub(crate) websocket: Option<Box<WebSocketReader>>,
    /// Bytes read beyond the greeting.
    pub(crate) early: Vec<u8>,
}

impl Greeted {
    fn packets(stream: Stream, early: Vec<u8>) -> Self {
        Greeted { stream, websocket: None, early }
    }
}

/// Finds out what a connection speaks, and shakes hands accordingly.
///
/// # Errors
/// When the peer goes away or speaks nothing of this; it has been told where that is possible.
pub(crate) async fn greet(
    socket: TcpStream,
    door: &Door,
    packet_bytes_max: usize,
) -> io::Result<Greeted> {
    if door.dialect == Dialect::Coremq {
        return greet_silently(socket, &door.tls).await;
    }
    let mut first = [0];
    if socket.peek(&mut first).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let [first] = first;
    // Handshakes need many times the state of a plain greeting: boxed, so that a storm of plain
    // connections stays small.
    match &door.tls {
        tls if first == TLS_HANDSHAKE
            && let Some(acceptor) = tls.acceptor() =>
        {
            Box::pin(greet_in_tls(socket, &acceptor, door, packet_bytes_max)).await
        }
        Tls::Required(_) => Err(refused("plain connection to a listener that requires TLS")),
        _ if first == TLS_HANDSHAKE => Err(refused("TLS to a listener without certificate")),
        // Its commands are capitals too.
        _ if door.dialect == Dialect::Pubsubx => {
            Ok(Greeted::packets(Stream::Plain(socket), Vec::new()))
        }
        _ if begins_request(first) => {
            Box::pin(upgrade(socket, Vec::new(), (packet_bytes_max, &door.origins), Stream::Plain))
                .await
        }
        _ => packets(Stream::Plain(socket), Vec::new(), door),
    }
}

/// Greets a peer that waits for us to speak first: only TLS can be shaken hands for.
async fn greet_silently(socket: TcpStream, tls: &Tls) -> io::Result<Greeted> {
    let stream = match tls {
        Tls::Required(certificates) => {
            let acceptor = certificates.acceptor();
            let acceptor =
                acceptor.ok_or_else(|| refused("TLS is required, without certificate"))?;
            Stream::Tls(Box::new(Box::pin(acceptor.accept(socket)).await?))
        }
        Tls::Allowed(_) | Tls::Off => Stream::Plain(socket),
    };
    Ok(Greeted::packets(stream, Vec::new()))
}

/// Takes a peer that speaks without an upgrade, where that is to be.
fn packets(stream: Stream, early: Vec<u8>, door: &Door) -> io::Result<Greeted> {
    if door.dialect == Dialect::CoremqWebsocket {
        return Err(refused("a WebSocket listener was asked for no upgrade"));
    }
    Ok(Greeted::packets(stream, early))
}

/// Shakes hands for TLS if the peer opens with it, on a listener whose protocol needs nothing else to be found out.
///
/// The peer may wait before it says anything, but must be through with TLS within `handshake_max`.
///
/// # Errors
/// When the peer goes away, or does not do as the listener asks.
pub(crate) async fn secure(
    socket: TcpStream,
    tls: &Tls,
    handshake_max: Duration,
) -> io::Result<Stream> {
    let mut first = [0];
    let has_ended = socket.peek(&mut first).await? == 0;
    match tls {
        Tls::Off => Ok(Stream::Plain(socket)),
        _ if has_ended => Err(io::ErrorKind::UnexpectedEof.into()),
        tls if first == [TLS_HANDSHAKE]
            && let Some(acceptor) = tls.acceptor() =>
        {
            let stream = timeout(handshake_max, Box::pin(acceptor.accept(socket))).await??;
            Ok(Stream::Tls(Box::new(stream)))
        }
        Tls::Allowed(_) => Ok(Stream::Plain(socket)),
        Tls::Required(_) => Err(refused("plain connection to a listener that requires TLS")),
    }
}

async fn greet_in_tls(
    socket: TcpStream,
    acceptor: &TlsAcceptor,
    door: &Door,
    packet_bytes_max: usize,
) -> io::Result<Greeted> {
    let mut stream = Box::new(acceptor.accept(socket).await?);
    let mut early = Vec::new();
    read_more(&mut stream, &mut early).await?;
    if door.dialect != Dialect::Pubsubx && begins_request(early[0]) {
        return upgrade(stream, early, (packet_bytes_max, &door.origins), Stream::Tls).await;
    }
    packets(Stream::Tls(stream), early, door)
}

/// Says whether a first byte is that of an HTTP request: no JSON text begins with a capital.
fn begins_request(first: u8) -> bool {
    first.is_ascii_uppercase()
}

fn refused(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// Shakes hands for WebSocket; `early` is what was read of the request already.
async fn upgrade<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    mut early: Vec<u8>,
    (packet_bytes_max, origins): (usize, &Origins),
    wrap: impl FnOnce(S) -> Stream,
) -> io::Result<Greeted> {
    let request_bytes = loop {
        if let Some(end) = memchr::memmem::find(&early, REQUEST_END) {
            break end + REQUEST_END.len();
        }
        if REQUEST_BYTES_MAX < early.len() {
            return Err(refused("upgrade request is too long"));
        }
        read_more(&mut stream, &mut early).await?;
    };
    let rest = early.split_off(request_bytes);
    match WebSocketReader::accept(&early, packet_bytes_max, origins) {
        Ok(Accepted { reader, response }) => {
            stream.write_all(&response).await?;
            stream.flush().await?;
            let websocket = Some(Box::new(reader));
            Ok(Greeted { stream: wrap(stream), websocket, early: rest })
        }
        Err(response) => {
            stream.write_all(&response).await?;
            stream.shutdown().await?;
            Err(refused("HTTP request that is no WebSocket upgrade"))
        }
    }
}

async fn read_more(stream: &mut (impl AsyncRead + Unpin), into: &mut Vec<u8>) -> io::Result<()> {
    into.reserve(READ_BYTES);
    if stream.read_buf(into).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}
