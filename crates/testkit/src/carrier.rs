//! Frames on a stream: the four ways to tell where one ends.

use std::{io, ops::Range};

use tungstenite::{
    Error, Message, Utf8Bytes, WebSocket,
    error::ProtocolError,
    protocol::{
        Role, WebSocketConfig,
        frame::{
            Frame,
            coding::{Data, OpCode},
        },
    },
};

use crate::{Ending, transport::Stream};

/// What ends a frame on a socket.
const TERMINATOR: u8 = 0;
/// What ends a message of PubSubX.
const END_MARK: &[u8] = b"\n\nx";

/// How frames are told apart on a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// JMQT: each is ended by a NUL.
    Terminated,
    /// CoreMQ: before each stand `+`, the count of its characters and a blank.
    Counted,
    /// PubSubX: each is ended by two line feeds and an `x`.
    Marked,
}

/// A stream of frames.
pub(crate) enum Carrier {
    /// A socket; with what was read beyond the frames taken.
    Socket(Box<dyn Stream>, Framing, Vec<u8>),
    /// Each a text message.
    WebSocket(Box<WebSocket<Box<dyn Stream>>>),
}

impl Carrier {
    /// Makes the carrier of a WebSocket whose handshake is done, and behind which `early` was read.
    pub(crate) fn websocket(stream: Box<dyn Stream>, early: Vec<u8>) -> Self {
        let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
        let websocket = WebSocket::from_partially_read(stream, early, Role::Client, Some(config));
        Carrier::WebSocket(Box::new(websocket))
    }

    /// Sends frames, all in one write if they are not too many.
    pub(crate) fn send(&mut self, frames: &[&[u8]]) -> io::Result<()> {
        match self {
            Carrier::Socket(stream, framing, _) => {
                let mut bytes = Vec::new();
                for frame in frames {
                    framing.put(frame, &mut bytes);
                }
                stream.write_all(&bytes)?;
                stream.flush()
            }
            Carrier::WebSocket(websocket) => {
                for frame in frames {
                    websocket.write(message(frame)).map_err(io_error)?;
                }
                websocket.flush().map_err(io_error)
            }
        }
    }

    /// Sends bytes as they are.
    pub(crate) fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        let stream = self.stream();
        stream.write_all(bytes)?;
        stream.flush()
    }

    /// Reads what comes as it is.
    pub(crate) fn read_to_end(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.stream().read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn stream(&mut self) -> &mut dyn Stream {
        match self {
            Carrier::Socket(stream, ..) => stream,
            Carrier::WebSocket(websocket) => websocket.get_mut(),
        }
    }

    /// Returns the WebSocket.
    ///
    /// # Panics
    /// When it is a socket.
    #[track_caller]
    pub(crate) fn as_websocket(&mut self) -> &mut WebSocket<Box<dyn Stream>> {
        match self {
            Carrier::WebSocket(websocket) => websocket,
            Carrier::Socket(..) => panic!("not a WebSocket"),
        }
    }

    /// Says whether a frame of a socket was read already, and not taken.
    pub(crate) fn has_frame(&self) -> bool {
        match self {
            Carrier::Socket(_, framing, read) => framing.find(read, 0).is_some(),
            Carrier::WebSocket(_) => false,
        }
    }

    /// Returns the next frame, or how the stream ended.
    #[track_caller]
    pub(crate) fn next_frame(&mut self) -> Result<String, Ending> {
        match self {
            Carrier::Socket(stream, framing, read) => next_framed(stream.as_mut(), *framing, read),
            Carrier::WebSocket(websocket) => next_message(websocket),
        }
    }
}

/// Makes a text message, also of what is no text.
fn message(frame: &[u8]) -> Message {
    match Utf8Bytes::try_from(frame.to_vec()) {
        Ok(text) => Message::Text(text),
        Err(_) => Message::Frame(Frame::message(frame.to_vec(), OpCode::Data(Data::Text), true)),
    }
}

