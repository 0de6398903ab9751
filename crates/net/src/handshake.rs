//! The handshake: the first bytes of a connection, which say what it speaks, TLS or plain, WebSocket
//! or packets.

use std::{io, net::SocketAddr, pin::pin};

use rialto_domain::CloseReason;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    patience::Patience,
    socket::Socket,
    stream::Stream,
    tls::Tls,
    turned_away::{Because, TurnedAway},
    websocket::{Accepted, NotUpgraded, UpgradeTerms, WebSocketReader},
};

/// First byte of a TLS record that holds a ClientHello.
const TLS_HANDSHAKE: u8 = 0x16;
/// Bytes an upgrade request may have.
const REQUEST_BYTES_MAX: usize = 16 << 10;
/// Bytes read at a time until it is known what a connection speaks.
const READ_BYTES: usize = 512;
/// Bytes of the first packet that are waited for where it has to be whole.
const OPENING_BYTES_MAX: usize = 16 << 10;
const REQUEST_END: &[u8] = b"\r\n\r\n";

/// A connection of which it is known what it speaks.
pub struct Negotiated {
    /// What it speaks on, with the handshakes over.
    pub stream: Stream,
    /// Whose connection it is: the peer's, or of whom a proxy says that it comes.
    pub peer: SocketAddr,
    /// There when it speaks WebSocket.
    pub websocket: Option<Box<WebSocketReader>>,
    /// Bytes read beyond the handshake.
    pub early: Vec<u8>,
}

impl Negotiated {
    /// Tells the peer why it is not let in after all: by code and reason of a close frame, or by
    /// `packet` without WebSocket.
    pub async fn refuse(mut self, (code, reason): (u16, &str), packet: Vec<u8>) {
        let word = match &mut self.websocket {
            Some(reader) => reader.close_frame(code, reason),
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
pub enum Upgrade {
    /// None does.
    Never,
    /// Those that ask for it.
    Allowed,
    /// All, or they are not taken.
    Required,
}

/// Returns what a peer is told whose first bytes are another protocol's; `None` of all others.
pub type WordForStrangers = fn(&[u8]) -> Option<&'static [u8]>;

/// What a handshake is held to.
pub struct Terms<'a> {
    /// What is done about TLS.
    pub tls: &'a Tls,
    /// Whether the peer waits for the server to speak first.
    pub is_silent: bool,
    /// Whether connections become WebSockets.
    pub upgrade: Upgrade,
    /// What those are held to that do.
    pub upgrade_terms: UpgradeTerms<'a>,
    /// Where the first packet has to be whole, up to its NUL, of peers that begin so, as far as the
    /// bytes go: which peers those are.
    pub reads_opening_of: Option<fn(&[u8]) -> bool>,
    /// Where another protocol shows in the first bytes: what its peers are told before they are let go.
    pub word_for_strangers: Option<WordForStrangers>,
    /// Counts the connection as one of the client that a proxy names, if there may be one more.
    pub count: &'a (dyn Fn(&mut Socket, SocketAddr) -> Result<(), CloseReason> + Sync),
}

/// Finds out what a connection speaks, and shakes hands accordingly.
///
/// # Errors
/// When the peer goes away or speaks nothing of this; it has been told where that is possible.
pub async fn negotiate(
    socket: Socket,
    terms: &Terms<'_>,
    patience: &Patience,
) -> io::Result<Negotiated> {
    let first_word = if terms.is_silent { FirstWord::Either } else { FirstWord::Peer };
    let mut stream = patience.wait(pin!(secure(socket, terms.tls, first_word))).await?;
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

/// Who speaks first on the connections of a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstWord {
    /// The peer.
    Peer,
    /// Perhaps the server, so that only a listener that requires TLS can have it.
    Either,
    /// The peer, and it is HTTP, whose versions are offered inside TLS.
    Http,
}

/// Shakes hands for TLS if the peer opens with it.
///
/// # Errors
/// When the peer goes away, or does not do as the listener asks.
pub async fn secure(socket: Socket, tls: &Tls, first_word: FirstWord) -> io::Result<Stream> {
    let is_required = matches!(tls, Tls::Required(_));
    if first_word == FirstWord::Either && !is_required {
        return Ok(Stream::Plain(socket));
    }
    let mut first = [0];
    if socket.peek(&mut first).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let acceptor = if first_word == FirstWord::Http { tls.http_acceptor() } else { tls.acceptor() };
    match acceptor {
        Some(acceptor) if first == [TLS_HANDSHAKE] => {
            // TLS needs many times the state of a plain connection: boxed, so that a storm of
            // plain connections stays small.
            Ok(Stream::Tls(Box::new(Box::pin(acceptor.accept(socket)).await?)))
        }
        _ if is_required => Err(Because::TlsRequired.into()),
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
        if let Some(word_for) = terms.word_for_strangers {
            read_more(stream, &mut early).await?;
            if let Some(word) = word_for(&early) {
                stream.write_all(word).await?;
                return Err(refused("the peer speaks another protocol than the listener"));
            }
        }
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
    if let Some(may_open) = terms.reads_opening_of {
        read_opening(stream, &mut early, may_open).await?;
    }
    Ok((None, early))
}

/// Reads on until the first packet is whole, as long as it may be one that has to be.
async fn read_opening(
    stream: &mut Stream,
    early: &mut Vec<u8>,
    may_open: fn(&[u8]) -> bool,
) -> io::Result<()> {
    while may_open(early) && memchr::memchr(0, early).is_none() && early.len() < OPENING_BYTES_MAX {
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
                stream.write_all(terms.upgrade_terms.texts.no_room).await?;
                return Err(io::Error::other(reason));
            }
            stream.write_all(&std::mem::take(&mut accepted.response)).await?;
            stream.flush().await?;
            Ok((accepted, rest))
        }
        Err(NotUpgraded { response, foreign: Some(client) }) => {
            // Told of also where its peer does not wait for the answer.
            _ = stream.write_all(&response).await;
            Err(TurnedAway { because: Because::ForeignOrigin, client: Some(client) }.into())
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

#[cfg(test)]
mod tests;
