//! From an accepted socket to a connection that is known to the broker.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use rialto_application::{Peer, Protocol};
use rialto_broker::{CloseReason, ConnectionKey, Manners};
use rialto_session::{coremq, jmqt, pubsubx};
use rialto_wire::{coremq as coremq_wire, jmqt as jmqt_wire, pubsubx as pubsubx_wire};
use tokio::{net::TcpStream, sync::watch, time::timeout};
use uuid::Uuid;

use crate::{
    admission::Admission,
    connection::{Connection, ConnectionLimits},
    doorkeeper::Welcome,
    greeting::{Greeted, Stream, Tls, greet, secure},
    http::HttpService,
    hub::Hub,
    link::{Framed, Link, OwnedLink, OwnedStream},
    memcached::{self, Cache},
    outlet::Outlet,
    replicants::Replicants,
    speech::{Framing, Speech},
    status,
    websocket::{Origins, WebSocketReader},
};

/// A paced client has one stored message under way at a time (J-109).
const PACED_WINDOW: u32 = 1;
/// How long one that is back waits for what it missed: its first answer must be alone in its
/// segment (P-38).
const RESUME_PAUSE: Duration = Duration::from_millis(50);

/// What a listener leads to.
#[derive(Clone)]
pub(crate) enum Room {
    /// The broker.
    Broker(Door),
    /// The cache, whose connections are no clients of the broker.
    Cache(Tls),
    /// The API and the status page.
    Http(Tls),
}

/// What clients of the broker speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Jmqt,
    Coremq,
    CoremqWebsocket,
    Pubsubx,
}

/// What connections to the broker are like.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) dialect: Dialect,
    pub(crate) tls: Tls,
    /// Whole frames in small paced writes, for the original Python clients.
    pub(crate) is_paced: bool,
    /// Which web pages may connect.
    pub(crate) origins: Arc<Origins>,
}

/// What all doors share.
pub(crate) struct Reception {
    pub(crate) hub: Arc<Hub>,
    pub(crate) cache: Arc<Cache>,
    pub(crate) http: HttpService,
    pub(crate) limits: Arc<ArcSwap<ConnectionLimits>>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) outbox_bytes_max: usize,
    /// What this server calls itself.
    pub(crate) server: Arc<coremq::Server>,
    pub(crate) replicants: Arc<Replicants>,
    /// Becomes true when the server stops.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Room {
    pub(crate) fn new(
        dialect: rialto_config::Dialect,
        tls: Tls,
        is_paced: bool,
        origins: Arc<Origins>,
    ) -> Self {
        let dialect = match dialect {
            rialto_config::Dialect::Jmqt => Dialect::Jmqt,
            rialto_config::Dialect::Coremq => Dialect::Coremq,
            rialto_config::Dialect::CoremqWebsocket => Dialect::CoremqWebsocket,
            rialto_config::Dialect::Pubsubx => Dialect::Pubsubx,
            rialto_config::Dialect::Memcached => return Room::Cache(tls),
            rialto_config::Dialect::Http => return Room::Http(tls),
        };
        Room::Broker(Door { dialect, tls, is_paced, origins })
    }

    pub(crate) fn tls(&self) -> &Tls {
        match self {
            Room::Broker(Door { tls, .. }) | Room::Cache(tls) | Room::Http(tls) => tls,
        }
    }

    /// Returns what is spoken there, in the words of the configuration.
    pub(crate) fn dialect(&self) -> rialto_config::Dialect {
        match self {
            Room::Broker(door) => match door.dialect {
                Dialect::Jmqt => rialto_config::Dialect::Jmqt,
                Dialect::Coremq => rialto_config::Dialect::Coremq,
                Dialect::CoremqWebsocket => rialto_config::Dialect::CoremqWebsocket,
                Dialect::Pubsubx => rialto_config::Dialect::Pubsubx,
            },
            Room::Cache(_) => rialto_config::Dialect::Memcached,
            Room::Http(_) => rialto_config::Dialect::Http,
        }
    }

    /// Returns what a connection is told that is not let in, before it has said anything.
    pub(crate) fn refusal(&self, reason: CloseReason) -> Vec<u8> {
        let packet = match self {
            Room::Cache(_) => return memcached::TOO_MANY.into(),
            Room::Http(_) => return status::TOO_MANY.into(),
            Room::Broker(Door { dialect: Dialect::Coremq, .. }) => coremq::last_word(reason, "-"),
            Room::Broker(Door { dialect: Dialect::Pubsubx, .. }) => None,
            Room::Broker(Door { dialect: Dialect::CoremqWebsocket, .. }) => {
                return status::TOO_MANY.into();
            }
            Room::Broker(_) => jmqt::LastWord::new(reason).packet,
        };
        packet.unwrap_or_default()
    }
}

impl Reception {
    /// Serves a client of the cache until it goes or the server stops. It may be silent for as long
    /// as it likes, once it is through with TLS.
    pub(crate) async fn serve_cache(&self, socket: TcpStream, tls: Tls) {
        self.serve_apart(socket, tls, async |stream| match stream {
            Stream::Plain(stream) => self.cache.serve(stream).await,
            Stream::Tls(stream) => self.cache.serve(stream).await,
        })
        .await;
    }

    /// Serves HTTP to a client until it goes or the server stops.
    pub(crate) async fn serve_http(&self, socket: TcpStream, peer: SocketAddr, tls: Tls) {
        self.serve_apart(socket, tls, async |stream| match stream {
            Stream::Plain(stream) => self.http.serve(stream, peer).await,
            Stream::Tls(stream) => self.http.serve(stream, peer).await,
        })
        .await;
    }

