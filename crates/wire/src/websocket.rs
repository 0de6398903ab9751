//! The one piece of WebSocket framing written here: unmasked frames of a server.
//!
//! A server frame is the same for every receiver, so it is encoded once and shared. Everything
//! else (handshake, masking, fragments, answers to control frames) is the library's work.

/// First byte of a final text frame (RFC 6455, 5.2).
const FINAL_TEXT: u8 = 0x81;
/// First byte of a ping frame.
const FINAL_PING: u8 = 0x89;
const LENGTH_IS_U16: u8 = 126;
const LENGTH_IS_U64: u8 = 127;

/// Appends one text frame whose payload `write` appends.
///
/// # Cost
/// The payload is moved by 2, 4 or 10 bytes once its length is known.
pub fn put_text_frame(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    write(out);
    let payload_bytes = out.len() - start;

    let mut header = [FINAL_TEXT, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let header_bytes = match payload_bytes {
        0..=125 => {
            header[1] = payload_bytes as u8;
            2
        }
        126..=0xFFFF => {
            header[1] = LENGTH_IS_U16;
            header[2..4].copy_from_slice(&(payload_bytes as u16).to_be_bytes());
            4
        }
        _ => {
            header[1] = LENGTH_IS_U64;
            header[2..10].copy_from_slice(&(payload_bytes as u64).to_be_bytes());
            10
        }
    };
    out.resize(out.len() + header_bytes, 0);
    out.copy_within(start..start + payload_bytes, start + header_bytes);
    out[start..start + header_bytes].copy_from_slice(&header[..header_bytes]);
}

/// Appends a ping without a payload (RFC 6455, 5.5.2), which the other end answers by itself.
pub fn put_ping_frame(out: &mut Vec<u8>) {
    out.extend_from_slice(&[FINAL_PING, 0]);
}

#[cfg(test)]
mod tests;
