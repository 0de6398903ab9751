//! JMQT over WebSocket: each packet is a text message.

use std::io;
use std::task::{Context, Poll, ready};

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use crate::endpoint::Endpoint;
use crate::error::ClosedWith;
use crate::incoming::Incoming;

use super::byte_stream::{ByteStream, PACKET_BYTES_MAX, closed_by_broker};
use super::outgoing::Outgoing;

/// Frames handed over at once, so that a flood does not keep the owner from its other work.
const FRAMES_MAX: usize = 256;

pub(super) struct WebSocket {
    stream: Box<Upgraded>,
    /// How it ended, while the frames before the end are being dealt with.
    end: Option<io::Error>,
}

impl WebSocket {
    /// Asks for WebSocket.
    ///
    /// # Errors
    /// What the WebSocket library says, or the stream under it.
    pub(super) async fn upgrade(
        stream: Box<dyn ByteStream>,
        endpoint: &Endpoint,
    ) -> io::Result<Self> {
        let stream = upgrade(stream, endpoint).await?;
        Ok(WebSocket { stream: Box::new(stream), end: None })
    }

    /// Appends at least one frame.
    pub(super) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        frames: &mut Vec<Incoming>,
    ) -> Poll<io::Result<()>> {
        if let Some(end) = self.end.take() {
            return Poll::Ready(Err(end));
        }
        while frames.len() < FRAMES_MAX {
            let end = match self.stream.poll_next_unpin(context) {
                Poll::Ready(Some(Ok(Message::Text(text)))) => {
                    frames.push(Incoming::read(text.as_bytes()));
                    continue;
                }
                Poll::Ready(Some(Ok(Message::Close(close)))) => {
                    // Sends the answer to it, as far as that goes without waiting.
                    let _ = self.stream.poll_flush_unpin(context);
                    close.as_ref().map_or_else(closed_by_broker, closed_with)
                }
                Poll::Ready(Some(Ok(_))) => continue,
                Poll::Ready(Some(Err(error))) => into_io(error),
                Poll::Ready(None) => closed_by_broker(),
                Poll::Pending if frames.is_empty() => return Poll::Pending,
                Poll::Pending => break,
            };
            if frames.is_empty() {
                return Poll::Ready(Err(end));
            }
            self.end = Some(end);
            break;
        }
        Poll::Ready(Ok(()))
    }

    /// Writes all of `outgoing`, and flushes it.
    pub(super) fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        outgoing: &mut Outgoing,
    ) -> Poll<io::Result<()>> {
        while !outgoing.rest().is_empty() {
            ready!(self.stream.poll_ready_unpin(context)).map_err(into_io)?;
            let rest = outgoing.rest();
            let end = memchr::memchr(0, rest).unwrap_or(rest.len());
            let text = std::str::from_utf8(&rest[..end]).map_err(io::Error::other)?;
            let message = Message::Text(Utf8Bytes::from(text));
            outgoing.advance(rest.len().min(end + 1));
            self.stream.start_send_unpin(message).map_err(into_io)?;
        }
        self.stream.poll_flush_unpin(context).map_err(into_io)
    }

    pub(super) async fn shutdown(&mut self) -> io::Result<()> {
        // Named, since a box of a sink is a sink itself, and has a `close` of its own.
        WebSocketStream::close(&mut self.stream, None).await.map_err(into_io)
    }
}

/// A byte stream that speaks WebSocket.
pub(crate) type Upgraded = WebSocketStream<Box<dyn ByteStream>>;

/// Asks for WebSocket.
///
/// # Errors
/// What the WebSocket library says, or the stream under it.
pub(crate) async fn upgrade(
    stream: Box<dyn ByteStream>,
    endpoint: &Endpoint,
) -> io::Result<Upgraded> {
    let config = WebSocketConfig::default()
        .max_message_size(Some(PACKET_BYTES_MAX))
        .max_frame_size(Some(PACKET_BYTES_MAX));
    let url = endpoint.websocket_url();
    let (stream, _) = tokio_tungstenite::client_async_with_config(url, stream, Some(config))
        .await
        .map_err(into_io)?;
    Ok(stream)
}

fn closed_with(close: &CloseFrame) -> io::Error {
    io::Error::other(ClosedWith { code: close.code.into(), text: close.reason.to_string() })
}

pub(crate) fn into_io(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        Error::ConnectionClosed | Error::AlreadyClosed => closed_by_broker(),
        other => io::Error::other(other),
    }
}
