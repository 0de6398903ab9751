//! The head that a proxy puts before a connection (PROXY protocol, versions 1 and 2).
//!
//! It is read to its last byte and not beyond, so that the connection goes on as if its client had
//! opened it.

use std::{io, net::SocketAddr};

use proxy_header::{ParseConfig, ProxyHeader};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// What a head of version 2 begins with.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Bytes of version 2 up to the length of what follows, which stands in the last two.
const FIXED_BYTES: usize = 16;
/// Bytes of the shortest head of version 1, which is shorter than any of version 2.
const SHORTEST_BYTES: usize = b"PROXY UNKNOWN\r\n".len();
/// Bytes of the longest one.
const LINE_BYTES_MAX: usize = 107;

/// Reads the head, and returns the address of the client; `None` when the proxy connects for itself,
/// or does not know for whom.
///
/// # Errors
/// When the connection ends, or begins with something else.
pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<SocketAddr>> {
    let mut head = vec![0; SHORTEST_BYTES];
    stream.read_exact(&mut head).await?;
    if head.starts_with(SIGNATURE) {
        head.resize(FIXED_BYTES, 0);
        stream.read_exact(&mut head[SHORTEST_BYTES..]).await?;
        let rest_bytes = u16::from_be_bytes([head[FIXED_BYTES - 2], head[FIXED_BYTES - 1]]);
        head.resize(FIXED_BYTES + usize::from(rest_bytes), 0);
        stream.read_exact(&mut head[FIXED_BYTES..]).await?;
    } else {
        while head.starts_with(b"PROXY ") && !head.ends_with(b"\r\n") && head.len() < LINE_BYTES_MAX
        {
            head.push(stream.read_u8().await?);
        }
    }
    let config = ParseConfig { include_tlvs: false, ..ParseConfig::default() };
    let invalid = |_| io::Error::new(io::ErrorKind::InvalidData, "no head of the PROXY protocol");
    let (parsed, _) = ProxyHeader::parse(&head, config).map_err(invalid)?;
    let client = parsed.proxied_address().map(|address| address.source);
    Ok(client.map(|client| SocketAddr::new(client.ip().to_canonical(), client.port())))
}

#[cfg(test)]
mod tests;
