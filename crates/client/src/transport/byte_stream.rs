//! What carries bytes, and its bounds.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

/// Longest packet taken from a broker; the longest a broker can be set to let through.
pub(super) const PACKET_BYTES_MAX: usize = 256 << 20;

/// How an end of the stream without a word is reported.
pub(super) fn closed_by_broker() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the broker closed it")
}

/// A byte stream, plain or encrypted.
pub(crate) trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for S {}
