//! From an accepted socket to a connection of which it is known what it speaks.

use std::{io, net::SocketAddr, pin::pin, sync::Arc};

use arc_swap::ArcSwap;
use rialto_domain::CloseReason;
use rialto_net::{
    Arrival, FirstWord, Gate, Negotiated, Patience, Socket, Stream, Terms, Tls, UpgradeTerms,
    UpgradeTexts, negotiate, secure,
};
use rialto_session::{ServerName, close_code, close_text};
use tokio::sync::watch;

use crate::{
    audit::{Event, told},
    connection_limits::ConnectionLimits,
    entrance::{Entrance, Origin},
    http::HttpService,
    hub::Hub,
    memcached::Cache,
    replicants::Replicants,
    service::ListenerProfile,
    status,
    turned::Turned,
};

/// What peers are told whose WebSocket upgrade does not come about.
const UPGRADE_TEXTS: UpgradeTexts = UpgradeTexts {
    foreign_origin: "Pages of this origin may not connect: access.websocket_origins names those that may.\n",
    upgrade_required: "This port is for messages: connect with WebSocket, or, for JMQT, send JSON packets that end \
                       in NUL.\n",
    no_room: status::TOO_MANY,
};

/// What all listeners share.
pub(crate) struct Acceptor {
    pub(crate) hub: Arc<Hub>,
    pub(crate) cache: Arc<Cache>,
    pub(crate) http: HttpService,
    pub(crate) limits: Arc<ArcSwap<ConnectionLimits>>,
    pub(crate) gate: Gate,
    pub(crate) outbox_bytes_max: usize,
    /// What this server calls itself.
    pub(crate) server: Arc<ServerName>,
    pub(crate) replicants: Arc<Replicants>,
    /// Becomes true when the server stops.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Acceptor {
    /// Notes that a connection is refused.
    pub(crate) fn note_refused(&self, origin: Origin<'_>, reason: CloseReason) {
        self.hub.count_refused();
        let details = told::close_details(reason);
        self.hub.audit.refused(origin, (Event::Connection, details.reason), || details);
        let peer = origin.address;
        if self.gate.limiter.begins_refusing() {
            tracing::warn!(%peer, %reason, "connections are refused");
        }
    }

    /// Returns how long a connection has to be through with its handshake.
    pub(crate) fn patience(&self, arrival: &Arrival) -> Patience {
        let deadline = arrival.accepted + self.limits.load().greeting_timeout;
        Patience { deadline, stopping: self.stopping.clone(), silent: self.hub.silent() }
    }

    /// Finds out whose connection it is that is none of the broker's, and shakes hands for TLS; `None`
    /// when that does not come about.
    pub(crate) async fn meet(
        &self,
        arrival: Arrival,
        entrance: &Arc<Entrance>,
        (tls, first_word, refusal): (&Tls, FirstWord, &[u8]),
        patience: &Patience,
    ) -> Option<(Stream, SocketAddr)> {
        let mut peer = arrival.peer;
        let meeting = async {
            let count = self.counting(entrance);
            let socket;
            (socket, peer) =
                arrival.identify(&self.gate.proxies, count, |_| refusal.to_vec()).await?;
            secure(socket, tls, first_word).await
        };
        let met = { patience.wait(pin!(meeting)).await };
        match met {
            Ok(stream) => Some((stream, peer)),
            Err(error) => {
                self.note_failed(Origin { entrance, address: peer }, &error);
                None
            }
        }
    }

    /// Counts a connection as one of a client, if there may be one more, and notes if there may not.
    fn count(&self, socket: &mut Socket, client: Origin<'_>) -> Result<(), CloseReason> {
        let counted = socket.count_from(client.address.ip());
        counted.inspect_err(|reason| self.note_refused(client, *reason))
    }

    /// Returns what counts connections of a listener as those of clients.
    fn counting(
        &self,
        entrance: &Arc<Entrance>,
    ) -> impl Fn(&mut Socket, SocketAddr) -> Result<(), CloseReason> + Sync {
        move |socket, address| self.count(socket, Origin { entrance, address })
    }

    fn note_failed(&self, origin: Origin<'_>, error: &io::Error) {
        if let Some(turned) = Turned::of(error) {
            let address = turned.client.unwrap_or(origin.address);
            let origin = Origin { address, ..origin };
            self.hub.audit.refused(origin, (turned.event, turned.reason), || turned.details());
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
        entrance: &Arc<Entrance>,
        listener: &ListenerProfile,
    ) -> Option<Negotiated> {
        let patience = self.patience(&arrival);
        let proxy = arrival.is_proxied.then_some(arrival.peer);
        let mut peer = arrival.peer;
        let count = self.counting(entrance);
        let handshake = async {
            let refusal = |reason| listener.refusal(reason);
            let identifying = arrival.identify(&self.gate.proxies, &count, refusal);
            let socket;
            (socket, peer) = patience.wait(pin!(identifying)).await?;
            let upgrade_terms = UpgradeTerms {
                message_bytes_max: self.limits.load().dialects.packet_bytes_max,
                origins: &listener.origins,
                proxies: &self.gate.proxies,
                texts: &UPGRADE_TEXTS,
                peer,
            };
            let terms = Terms {
                tls: &listener.tls,
                is_silent: listener.speaks_first(),
                upgrade: listener.upgrade,
                upgrade_terms,
                word_for_strangers: listener.word_for_strangers(),
                reads_opening_of: listener.looks_for().map(|blocks| blocks.may_open),
                count: &count,
            };
            negotiate(socket, &terms, &patience).await
        };
        let mut negotiated = match handshake.await {
            Ok(negotiated) => negotiated,
            Err(error) => {
                self.note_failed(Origin { entrance, address: peer }, &error);
                return None;
            }
        };
        // A proxy that connects for itself does not count.
        if proxy != Some(negotiated.peer)
            && let Err(reason) = count(negotiated.stream.socket_mut(), negotiated.peer)
        {
            let close = (close_code(reason), &*close_text(reason));
            negotiated.refuse(close, listener.refusal(reason)).await;
            return None;
        }
        Some(negotiated)
    }
}
