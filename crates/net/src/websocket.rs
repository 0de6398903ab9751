//! WebSocket on bytes that were read already: handshake and reading by tungstenite, in memory.
//!
//! tungstenite is given a [`Tap`] for a stream: it reads what a connection's task read, and what it
//! writes by itself (handshake, pongs, close replies) is taken out and sent like everything else.

use std::{
    cell::Cell,
    io::{self, Read, Write},
    net::SocketAddr,
    sync::Arc,
};

use arc_swap::ArcSwap;
use rialto_domain::CloseReason;
use tungstenite::{
    Error, Message, Utf8Bytes, WebSocket,
    error::{CapacityError, ProtocolError},
    handshake::server::{ErrorResponse, Request, Response},
    http::HeaderValue,
    protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode},
};

use crate::proxies::Proxies;

/// What tungstenite reads at once. Small, because each connection keeps a buffer of this size.
const READ_BUFFER_BYTES: usize = 1024;

/// The receiving half of a WebSocket connection.
pub struct WebSocketReader {
    socket: WebSocket<Tap>,
    /// Whether a close frame has gone out, which must be the last.
    close_sent: bool,
}

/// A stream in memory.
#[derive(Debug, Default)]
struct Tap {
    input: Vec<u8>,
    consumed: usize,
    output: Vec<u8>,
}

/// Which web pages may connect.
#[derive(Debug, Default)]
pub struct Origins(ArcSwap<Vec<String>>);

/// What an upgrade is held to.
pub struct UpgradeTerms<'a> {
    /// Bytes of the largest message.
    pub message_bytes_max: usize,
    /// Which pages may connect.
    pub origins: &'a Origins,
    /// Whose word about whose connection it is counts.
    pub proxies: &'a Proxies,
    /// What is told to those that are not taken.
    pub texts: &'a UpgradeTexts,
    /// Where the connection comes from, as far as is known before the request is read.
    pub peer: SocketAddr,
}

/// What peers are told whose upgrade does not come about.
#[derive(Debug)]
pub struct UpgradeTexts {
    /// That pages of this origin may not connect: a line of text.
    pub foreign_origin: &'static str,
    /// That nothing but WebSocket is spoken here in HTTP: a line of text.
    pub upgrade_required: &'static str,
    /// That there is no room for the client for which a proxy connects: a whole response.
    pub no_room: &'static [u8],
}

/// What one read held.
#[derive(Debug, Default)]
pub struct Messages {
    /// Whole text messages, in order.
    pub texts: Vec<Utf8Bytes>,
    /// Control frames to send in answer.
    pub answers: Vec<u8>,
    /// Why nothing can follow.
    pub end: Option<CloseReason>,
}

/// An upgrade that was answered.
pub struct Accepted {
    /// What reads on.
    pub reader: WebSocketReader,
    /// Whose connection it is, as far as a proxy says so.
    pub peer: SocketAddr,
    /// The HTTP response.
    pub response: Vec<u8>,
}

/// An upgrade that did not come about.
pub struct NotUpgraded {
    /// The HTTP response.
    pub response: Vec<u8>,
    /// Whose connection it is, where it is a page that may not connect.
    pub foreign: Option<SocketAddr>,
}

impl Origins {
    /// Lets pages of these origins connect; of any, if there are none.
    pub fn replace(&self, origins: Vec<String>) {
        self.0.store(Arc::new(origins));
    }

    /// Says whether a request with this `Origin` may connect. Browsers always send one; what sends
    /// none is no page.
    fn admit(&self, origin: Option<&HeaderValue>) -> bool {
        let origins = self.0.load();
        let Some(origin) = origin.filter(|_| !origins.is_empty()) else { return true };
        origins.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(origin.as_bytes()))
    }
}

