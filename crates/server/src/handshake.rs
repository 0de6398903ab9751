//! The handshake: the first bytes of a connection, which say what it speaks, TLS or plain, WebSocket
//! or packets.

use std::{io, net::SocketAddr, pin::pin};

use rialto_domain::CloseReason;
use rialto_net::{Socket, Stream};
use rialto_session::{Blocks, close_code, close_text};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    audit::Reason,
    patience::Patience,
    status,
    tls::Tls,
    turned::{turned, turned_for},
    websocket::{Accepted, NotUpgraded, UpgradeTerms, WebSocketReader},
};

/// First byte of a TLS record that holds a ClientHello.
const TLS_HANDSHAKE: u8 = 0x16;
/// Bytes an upgrade request may have.
const REQUEST_BYTES_MAX: usize = 16 << 10;
/// Bytes read at a time until it is known what a connection speaks.
const READ_BYTES: usize = 512;
/// Bytes the first packet of a client may have that is looked at for its hand.
const OPENING_BYTES_MAX: usize = 16 << 10;
const REQUEST_END: &[u8] = b"\r\n\r\n";

/// A connection of which it is known what it speaks.
pub(crate) struct Negotiated {
    pub(crate) stream: Stream,
    /// Whose connection it is: the peer's, or of whom a proxy says that it comes.
    pub(crate) peer: SocketAddr,
    /// There when it speaks WebSocket.
    pub(crate) websocket: Option<Box<WebSocketReader>>,
    /// Bytes read beyond the handshake.
    pub(crate) early: Vec<u8>,
}

impl Negotiated {
    /// Tells the peer why it is not let in after all; `packet` is for one without WebSocket.
    pub(crate) async fn refuse(mut self, reason: CloseReason, packet: Vec<u8>) {
        let word = match &mut self.websocket {
            Some(reader) => reader.close_frame(close_code(reason), &close_text(reason)),
            None => packet,
        };
        // The socket's buffer is all but empty: this goes out at once or never.
        if self.stream.write_all(&word).await.is_ok() {
            self.stream.part().await;
        }
    }
}

/// Whether connections become WebSockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Upgrade {
    /// None does.
    Never,
    /// Those that ask for it.
    Allowed,
    /// All, or they are not taken.
    Required,
}

/// What a handshake is held to.
pub(crate) struct Terms<'a> {
    pub(crate) tls: &'a Tls,
    /// Whether the peer waits for the server to speak first.
    pub(crate) is_silent: bool,
    pub(crate) upgrade: Upgrade,
    pub(crate) upgrade_terms: UpgradeTerms<'a>,
    /// By what a peer is known that has to be paced, where that is looked for.
    pub(crate) looks_for: Option<Blocks>,
    /// Counts the connection as one of the client that a proxy names, if there may be one more.
    pub(crate) count: &'a (dyn Fn(&mut Socket, SocketAddr) -> Result<(), CloseReason> + Sync),
}

/// Finds out what a connection speaks, and shakes hands accordingly.
///
/// # Errors
/// When the peer goes away or speaks nothing of this; it has been told where that is possible.
pub(crate) async fn negotiate(
    socket: Socket,
    terms: &Terms<'_>,
    patience: &Patience,
) -> io::Result<Negotiated> {
    let mut stream = patience.wait(pin!(secure(socket, terms.tls, terms.is_silent))).await?;
    let recognized = patience.wait(pin!(recognize(&mut stream, terms))).await;
    match recognized {
        Ok((accepted, early)) => {
            let (websocket, peer) = match accepted {
                Some(Accepted { reader, peer, .. }) => (Some(Box::new(reader)), peer),
                None => (None, terms.upgrade_terms.peer),
            };
            Ok(Negotiated { stream, peer, websocket, early })
        }
        Err(error) => {
            stream.part().await;
            Err(error)
        }
    }
}

