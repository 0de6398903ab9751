//! As much of WebSocket (RFC 6455) as a load generator needs, client side, without extensions.

use anyhow::{Result, bail, ensure};
use memchr::{memchr, memmem};

/// How a protocol's byte stream travels in WebSocket messages.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Carriage {
    /// Each frame is a text message of its own, without the terminator it has on a socket.
    TextMessages { terminator: u8 },
    /// Binary messages hold any piece of the stream.
    BinaryStream,
}

const OPCODE_CONTINUATION: u8 = 0;
const OPCODE_TEXT: u8 = 1;
const OPCODE_BINARY: u8 = 2;
const OPCODE_CLOSE: u8 = 8;
const OPCODE_PING: u8 = 9;
const OPCODE_PONG: u8 = 10;

const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;

/// Fixed: no proxy stands between us and the server, and a server must not trust it anyway. Not
/// zero, so that no server is spared the work of unmasking.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// The sample key of RFC 6455, section 1.3, and what a server makes of it.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &[u8] = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Returns the HTTP request that asks for the upgrade.
pub(crate) fn request(host: &str) -> String {
    format!(
        "GET / HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
}

/// Returns the length of the server's whole answer at the front of `bytes`, if it is there.
///
/// # Errors
/// When the server refuses to upgrade.
pub(crate) fn response_bytes(bytes: &[u8]) -> Result<Option<usize>> {
    let Some(end) = memmem::find(bytes, b"\r\n\r\n") else { return Ok(None) };
    let head = &bytes[..end];
    let is_accepted = head.starts_with(b"HTTP/1.1 101") && memmem::find(head, ACCEPT).is_some();
    ensure!(is_accepted, "upgrade refused: {}", String::from_utf8_lossy(head));
    Ok(Some(end + 4))
}

/// Appends `plain`, which must hold whole frames, as the messages that carry it.
pub(crate) fn wrap(carriage: Carriage, plain: &[u8], out: &mut Vec<u8>) {
    match carriage {
        Carriage::BinaryStream if plain.is_empty() => {}
        Carriage::BinaryStream => put_message(OPCODE_BINARY, plain, out),
        Carriage::TextMessages { terminator } => {
            let mut rest = plain;
            while let Some(end) = memchr(terminator, rest) {
                put_message(OPCODE_TEXT, &rest[..end], out);
                rest = &rest[end + 1..];
            }
        }
    }
}

fn put_message(opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(FINAL | opcode);
    let length = payload.len();
    if length < 126 {
        out.push(MASKED | length as u8);
    } else if let Ok(length) = u16::try_from(length) {
        out.push(MASKED | 126);
        out.extend_from_slice(&length.to_be_bytes());
    } else {
        out.push(MASKED | 127);
        out.extend_from_slice(&(length as u64).to_be_bytes());
    }
    out.extend_from_slice(&MASK);
    let start = out.len();
    out.extend_from_slice(payload);
    mask(&mut out[start..]);
}

fn mask(bytes: &mut [u8]) {
    // Eight bytes a step: a plain cycle over the key is not vectorised.
    let [a, b, c, d] = MASK;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let mut chunks = bytes.chunks_exact_mut(8);
    for chunk in &mut chunks {
        let word = u64::from_ne_bytes([
            chunk[0], chunk[1], chunk[2], chunk[3], chunk[4], chunk[5], chunk[6], chunk[7],
        ]);
        chunk.copy_from_slice(&(word ^ wide).to_ne_bytes());
    }
    for (byte, key) in chunks.into_remainder().iter_mut().zip(MASK.iter().cycle()) {
        *byte ^= key;
    }
}

/// Takes WebSocket frames apart, whatever pieces they come in.
#[derive(Debug, Default)]
pub(crate) struct Unwrapper {
    /// Payload of the current data frame that is still to come.
    payload_bytes_left: usize,
    /// The current data frame is the last of its message.
    is_final: bool,
}

struct Header {
    bytes: usize,
    opcode: u8,
    is_final: bool,
    payload_bytes: usize,
}

impl Unwrapper {
    /// Appends the payloads found in `raw` to `stream`, and answers to pings to `out`.
    ///
    /// Returns how much of `raw` was used; the rest must be offered again with more behind it.
    ///
    /// # Errors
    /// When the server closes, or says what RFC 6455 does not allow it.
    pub(crate) fn unwrap(
        &mut self,
        carriage: Carriage,
        raw: &[u8],
        stream: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<usize> {
        let mut used = self.take_payload(carriage, raw, stream);
        while let Some(header) = header(&raw[used..])? {
            let payload = &raw[used + header.bytes..];
            if OPCODE_CLOSE <= header.opcode {
                let Some(payload) = payload.get(..header.payload_bytes) else { break };
                answer_control(header.opcode, payload, out)?;
                used += header.bytes + header.payload_bytes;
                continue;
            }
            self.payload_bytes_left = header.payload_bytes;
            self.is_final = header.is_final;
            used += header.bytes;
            if header.payload_bytes == 0 {
                self.end_frame(carriage, stream);
            } else {
                used += self.take_payload(carriage, payload, stream);
            }
        }
        Ok(used)
    }

    fn take_payload(&mut self, carriage: Carriage, raw: &[u8], stream: &mut Vec<u8>) -> usize {
        let taken = raw.len().min(self.payload_bytes_left);
        if taken != 0 {
            stream.extend_from_slice(&raw[..taken]);
            self.payload_bytes_left -= taken;
            if self.payload_bytes_left == 0 {
                self.end_frame(carriage, stream);
            }
        }
        taken
    }

    fn end_frame(&self, carriage: Carriage, stream: &mut Vec<u8>) {
        if let Carriage::TextMessages { terminator } = carriage
            && self.is_final
        {
            stream.push(terminator);
        }
    }
}

/// Reads a frame header; `None` while it is incomplete.
fn header(raw: &[u8]) -> Result<Option<Header>> {
    let &[first, second, ref rest @ ..] = raw else { return Ok(None) };
    let opcode = first & 0x0f;
    ensure!(first & 0x70 == 0, "frame with reserved bits: {first:#x}");
    ensure!(second & MASKED == 0, "masked frame of a server");
    let known = [OPCODE_CONTINUATION, OPCODE_TEXT, OPCODE_BINARY, OPCODE_CLOSE, OPCODE_PING];
    ensure!(known.contains(&opcode) || opcode == OPCODE_PONG, "unknown opcode {opcode}");
    let (bytes, payload_bytes) = match second {
        126 => match *rest {
            [a, b, ..] => (4, u64::from(u16::from_be_bytes([a, b]))),
            _ => return Ok(None),
        },
        127 => match *rest {
            [a, b, c, d, e, f, g, h, ..] => (10, u64::from_be_bytes([a, b, c, d, e, f, g, h])),
            _ => return Ok(None),
        },
        short => (2, u64::from(short)),
    };
    let payload_bytes = usize::try_from(payload_bytes)?;
    Ok(Some(Header { bytes, opcode, is_final: first & FINAL != 0, payload_bytes }))
}

fn answer_control(opcode: u8, payload: &[u8], out: &mut Vec<u8>) -> Result<()> {
    match opcode {
        OPCODE_PING => put_message(OPCODE_PONG, payload, out),
        OPCODE_PONG => {}
        _ => bail!("server closes the WebSocket: {}", String::from_utf8_lossy(payload)),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