impl WebSocketReader {
    /// Answers an upgrade request, given whole. Any path is taken (J-6), and any origin unless some
    /// are given.
    ///
    /// # Errors
    /// The HTTP response that says what is wrong with it.
    pub fn accept(request: &[u8], terms: &UpgradeTerms<'_>) -> Result<Accepted, NotUpgraded> {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .max_message_size(Some(terms.message_bytes_max))
            .max_frame_size(Some(terms.message_bytes_max));
        let tap = Tap { input: request.to_vec(), ..Tap::default() };
        let (is_foreign, peer) = (Cell::new(false), Cell::new(terms.peer));
        #[expect(clippy::result_large_err, reason = "tungstenite's own signature")]
        let check = |request: &Request, response: Response| {
            is_foreign.set(!terms.origins.admit(request.headers().get("origin")));
            peer.set(terms.proxies.client(terms.peer, request.headers()));
            if is_foreign.get() { Err(ErrorResponse::new(None)) } else { Ok(response) }
        };
        match tungstenite::accept_hdr_with_config(tap, check, Some(config)) {
            Ok(mut socket) => {
                let response = std::mem::take(&mut socket.get_mut().output);
                let reader = WebSocketReader { socket, close_sent: false };
                Ok(Accepted { reader, peer: peer.get(), response })
            }
            Err(_) if is_foreign.get() => Err(NotUpgraded {
                response: foreign_origin(terms.texts),
                foreign: Some(peer.get()),
            }),
            Err(_) => Err(NotUpgraded { response: upgrade_required(terms.texts), foreign: None }),
        }
    }

    /// Takes what one read gave.
    pub fn push(&mut self, input: &[u8]) -> Messages {
        self.socket.get_mut().input.extend_from_slice(input);
        let mut messages = Messages::default();
        while messages.end.is_none() {
            match self.socket.read() {
                Ok(Message::Text(text)) => messages.texts.push(text),
                Ok(Message::Binary(_)) => messages.end = Some(CloseReason::BinaryMessage),
                Ok(Message::Close(_)) => {
                    self.close_sent = true;
                    messages.end = Some(CloseReason::Ended);
                }
                Ok(_) => {}
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => messages.end = Some(close_reason(&error)),
            }
        }
        // Pongs and close replies wait inside tungstenite until it is told to write.
        _ = self.socket.flush();
        messages.answers = std::mem::take(&mut self.socket.get_mut().output);
        messages
    }

    /// Returns the close frame to end with, or nothing if one has gone out already.
    pub fn close_frame(&mut self, code: u16, reason: &str) -> Vec<u8> {
        if self.close_sent {
            return Vec::new();
        }
        let frame = CloseFrame { code: CloseCode::from(code), reason: reason.into() };
        // The tap takes everything; an error means that the peer has closed already.
        _ = self.socket.close(Some(frame));
        _ = self.socket.flush();
        std::mem::take(&mut self.socket.get_mut().output)
    }
}

fn close_reason(error: &Error) -> CloseReason {
    match error {
        Error::Utf8(_) => CloseReason::InvalidText,
        Error::Capacity(CapacityError::MessageTooLong { max_size, .. }) => {
            CloseReason::PacketTooLarge { limit: *max_size }
        }
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => CloseReason::Ended,
        _ => CloseReason::ProtocolError,
    }
}

fn foreign_origin(texts: &UpgradeTexts) -> Vec<u8> {
    let text = texts.foreign_origin;
    format!(
        "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Type: text/plain\r\n\
         Content-Length: {}\r\n\r\n{text}",
        text.len()
    )
    .into_bytes()
}

fn upgrade_required(texts: &UpgradeTexts) -> Vec<u8> {
    let text = texts.upgrade_required;
    format!(
        "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n\
         Content-Type: text/plain\r\nContent-Length: {}\r\n\r\n{text}",
        text.len()
    )
    .into_bytes()
}

impl Read for Tap {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = &self.input[self.consumed..];
        if rest.is_empty() {
            (self.input, self.consumed) = (Vec::new(), 0);
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.consumed += count;
        Ok(count)
    }
}

impl Write for Tap {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