/// Shakes hands for TLS if the peer opens with it; `is_silent` says that the peer may wait for us to
/// speak first, so that only a listener that requires TLS can have it.
///
/// # Errors
/// When the peer goes away, or does not do as the listener asks.
pub(crate) async fn secure(socket: Socket, tls: &Tls, is_silent: bool) -> io::Result<Stream> {
    let is_required = matches!(tls, Tls::Required(_));
    if is_silent && !is_required {
        return Ok(Stream::Plain(socket));
    }
    let mut first = [0];
    if socket.peek(&mut first).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    match tls.acceptor() {
        Some(acceptor) if first == [TLS_HANDSHAKE] => {
            // TLS needs many times the state of a plain connection: boxed, so that a storm of
            // plain connections stays small.
            Ok(Stream::Tls(Box::new(Box::pin(acceptor.accept(socket)).await?)))
        }
        _ if is_required => {
            let why = "plain connection to a listener that requires TLS";
            Err(turned(why, Reason::TlsRequired))
        }
        _ if first == [TLS_HANDSHAKE] => Err(refused("TLS to a listener without certificate")),
        _ => Ok(Stream::Plain(socket)),
    }
}

/// Tells WebSocket from packets; also returns what was read beyond the handshake.
async fn recognize(
    stream: &mut Stream,
    terms: &Terms<'_>,
) -> io::Result<(Option<Accepted>, Vec<u8>)> {
    let mut early = Vec::new();
    // What is said may begin with a capital there, as requests of HTTP do.
    if terms.upgrade == Upgrade::Never {
        return Ok((None, early));
    }
    read_more(stream, &mut early).await?;
    if begins_request(early[0]) {
        let (accepted, rest) = Box::pin(upgrade(stream, early, terms)).await?;
        return Ok((Some(accepted), rest));
    }
    if terms.upgrade == Upgrade::Required {
        return Err(refused("a WebSocket listener was asked for no upgrade"));
    }
    if let Some(peers) = &terms.looks_for {
        read_opening(stream, &mut early, peers).await?;
    }
    Ok((None, early))
}

/// Reads on until the first packet is whole, where it may be that of a peer that has to be paced.
async fn read_opening(stream: &mut Stream, early: &mut Vec<u8>, peers: &Blocks) -> io::Result<()> {
    while (peers.may_open)(early)
        && memchr::memchr(0, early).is_none()
        && early.len() < OPENING_BYTES_MAX
    {
        read_more(stream, early).await?;
    }
    Ok(())
}

/// Says whether a first byte is that of an HTTP request: no JSON text begins with a capital.
fn begins_request(first: u8) -> bool {
    first.is_ascii_uppercase()
}

fn refused(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// Shakes hands for WebSocket; `early` is what was read of the request already.
async fn upgrade(
    stream: &mut Stream,
    mut early: Vec<u8>,
    terms: &Terms<'_>,
) -> io::Result<(Accepted, Vec<u8>)> {
    let request_bytes = loop {
        if let Some(end) = memchr::memmem::find(&early, REQUEST_END) {
            break end + REQUEST_END.len();
        }
        if REQUEST_BYTES_MAX < early.len() {
            return Err(refused("upgrade request is too long"));
        }
        read_more(stream, &mut early).await?;
    };
    let rest = early.split_off(request_bytes);
    match WebSocketReader::accept(&early, &terms.upgrade_terms) {
        Ok(mut accepted) => {
            // Before the answer: who is answered is counted.
            let is_named = accepted.peer != terms.upgrade_terms.peer;
            if is_named && let Err(reason) = (terms.count)(stream.socket_mut(), accepted.peer) {
                stream.write_all(status::TOO_MANY).await?;
                return Err(io::Error::other(reason));
            }
            stream.write_all(&std::mem::take(&mut accepted.response)).await?;
            stream.flush().await?;
            Ok((accepted, rest))
        }
        Err(NotUpgraded { response, foreign: Some(client) }) => {
            // Told of also where its peer does not wait for the answer.
            _ = stream.write_all(&response).await;
            let why = "WebSocket upgrade of a page that may not connect";
            Err(turned_for(Some(client), why, Reason::ForeignOrigin))
        }
        Err(NotUpgraded { response, foreign: None }) => {
            stream.write_all(&response).await?;
            Err(refused("HTTP request that is no WebSocket upgrade"))
        }
    }
}

async fn read_more(stream: &mut Stream, into: &mut Vec<u8>) -> io::Result<()> {
    into.reserve(READ_BYTES);
    if stream.read_buf(into).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}
