//! From an accepted socket to a connection that is known to the broker.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use rialto_application::{Peer, Protocol};
use rialto_broker::{ConnectionKey, ConnectionProfile};
use rialto_config::Pacing;
use rialto_domain::CloseReason;
use rialto_net::{ConnectionLimiter, Socket, Stream, read_proxy_head};
use rialto_session::{coremq, jmqt, pubsubx};
use rialto_stopwatch::Moment;
use rialto_wire::{
    coremq as coremq_wire,
    jmqt::{self as jmqt_wire, original},
    pubsubx as pubsubx_wire,
};
use tokio::{io::AsyncWriteExt as _, sync::watch};
use uuid::Uuid;

use crate::{
    audit::{Event, Reason, told},
    authorizer::{Caller, Welcome},
    certified,
    connection::{Connection, ConnectionLimits},
    connection_writer::{ConnectionWriter, Counts},
    entrance::{Entrance, Origin},
    handshake::{Negotiated, Terms, negotiate, secure},
    http::HttpService,
    hub::Hub,
    memcached::{self, Cache},
    pacer::{Framed, Pacer},
    patience::Patience,
    proxies::Proxies,
    replicants::Replicants,
    service::{Dialect, ListenerProfile, Service},
    speech::{Framing, Speech},
    status,
    tls::Tls,
    transport::Transport,
    turned::{Turned, turned},
    visit::Visit,
    websocket::{UpgradeTerms, WebSocketReader},
    witness::Witness,
};

/// A paced client has one stored message under way at a time (J-109).
const PACED_WINDOW: u32 = 1;
/// How long one that is back waits for what it missed: its first answer must be alone in its
/// segment (P-38).
const RESUME_PAUSE: Duration = Duration::from_millis(50);