    /// Serves a connection that is none of the broker's.
    async fn serve_apart(
        &self,
        socket: TcpStream,
        tls: Tls,
        serve: impl AsyncFnOnce(Stream) -> io::Result<()>,
    ) {
        _ = socket.set_nodelay(true);
        let mut stopping = self.stopping.clone();
        let serving =
            async { serve(secure(socket, &tls, self.limits.load().greeting_timeout).await?).await };
        let ended = tokio::select! {
            ended = serving => ended,
            _ = stopping.wait_for(|stopping| *stopping) => Ok(()),
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "connection broke");
        }
    }

    /// Finds out what a connection speaks and makes it known; also returns what was read beyond the
    /// greeting. `None` when it ended before.
    pub(crate) async fn receive(
        &self,
        socket: TcpStream,
        peer: SocketAddr,
        door: Door,
    ) -> Option<(Box<Connection>, Vec<u8>)> {
        // Small packets leave at once; batching is done in the outlet.
        _ = socket.set_nodelay(true);
        let packet_bytes_max = self.limits.load().packet_bytes_max;
        let greeting = greet(socket, &door, packet_bytes_max);
        let mut stopping = self.stopping.clone();
        let greeting = async {
            tokio::select! {
                greeted = greeting => greeted,
                _ = stopping.wait_for(|stopping| *stopping) => Err(io::ErrorKind::Interrupted.into()),
            }
        };
        match timeout(self.limits.load().greeting_timeout, greeting).await {
            Ok(Ok(greeted)) => Some(self.connection(greeted, peer, &door).await),
            Ok(Err(error)) => {
                tracing::debug!(%error, "connection ended before it said what it speaks");
                None
            }
            Err(_) => {
                self.hub.count_silent();
                None
            }
        }
    }

    async fn connection(
        &self,
        greeted: Greeted,
        address: SocketAddr,
        door: &Door,
    ) -> (Box<Connection>, Vec<u8>) {
        let Greeted { stream, websocket, early } = greeted;
        let is_websocket = websocket.is_some();
        let peer = Arc::new(Peer {
            address,
            protocol: protocol(door.dialect, is_websocket),
            is_tls: matches!(stream, Stream::Tls(_)),
            certificate: door.tls.client_id(&stream),
        });
        let is_paced = door.is_paced && !is_websocket;
        let limits = self.limits.load_full();
        let (link, socket) = link(stream, is_paced.then(|| framed(door.dialect)));
        let framing = framing(&limits, websocket, door.dialect);
        let outlet = Arc::new(Outlet::new(socket, self.outbox_bytes_max));
        let window = if is_paced { PACED_WINDOW } else { u32::MAX };
        let manners = manners(&limits, (door.dialect, is_websocket), window);
        let key = self.hub.open(manners, outlet.clone(), peer.clone());
        let speech = match door.dialect {
            Dialect::Jmqt => Speech::Jmqt(jmqt::Session::new(key)),
            Dialect::Pubsubx => {
                Speech::Pubsubx(pubsubx::Session::new(key), limits.pubsubx_diagnostics)
            }
            Dialect::Coremq | Dialect::CoremqWebsocket => self.begin_coremq(key, &peer).await,
        };
        let connection = Connection {
            hub: self.hub.clone(),
            outlet,
            key,
            peer,
            link,
            framing,
            speech,
            limits,
            hold: None,
        };
        (Box::new(connection), early)
    }

    /// Begins the session of a CoreMQ connection, which is there before its client says anything.
    async fn begin_coremq(&self, key: ConnectionKey, peer: &Peer) -> Speech {
        let id = Uuid::new_v4().hyphenated().to_string();
        let is_listed = self.replicants.allow(peer.address.ip());
        let access = &self.hub.doorkeeper.access;
        let listed = is_listed.then(|| access.replicant_by_address(&id)).flatten();
        let welcome = Welcome(self.hub.doorkeeper.welcome(peer, &id).await);
        Speech::Coremq(Box::new(self.hub.round(|broker| {
            let who = (&*id, self.server.clone());
            coremq::Session::begin(key, who, listed, broker, &welcome)
        })))
    }
}

/// Makes the link of a stream, and the socket of its outlet where anybody may write to it.
fn link(stream: Stream, paced: Option<Framed>) -> (Link, Option<TcpStream>) {
    let owned = |stream| Link::Owned(Box::new(OwnedLink::new(stream, paced)));
    match stream {
        Stream::Plain(socket) if paced.is_none() => (Link::Shared, Some(socket)),
        Stream::Plain(socket) => (owned(OwnedStream::Plain(socket)), None),
        Stream::Tls(stream) => (owned(OwnedStream::Tls(stream)), None),
    }
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

fn manners(
    limits: &ConnectionLimits,
    (dialect, is_websocket): (Dialect, bool),
    unacknowledged_max: u32,
) -> Manners {
    let jmqt = |format| Manners { resume_for: limits.jmqt_resume_for, ..Manners::new(format) };
    let manners = match (dialect, is_websocket) {
        (Dialect::Jmqt, false) => jmqt(jmqt::TCP),
        (Dialect::Jmqt, true) => jmqt(jmqt::WEBSOCKET),
        (Dialect::Pubsubx, _) => Manners {
            echo: Some(true),
            resume_for: limits.pubsubx_resume_for,
            resume_pause: RESUME_PAUSE,
            ..Manners::plain(pubsubx::TCP)
        },
        (_, false) => Manners::plain(coremq::TCP),
        (_, true) => Manners::plain(coremq::WEBSOCKET),
    };
    Manners { unacknowledged_max, ..manners }
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
