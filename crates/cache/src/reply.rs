//! What answers are made of.

/// Bytes of reply after which a session waits until they are written.
pub const REPLY_BYTES_MAX: usize = 64 << 10;

/// Writes a line behind `reply`.
pub(crate) fn say(reply: &mut Vec<u8>, line: &str) {
    reply.extend_from_slice(line.as_bytes());
    reply.extend_from_slice(b"\r\n");
}
