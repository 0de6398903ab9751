//! From an accepted socket to a connection of which it is known what it speaks.

use std::{io, net::SocketAddr, pin::pin, sync::Arc};

use arc_swap::ArcSwap;
use rialto_domain::CloseReason;
use rialto_net::{ConnectionLimiter, Socket, Stream, read_proxy_head};
use rialto_session::ServerName;
use rialto_stopwatch::Moment;
use tokio::{io::AsyncWriteExt as _, sync::watch};

use crate::{
    audit::{Event, Reason, told},
    connection_limits::ConnectionLimits,
    entrance::{Entrance, Origin},
    handshake::{Negotiated, Terms, negotiate, secure},
    http::HttpService,
    hub::Hub,
    memcached::Cache,
    patience::Patience,
    proxies::Proxies,
    replicants::Replicants,
    service::ListenerProfile,
    tls::Tls,
    turned::{Turned, turned},
    websocket::UpgradeTerms,
};

/// A connection that was accepted.
pub(crate) struct Arrival {
    pub(crate) socket: Socket,
    /// Where it comes from, as far as is known yet.
    pub(crate) peer: SocketAddr,
    pub(crate) accepted: Moment,
    /// Whether a proxy says first for whom it connects.
    pub(crate) is_proxied: bool,
    pub(crate) entrance: Arc<Entrance>,
}

/// What all listeners share.
pub(crate) struct Acceptor {
    pub(crate) hub: Arc<Hub>,
    pub(crate) cache: Arc<Cache>,
    pub(crate) http: HttpService,
    pub(crate) limits: Arc<ArcSwap<ConnectionLimits>>,
    pub(crate) limiter: Arc<ConnectionLimiter>,
    pub(crate) outbox_bytes_max: usize,
    /// What this server calls itself.
    pub(crate) server: Arc<ServerName>,
    pub(crate) replicants: Arc<Replicants>,
    pub(crate) proxies: Arc<Proxies>,
    /// Becomes true when the server stops.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Acceptor {
    /// Notes that a connection is refused.
    pub(crate) fn note_refused(&self, origin: Origin<'_>, reason: CloseReason) {
        self.hub.count_refused();
        self.hub.audit.refused(origin, Event::Connection, || told::close_details(reason));
        let peer = origin.address;
        if self.limiter.begins_refusing() {
            tracing::warn!(%peer, %reason, "connections are refused");
        }
    }

    /// Returns how long a connection has to be through with its handshake.
    pub(crate) fn patience(&self, arrival: &Arrival) -> Patience {
        let deadline = arrival.accepted + self.limits.load().greeting_timeout;
        Patience { deadline, stopping: self.stopping.clone(), hub: self.hub.clone() }
    }

    /// Finds out whose connection it is that is none of the broker's, and shakes hands for TLS; `None`
    /// when that does not come about.
    pub(crate) async fn meet(
        &self,
        arrival: Arrival,
        tls: &Tls,
        refusal: &[u8],
        patience: &Patience,
    ) -> Option<(Stream, SocketAddr)> {
        let (entrance, mut peer) = (arrival.entrance.clone(), arrival.peer);
        let meeting = async {
            let socket;
            (socket, peer) = self.identify(arrival, |_| refusal.to_vec()).await?;
            secure(socket, tls, false).await
        };
        let met = { patience.wait(pin!(meeting)).await };
        match met {
            Ok(stream) => Some((stream, peer)),
            Err(error) => {
                self.note_failed(Origin { entrance: &entrance, address: peer }, &error);
                None
            }
        }
    }

    /// Reads for whom a connection is where a proxy says so, and counts it as that one's.
    async fn identify(
        &self,
        arrival: Arrival,
        refusal: impl Fn(CloseReason) -> Vec<u8>,
    ) -> io::Result<(Socket, SocketAddr)> {
        let Arrival { mut socket, peer, is_proxied, entrance, .. } = arrival;
        if !is_proxied {
            return Ok((socket, peer));
        }
        if !self.proxies.trust(peer.ip()) {
            return Err(turned("no proxy of access.trusted_proxies", Reason::UntrustedProxy));
        }
        // A proxy that connects for itself asks whether we are there.
        let Some(client) = read_proxy_head(&mut socket).await? else {
            return Ok((socket, peer));
        };
        // There may be one more proxy, which says by a header for whom.
        let is_client = !self.proxies.trust(client.ip());
        let origin = Origin { entrance: &entrance, address: client };
        if is_client && let Err(reason) = self.count(&mut socket, origin) {
            socket.write_all(&refusal(reason)).await?;
            return Err(io::Error::other(reason));
        }
        Ok((socket, client))
    }

    /// Counts a connection as one of a client, if there may be one more, and notes if there may not.
    fn count(&self, socket: &mut Socket, client: Origin<'_>) -> Result<(), CloseReason> {
        let counted = socket.count_from(client.address.ip());
        counted.inspect_err(|reason| self.note_refused(client, *reason))
    }

    fn note_failed(&self, origin: Origin<'_>, error: &io::Error) {
        if let Some(turned) = Turned::of(error) {
            let address = turned.client.unwrap_or(origin.address);
            let origin = Origin { address, ..origin };
            self.hub.audit.refused(origin, turned.event, || turned.details());
        }
        match error.kind() {
            // It is counted.
            io::ErrorKind::TimedOut => {}
            _ => tracing::debug!(%error, "the connection ended before its protocol was known"),
        }
    }

    pub(crate) fn note_end(&self, ended: io::Result<()>) {
        match ended {
            Err(error) if error.kind() != io::ErrorKind::TimedOut => {
                tracing::debug!(%error, "the connection failed");
            }
            _ => {}
        }
    }

    /// Finds out what a connection to the broker speaks; `None` when it ended before.
    pub(crate) async fn negotiate(
        &self,
        arrival: Arrival,
        listener: &ListenerProfile,
    ) -> Option<Negotiated> {
        let patience = self.patience(&arrival);
        let proxy = arrival.is_proxied.then_some(arrival.peer);
        let (entrance, mut peer) = (arrival.entrance.clone(), arrival.peer);
        let handshake = async {
            let named = self.identify(arrival, |reason| listener.refusal(reason));
            let socket;
            (socket, peer) = patience.wait(pin!(named)).await?;
            let upgrade_terms = UpgradeTerms {
                packet_bytes_max: self.limits.load().dialects.packet_bytes_max,
                origins: &listener.origins,
                proxies: &self.proxies,
                peer,
            };
            let count = &|socket: &mut Socket, address| {
                self.count(socket, Origin { entrance: &entrance, address })
            };
            let terms = Terms {
                tls: &listener.tls,
                is_silent: listener.speaks_first(),
                upgrade: listener.upgrade,
                upgrade_terms,
                looks_for: listener.looks_for(),
                count,
            };
            negotiate(socket, &terms, &patience).await
        };
        let mut negotiated = match handshake.await {
            Ok(negotiated) => negotiated,
            Err(error) => {
                self.note_failed(Origin { entrance: &entrance, address: peer }, &error);
                return None;
            }
        };
        // A proxy that connects for itself does not count.
        if proxy != Some(negotiated.peer)
            && let Err(reason) = self.count(
                negotiated.stream.socket_mut(),
                Origin { entrance: &entrance, address: negotiated.peer },
            )
        {
            negotiated.refuse(reason, listener.refusal(reason)).await;
            return None;
        }
        Some(negotiated)
    }
}