impl Framing {
    /// Appends a frame.
    pub(crate) fn put(self, frame: &[u8], out: &mut Vec<u8>) {
        match self {
            Framing::Terminated => {
                out.extend_from_slice(frame);
                out.push(TERMINATOR);
            }
            Framing::Counted => {
                let chars = String::from_utf8_lossy(frame).chars().count();
                out.extend_from_slice(format!("+{chars} ").as_bytes());
                out.extend_from_slice(frame);
            }
            Framing::Marked => {
                out.extend_from_slice(frame);
                out.extend_from_slice(END_MARK);
            }
        }
    }

    /// Finds the first frame of `read`, and how many bytes it takes with what belongs to it.
    /// `searched` bytes were there without one before.
    fn find(self, read: &[u8], searched: usize) -> Option<(Range<usize>, usize)> {
        match self {
            Framing::Terminated => {
                let end =
                    searched + read[searched..].iter().position(|byte| *byte == TERMINATOR)?;
                Some((0..end, end + 1))
            }
            Framing::Marked => {
                // An end may be cut.
                let from = searched.saturating_sub(END_MARK.len());
                let mut windows = read[from..].windows(END_MARK.len());
                let end = from + windows.position(|window| window == END_MARK)?;
                Some((0..end, end + END_MARK.len()))
            }
            Framing::Counted => {
                let start = 1 + read.iter().position(|byte| *byte == b' ')?;
                let header = std::str::from_utf8(&read[..start]).unwrap_or_default();
                let count = header.trim_end().strip_prefix('+').and_then(|it| it.parse().ok());
                let count: usize = count.unwrap_or_else(|| panic!("{header:?} is no header"));
                // None has more characters than bytes.
                let bytes = read.get(start..).filter(|bytes| count <= bytes.len())?;
                let length = if bytes[..count].is_ascii() {
                    count
                } else {
                    let text = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
                    let (at, last) = text.char_indices().nth(count.checked_sub(1)?)?;
                    at + last.len_utf8()
                };
                Some((start..start + length, start + length))
            }
        }
    }
}

#[track_caller]
fn next_framed(
    stream: &mut dyn Stream,
    framing: Framing,
    read: &mut Vec<u8>,
) -> Result<String, Ending> {
    let mut searched = 0;
    loop {
        if let Some((frame, length)) = framing.find(read, searched) {
            let rest = read.split_off(length);
            let whole = std::mem::replace(read, rest);
            let frame = whole[frame].to_vec();
            return Ok(String::from_utf8(frame).expect("the broker sends UTF-8"));
        }
        searched = read.len();
        let mut piece = [0; 16 << 10];
        match stream.read(&mut piece) {
            Ok(0) if read.is_empty() => return Err(Ending::Eof),
            Ok(0) => return Err(Ending::Cut),
            Ok(count) => read.extend_from_slice(&piece[..count]),
            Err(error) => return Err(Ending::of(&error)),
        }
    }
}

#[track_caller]
fn next_message(websocket: &mut WebSocket<Box<dyn Stream>>) -> Result<String, Ending> {
    loop {
        match websocket.read() {
            Ok(Message::Text(text)) => return Ok(text.to_string()),
            Ok(Message::Close(frame)) => {
                // Sends the answer, which the broker waits for.
                _ = websocket.flush();
                let (code, reason) = frame.map_or((1005, String::new()), |frame| {
                    (frame.code.into(), frame.reason.to_string())
                });
                return Err(Ending::Closed { code, reason });
            }
            Ok(Message::Ping(_) | Message::Pong(_)) => {}
            Ok(other) => panic!("the broker sent {other:?}"),
            Err(Error::Io(error)) => return Err(Ending::of(&error)),
            Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => {
                return Err(Ending::Cut);
            }
            Err(error) => panic!("the broker broke the WebSocket protocol: {error}"),
        }
    }
}

pub(crate) fn io_error(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        other => io::Error::other(other.to_string()),
    }
}
