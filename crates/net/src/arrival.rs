//! A connection that was accepted, and whose it is.

use std::{io, net::SocketAddr};

use rialto_domain::CloseReason;
use rialto_stopwatch::Moment;
use tokio::io::AsyncWriteExt as _;

use crate::{proxies::Proxies, proxy_head, socket::Socket, turned_away::Because};

/// A connection that was accepted.
pub struct Arrival {
    /// Its socket, and the place that it takes.
    pub socket: Socket,
    /// Where it comes from, as far as is known yet.
    pub peer: SocketAddr,
    /// When it was accepted.
    pub accepted: Moment,
    /// Whether a proxy says first for whom it connects.
    pub is_proxied: bool,
}

impl Arrival {
    /// Reads for whom the connection is where a proxy says so, and counts it as that one's with `count`;
    /// `refusal` is what that one is told if there may not be one more.
    ///
    /// # Errors
    /// When the connection ends, comes through no [trusted proxy](Because::UntrustedProxy), begins with no
    /// head of one, or is one too many; then the reason is inside.
    pub async fn identify(
        self,
        proxies: &Proxies,
        count: impl Fn(&mut Socket, SocketAddr) -> Result<(), CloseReason>,
        refusal: impl Fn(CloseReason) -> Vec<u8>,
    ) -> io::Result<(Socket, SocketAddr)> {
        let Arrival { mut socket, peer, is_proxied, .. } = self;
        if !is_proxied {
            return Ok((socket, peer));
        }
        if !proxies.trust(peer.ip()) {
            return Err(Because::UntrustedProxy.into());
        }
        // A proxy that connects for itself asks whether we are there.
        let Some(client) = proxy_head::read(&mut socket).await? else {
            return Ok((socket, peer));
        };
        // There may be one more proxy, which says by a header for whom.
        let is_client = !proxies.trust(client.ip());
        if is_client && let Err(reason) = count(&mut socket, client) {
            socket.write_all(&refusal(reason)).await?;
            return Err(io::Error::other(reason));
        }
        Ok((socket, client))
    }
}

#[cfg(test)]
mod tests;