/// What a handshake may take without being noted: most take less.
const WAITED_MIN: Duration = Duration::from_millis(50);

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
    pub(crate) server: Arc<coremq::Server>,
    pub(crate) replicants: Arc<Replicants>,
    pub(crate) proxies: Arc<Proxies>,
    /// Becomes true when the server stops.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Acceptor {
    /// Begins to serve a connection.
    pub(crate) fn begin(self: &Arc<Self>, arrival: Arrival, service: &Service) {
        let acceptor = self.clone();
        match service.clone() {
            Service::Broker(listener) => {
                // The handshake's state is large and short-lived: boxed, with all it begins with, so
                // that an idle connection does not carry it.
                let receiving = Box::pin(async move { acceptor.receive(arrival, listener).await });
                tokio::spawn(async move {
                    let Some((connection, early)) = receiving.await else { return };
                    match connection.caller.required.clone() {
                        None => connection.run(early).await,
                        Some(required) => {
                            Box::pin(certified::run(connection, early, &*required)).await;
                        }
                    }
                })
            }
            Service::Cache(tls) => tokio::spawn(async move {
                let (patience, entrance) = (acceptor.patience(&arrival), arrival.entrance.clone());
                let met = acceptor.meet(arrival, &tls, memcached::TOO_MANY, &patience).await;
                if let Some((stream, peer)) = met {
                    let _visit = Visit::begin(Origin { entrance: &entrance, address: peer });
                    let required = tls.required(&stream);
                    let serving = acceptor.cache.serve(stream, &patience);
                    acceptor.note_end(certified::serve(&acceptor.hub, required, serving).await);
                }
            }),
            Service::Http(tls) => tokio::spawn(async move {
                let (patience, entrance) = (acceptor.patience(&arrival), arrival.entrance.clone());
                let met = acceptor.meet(arrival, &tls, status::TOO_MANY, &patience).await;
                if let Some((stream, peer)) = met {
                    let origin = Origin { entrance: &entrance, address: peer };
                    let _visit = Visit::begin(origin);
                    let required = tls.required(&stream);
                    let serving = acceptor.http.serve(stream, origin, &patience);
                    acceptor.note_end(certified::serve(&acceptor.hub, required, serving).await);
                }
            }),
        };
    }

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
    fn patience(&self, arrival: &Arrival) -> Patience {
        let deadline = arrival.accepted + self.limits.load().greeting_timeout;
        Patience { deadline, stopping: self.stopping.clone(), hub: self.hub.clone() }
    }

    /// Finds out whose connection it is that is none of the broker's, and shakes hands for TLS; `None`
    /// when that does not come about.
    async fn meet(
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

    fn note_end(&self, ended: io::Result<()>) {
        match ended {
            Err(error) if error.kind() != io::ErrorKind::TimedOut => {
                tracing::debug!(%error, "the connection failed");
            }
            _ => {}
        }
    }

    /// Finds out what a connection speaks and makes it known; also returns what was read beyond the
    /// handshake. `None` when it ended before.
    async fn receive(
        &self,
        arrival: Arrival,
        listener: ListenerProfile,
    ) -> Option<(Box<Connection>, Vec<u8>)> {
        let (accepted, patience) = (arrival.accepted, self.patience(&arrival));
        let proxy = arrival.is_proxied.then_some(arrival.peer);
        let (entrance, mut peer) = (arrival.entrance.clone(), arrival.peer);
        let handshake = async {
            let named = self.identify(arrival, |reason| listener.refusal(reason));
            let socket;
            (socket, peer) = patience.wait(pin!(named)).await?;
            let upgrade = UpgradeTerms {
                packet_bytes_max: self.limits.load().packet_bytes_max,
                origins: &listener.origins,
                proxies: &self.proxies,
                peer,
            };
            let count = &|socket: &mut Socket, address| {
                self.count(socket, Origin { entrance: &entrance, address })
            };
            negotiate(socket, &Terms { listener: &listener, upgrade, count }, &patience).await
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
        Some(self.connection(negotiated, (accepted, entrance), &listener).await)
    }

    async fn connection(
        &self,
        negotiated: Negotiated,
        (accepted, entrance): (Moment, Arc<Entrance>),
        listener: &ListenerProfile,
    ) -> (Box<Connection>, Vec<u8>) {
        let Negotiated { stream, peer: address, websocket, early } = negotiated;
        let is_websocket = websocket.is_some();
        let caller = Arc::new(self.caller(&stream, (address, entrance), listener, is_websocket));
        let limits = self.limits.load_full();
        let pacer =
            if is_websocket { None } else { pacer(&stream, &early, listener, limits.unread_max) };
        let is_paced = pacer.is_some();
        if is_paced && listener.pacing == Pacing::Auto {
            tracing::debug!(%address, "paced: it opens as the original Python client does");
        }
        let (transport, socket) = Transport::new(stream, pacer);
        let framing = framing(&limits, websocket, listener.dialect);
        let counts =
            Counts { memory: self.hub.memory.clone(), deliveries: self.hub.deliveries.clone() };
        let writer =
            Arc::new(ConnectionWriter::new(socket, is_paced, self.outbox_bytes_max, counts));
        let window = if is_paced { PACED_WINDOW } else { u32::MAX };
        let profile = profile(&limits, (listener.dialect, is_websocket), window);
        let key = self.hub.open(profile, writer.clone(), caller.clone());
        let waited = accepted.elapsed();
        if WAITED_MIN < waited {
            self.hub.round(|broker| broker.note_waited(key, waited));
        }
        if *self.stopping.borrow() {
            // Those that the broker knew have been told already.
            writer.close(CloseReason::ShuttingDown);
        }
        let speech = match listener.dialect {
            Dialect::Jmqt => Speech::Jmqt(jmqt::Session::new(key)),
            Dialect::Pubsubx => {
                Speech::Pubsubx(pubsubx::Session::new(key), limits.pubsubx_diagnostics)
            }
            Dialect::Coremq | Dialect::CoremqWebsocket => self.begin_coremq(key, &caller).await,
        };
        let connection = Connection {
            hub: self.hub.clone(),
            writer,
            key,
            caller,
            transport,
            framing,
            speech,
            limits,
            pause: None,
        };
        (Box::new(connection), early)
    }

    fn caller(
        &self,
        stream: &Stream,
        (address, entrance): (SocketAddr, Arc<Entrance>),
        listener: &ListenerProfile,
        is_websocket: bool,
    ) -> Caller {
        let now = self.hub.now().unix_ms;
        let shown = listener.tls.shown(stream);
        // One that counts no more, though hands were shaken, is as none.
        let certificate =
            shown.filter(|it| !it.client().is_empty() && it.counts_until(now).is_some());
        let peer = Peer {
            address,
            protocol: protocol(listener.dialect, is_websocket),
            is_tls: matches!(stream, Stream::Tls(_)),
            certificate: certificate.as_ref().map(|it| it.client().to_owned()),
        };
        Caller {
            peer: Arc::new(peer),
            certificate,
            required: listener.tls.required(stream),
            entrance,
        }
    }

    /// Begins the session of a CoreMQ connection, which is there before its client says anything.
    async fn begin_coremq(&self, key: ConnectionKey, caller: &Caller) -> Speech {
        let id = Uuid::new_v4().hyphenated().to_string();
        let is_listed = self.replicants.allow(caller.address.ip());
        let access = &self.hub.authorizer.access;
        let listed = is_listed.then(|| access.replicant_by_address(&id)).flatten();
        let welcome = Welcome(self.hub.authorizer.welcome(caller, &id).await);
        Speech::Coremq(Box::new(self.hub.round(|broker| {
            let who = (&*id, self.server.clone());
            coremq::Session::begin(key, who, listed, broker, &welcome)
        })))
    }
}

/// Makes what paces a connection; `early` is what it sent first.
fn pacer(
    stream: &Stream,
    early: &[u8],
    listener: &ListenerProfile,
    heartbeat_timeout: Duration,
) -> Option<Pacer> {
    let is_tls = matches!(stream, Stream::Tls(_));
    let witness = match listener.pacing {
        Pacing::Never => return None,
        Pacing::Always => None,
        // Once, and before all else: nobody who is not paced pays for it later (J-126).
        Pacing::Auto => {
            let is_original = listener.dialect == Dialect::Jmqt
                && !names_server(stream)
                && original::opens(early);
            Some(is_original.then(|| Witness::new(heartbeat_timeout))?)
        }
    };
    Some(Pacer::new(framed(listener.dialect), is_tls, witness))
}

/// Says whether the peer named the server it wants, as nearly all do inside TLS and the original
/// Python client does not.
fn names_server(stream: &Stream) -> bool {
    matches!(stream, Stream::Tls(stream) if stream.get_ref().1.server_name().is_some())
}

fn framed(dialect: Dialect) -> Framed {
    match dialect {
        Dialect::Jmqt => Framed::Terminated,
        Dialect::Coremq | Dialect::CoremqWebsocket => Framed::Counted,
        Dialect::Pubsubx => Framed::Marked,
    }
}

fn framing(
    limits: &ConnectionLimits,
    websocket: Option<Box<WebSocketReader>>,
    dialect: Dialect,
) -> Framing {
    let packet_bytes_max = limits.packet_bytes_max;
    match (websocket, dialect) {
        (Some(reader), _) => Framing::WebSocket(reader),
        (None, Dialect::Jmqt) => {
            Framing::Terminated(jmqt_wire::FrameSplitter::new(packet_bytes_max))
        }
        (None, Dialect::Pubsubx) => Framing::Marked(pubsubx_wire::FrameSplitter::new(
            limits.pubsubx_request_bytes_max.min(packet_bytes_max),
        )),
        (None, _) => Framing::Counted(coremq_wire::FrameSplitter::new(packet_bytes_max)),
    }
}

fn profile(
    limits: &ConnectionLimits,
    (dialect, is_websocket): (Dialect, bool),
    unacknowledged_max: u32,
) -> ConnectionProfile {
    let jmqt = |format| ConnectionProfile {
        resume_for: limits.jmqt_resume_for,
        ..ConnectionProfile::new(format)
    };
    let profile = match (dialect, is_websocket) {
        (Dialect::Jmqt, false) => jmqt(jmqt::TCP),
        (Dialect::Jmqt, true) => ConnectionProfile { answers_pings: true, ..jmqt(jmqt::WEBSOCKET) },
        (Dialect::Pubsubx, _) => ConnectionProfile {
            echo: Some(true),
            resume_for: limits.pubsubx_resume_for,
            resume_pause: RESUME_PAUSE,
            ..ConnectionProfile::plain(pubsubx::TCP)
        },
        (_, false) => ConnectionProfile::plain(coremq::TCP),
        (_, true) => ConnectionProfile::plain(coremq::WEBSOCKET),
    };
    ConnectionProfile { unacknowledged_max, ..profile }
}

fn protocol(dialect: Dialect, is_websocket: bool) -> Protocol {
    match (dialect, is_websocket) {
        (Dialect::Jmqt, false) => Protocol::Jmqt,
        (Dialect::Jmqt, true) => Protocol::JmqtWebsocket,
        (Dialect::Coremq | Dialect::CoremqWebsocket, false) => Protocol::Coremq,
        (Dialect::Coremq | Dialect::CoremqWebsocket, true) => Protocol::CoremqWebsocket,
        (Dialect::Pubsubx, _) => Protocol::Pubsubx,
    }
}
