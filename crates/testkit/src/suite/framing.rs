//! The server's side of framing: what a client's bytes say, and how frames leave.

use tungstenite::{
    handshake::derive_accept_key,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

/// Control frames of a WebSocket have an opcode from here on.
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// What a client sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// One frame.
    Frame(String),
    /// Bytes that have to be written back: a handshake's answer, a pong.
    Answer(Vec<u8>),
    /// A WebSocket is ended by its peer, with the code.
    Close(u16),
    /// Something that no client may send.
    Broken(&'static str),
}

/// Cuts a client's bytes into pieces.
#[derive(Debug)]
pub(super) enum Framing {
    /// Each frame is ended by a NUL.
    Terminated(Vec<u8>),
    /// A WebSocket, whose handshake may still be to come.
    WebSocket {
        /// Bytes that are not a whole frame yet.
        read: Vec<u8>,
        /// The beginning of a message that comes in parts.
        message: Vec<u8>,
        /// Whether the handshake is done.
        is_open: bool,
    },
}

impl Framing {
    /// Frames on a socket.
    pub(super) fn terminated() -> Self {
        Framing::Terminated(Vec::new())
    }

    /// Frames on a WebSocket.
    pub(super) fn websocket() -> Self {
        Framing::WebSocket { read: Vec::new(), message: Vec::new(), is_open: false }
    }

    /// Takes bytes; returns what they complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        match self {
            Framing::Terminated(read) => {
                read.extend_from_slice(bytes);
                let mut from = 0;
                while let Some(length) = read[from..].iter().position(|byte| *byte == 0) {
                    if 0 < length {
                        pieces.push(frame(&read[from..from + length]));
                    }
                    from += length + 1;
                }
                read.drain(..from);
            }
            Framing::WebSocket { read, message, is_open } => {
                read.extend_from_slice(bytes);
                if !*is_open {
                    let Some(answer) = upgrade(read) else { return pieces };
                    *is_open = true;
                    pieces.push(answer);
                }
                while let Some(piece) = next_message(read, message) {
                    pieces.extend(piece);
                }
            }
        }
        pieces
    }
}

/// Returns the bytes of one frame, whatever its text is.
pub(super) fn encode(text: &str, is_websocket: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    if is_websocket {
        let frame = Frame::message(text.to_owned(), OpCode::Data(Data::Text), true);
        frame.format(&mut bytes).expect("a vector takes everything");
    } else {
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
    }
    bytes
}

/// Returns the bytes that end a WebSocket.
pub(super) fn encode_close(code: u16, text: &str) -> Vec<u8> {
    let body = [&code.to_be_bytes(), text.as_bytes()].concat();
    control_frame(CLOSE, &body)
}

/// Returns a control frame; its body has at most 125 bytes.
fn control_frame(opcode: u8, body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len()).expect("a control frame is short");
    [&[0x80 | opcode, length], body].concat()
}

fn frame(bytes: &[u8]) -> Piece {
    match std::str::from_utf8(bytes) {
        Ok(text) => Piece::Frame(text.to_owned()),
        Err(_) => Piece::Broken("a frame is not UTF-8"),
    }
}

/// Takes a handshake out of `read`, if the whole of it is there.
fn upgrade(read: &mut Vec<u8>) -> Option<Piece> {
    const END: &[u8] = b"\r\n\r\n";
    let end = read.windows(END.len()).position(|window| window == END)? + END.len();
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    read.drain(..end);
    let key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key").then_some(value.trim())
    });
    let Some(key) = key else { return Some(Piece::Broken("not the handshake of a WebSocket")) };
    let accept = derive_accept_key(key.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    Some(Piece::Answer(answer.into_bytes()))
}

/// Takes the next frame of a WebSocket out of `read`, if the whole of it is there; what it
/// completes may be nothing.
fn next_message(read: &mut Vec<u8>, message: &mut Vec<u8>) -> Option<Option<Piece>> {
    let (head, short) = (*read.first()?, *read.get(1)?);
    let is_masked = short & 0x80 != 0;
    let (at, length) = match short & 0x7f {
        126 => (4, usize::from(u16::from_be_bytes(read.get(2..4)?.try_into().ok()?))),
        127 => (10, usize::try_from(u64::from_be_bytes(read.get(2..10)?.try_into().ok()?)).ok()?),
        length => (2, usize::from(length)),
    };
    if !is_masked {
        read.clear();
        return Some(Some(Piece::Broken("a client's frame is not masked")));
    }
    let mask: [u8; 4] = read.get(at..at + 4)?.try_into().ok()?;
    let mut body = read.get(at + 4..at + 4 + length)?.to_vec();
    read.drain(..at + 4 + length);
    for (byte, mask) in body.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    Some(understood(head, &body, message))
}

fn understood(head: u8, body: &[u8], message: &mut Vec<u8>) -> Option<Piece> {
    match head & 0x0f {
        CLOSE => {
            let code = body.get(..2).map_or(1005, |code| u16::from_be_bytes([code[0], code[1]]));
            Some(Piece::Close(code))
        }
        PING => Some(Piece::Answer(control_frame(PONG, body))),
        PONG => None,
        0 | 1 => {
            message.extend_from_slice(body);
            let is_whole = head & 0x80 != 0;
            is_whole.then(|| frame(&std::mem::take(message)))
        }
        _ => Some(Piece::Broken("a binary message")),
    }
}

#[cfg(test)]
mod tests;
