//! The two halves of a connection, whatever carries it.

use std::io;

#[cfg(feature = "websocket")]
use futures_util::stream::{SplitSink, SplitStream};
#[cfg(feature = "websocket")]
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf, split};
#[cfg(feature = "websocket")]
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::transport::ByteStream;
#[cfg(feature = "websocket")]
use crate::transport::{Upgraded, into_io};

/// Bytes read at once.
const READ_BYTES: usize = 64 << 10;

/// The receiving half.
pub(super) enum Reader {
    Stream {
        half: ReadHalf<Box<dyn ByteStream>>,
        buffer: Vec<u8>,
    },
    #[cfg(feature = "websocket")]
    WebSocket {
        half: SplitStream<Upgraded>,
        text: Utf8Bytes,
    },
}

/// The sending half.
pub(super) enum Writer {
    Stream(WriteHalf<Box<dyn ByteStream>>),
    #[cfg(feature = "websocket")]
    WebSocket(SplitSink<Upgraded, Message>),
}

/// Divides a plain or encrypted stream.
pub(super) fn halves(stream: Box<dyn ByteStream>) -> (Reader, Writer) {
    let (half, writer) = split(stream);
    (Reader::Stream { half, buffer: vec![0; READ_BYTES] }, Writer::Stream(writer))
}

/// Divides a WebSocket.
#[cfg(feature = "websocket")]
pub(super) fn websocket_halves(stream: Upgraded) -> (Reader, Writer) {
    let (writer, half) = stream.split();
    (Reader::WebSocket { half, text: Utf8Bytes::default() }, Writer::WebSocket(writer))
}

impl Reader {
    /// Returns the next bytes, or the next text message. Cancel-safe.
    pub(super) async fn read(&mut self) -> io::Result<&[u8]> {
        match self {
            Reader::Stream { half, buffer } => {
                let count = half.read(buffer).await?;
                if count == 0 { Err(closed()) } else { Ok(&buffer[..count]) }
            }
            #[cfg(feature = "websocket")]
            Reader::WebSocket { half, text } => loop {
                match half.next().await {
                    Some(Ok(Message::Text(next))) => {
                        *text = next;
                        return Ok(text.as_bytes());
                    }
                    Some(Ok(Message::Close(_))) | None => return Err(closed()),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(into_io(error)),
                }
            },
        }
    }
}

impl Writer {
    /// Writes bytes, or one text message.
    pub(super) async fn write(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        match self {
            Writer::Stream(half) => {
                half.write_all(&bytes).await?;
                half.flush().await
            }
            #[cfg(feature = "websocket")]
            Writer::WebSocket(half) => {
                let text = String::from_utf8(bytes).map_err(io::Error::other)?;
                half.send(Message::Text(text.into())).await.map_err(into_io)
            }
        }
    }

    /// Says that nothing follows.
    pub(super) async fn shut(&mut self) -> io::Result<()> {
        match self {
            Writer::Stream(half) => half.shutdown().await,
            #[cfg(feature = "websocket")]
            Writer::WebSocket(half) => half.close().await.map_err(into_io),
        }
    }
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed it")
}
