//! Serving a connection that was accepted: its task, and with the broker, its session.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use rialto_application::{Peer, Protocol};
use rialto_broker::{ConnectionKey, ConnectionProfile, Format};
use rialto_config::Pacing;
use rialto_domain::CloseReason;
use rialto_net::{Arrival, FirstWord, Negotiated, Stream};
use rialto_session::{Dialect, Opening};
use rialto_stopwatch::Moment;
use uuid::Uuid;

use crate::{
    acceptor::Acceptor,
    authorizer::Caller,
    certified,
    connection::{Connection, Incoming},
    connection_limits::ConnectionLimits,
    connection_writer::{ConnectionWriter, Counts},
    entrance::{Entrance, Origin},
    memcached,
    pacer::Pacer,
    service::{InDialect, ListenerProfile, Service},
    status,
    transport::Transport,
    visit::Visit,
    witness::Witness,
};

/// A paced client has one stored message under way at a time (J-109).
const PACED_WINDOW: u32 = 1;

/// What a handshake may take without being noted: most take less.
const WAITED_MIN: Duration = Duration::from_millis(50);

impl Acceptor {
    /// Begins to serve a connection.
    pub(crate) fn begin(
        self: &Arc<Self>,
        arrival: Arrival,
        entrance: Arc<Entrance>,
        service: &Service,
    ) {
        let acceptor = self.clone();
        match service.clone() {
            Service::Broker(listener) => {
                listener.spoken.pick(Serve { acceptor, arrival, entrance, listener });
            }
            Service::Cache(tls) => drop(tokio::spawn(async move {
                let patience = acceptor.patience(&arrival);
                let terms = (&tls, FirstWord::Peer, memcached::TOO_MANY);
                let met = acceptor.meet(arrival, &entrance, terms, &patience).await;
                if let Some((stream, peer)) = met {
                    let _visit = Visit::begin(Origin { entrance: &entrance, address: peer }, None);
                    let required = tls.required(&stream);
                    let serving = acceptor.cache.serve(stream, &patience);
                    acceptor.note_end(certified::serve(&acceptor.hub, required, serving).await);
                }
            })),
            Service::Http(tls) => drop(tokio::spawn(async move {
                let patience = acceptor.patience(&arrival);
                let terms = (&tls, FirstWord::Http, status::TOO_MANY);
                let met = acceptor.meet(arrival, &entrance, terms, &patience).await;
                if let Some((stream, peer)) = met {
                    let origin = Origin { entrance: &entrance, address: peer };
                    let _visit = Visit::begin(origin, None);
                    let required = tls.required(&stream);
                    let serving = acceptor.http.serve(stream, origin, &patience);
                    acceptor.note_end(certified::serve(&acceptor.hub, required, serving).await);
                }
            })),
        }
    }

    /// Makes a connection known to the broker, and begins its session.
    async fn connection<D: Dialect>(
        &self,
        negotiated: Negotiated,
        (accepted, entrance): (Moment, Arc<Entrance>),
        listener: &ListenerProfile,
    ) -> (Box<Connection<D>>, Vec<u8>) {
        let Negotiated { stream, peer: address, websocket, early } = negotiated;
        let is_websocket = websocket.is_some();
        let protocol = D::protocol(is_websocket);
        let caller = Arc::new(self.caller(&stream, (address, entrance), listener, protocol));
        let limits = self.limits.load_full();
        let pacer = if is_websocket {
            None
        } else {
            pacer::<D>(&stream, &early, listener, limits.unread_max)
        };
        let is_paced = pacer.is_some();
        if is_paced && listener.pacing == Pacing::Auto {
            tracing::debug!(%address, "paced: it opens as the original Python client does");
        }
        let (transport, socket) = Transport::new(stream, pacer);
        let incoming = match websocket {
            Some(reader) => Incoming::WebSocket(reader),
            None => Incoming::Stream(D::framer(&limits.dialects)),
        };
        caller.entrance.traffic.note_opened();
        let counts = Counts {
            memory: self.hub.memory.clone(),
            deliveries: self.hub.deliveries.clone(),
            entrance: caller.entrance.clone(),
        };
        let writer =
            Arc::new(ConnectionWriter::new(socket, is_paced, self.outbox_bytes_max, counts));
        let profile = ConnectionProfile {
            unacknowledged_max: if is_paced { PACED_WINDOW } else { u32::MAX },
            ..D::profile(&limits.dialects, is_websocket)
        };
        let format = profile.format;
        let key = self.hub.open(profile, writer.clone(), caller.clone());
        let waited = accepted.elapsed();
        if WAITED_MIN < waited {
            self.hub.round(|broker| broker.note_waited(key, waited));
        }
        if *self.stopping.borrow() {
            // Those that the broker knew have been told already.
            writer.close(CloseReason::ShuttingDown);
        }
        let session = self.session((key, format), &caller, &limits).await;
        let hub = self.hub.clone();
        let connection = Connection {
            hub,
            writer,
            key,
            caller,
            transport,
            incoming,
            session,
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
        protocol: Protocol,
    ) -> Caller {
        let now = self.hub.now().unix_ms;
        let shown = listener.tls.shown(stream);
        // One that counts no more, though hands were shaken, is as none.
        let certificate =
            shown.filter(|it| !it.client().is_empty() && it.counts_until(now).is_some());
        let peer = Peer {
            address,
            protocol,
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

    /// Begins the session of a connection. Where the server speaks first, it may be open before the
    /// client says anything.
    async fn session<D: Dialect>(
        &self,
        (connection, format): (ConnectionKey, Format),
        caller: &Caller,
        limits: &ConnectionLimits,
    ) -> D {
        let (server, settings) = (&self.server, &limits.dialects);
        if !D::SPEAKS_FIRST {
            let listed = None;
            return D::begin(Opening { connection, format, id: "", server, listed, settings });
        }
        let id = &*Uuid::new_v4().hyphenated().to_string();
        let is_listed = self.replicants.allow(caller.address.ip());
        let access = &self.hub.authorizer.access;
        let listed = is_listed.then(|| access.replicant_by_address(id)).flatten();
        let verdict = self.hub.authorizer.welcome(caller, id).await;
        let session = D::begin(Opening { connection, format, id, server, listed, settings });
        self.hub.round(|broker| session.speak_first(broker, &verdict));
        session
    }
}

/// Serves a connection to the broker, in its dialect.
struct Serve {
    acceptor: Arc<Acceptor>,
    arrival: Arrival,
    entrance: Arc<Entrance>,
    listener: ListenerProfile,
}

impl InDialect for Serve {
    type Done = ();

    fn run<D: Dialect>(self) {
        let Serve { acceptor, arrival, entrance, listener } = self;
        // The handshake's state is large and short-lived: boxed, with all it begins with, so that an
        // idle connection does not carry it.
        let receiving = Box::pin(async move {
            let accepted = arrival.accepted;
            let negotiated = acceptor.negotiate(arrival, &entrance, &listener).await?;
            Some(acceptor.connection::<D>(negotiated, (accepted, entrance), &listener).await)
        });
        tokio::spawn(async move {
            let Some((connection, early)) = receiving.await else { return };
            match connection.caller.required.clone() {
                None => connection.run(early).await,
                Some(required) => {
                    Box::pin(certified::run(connection, early, &*required)).await;
                }
            }
        });
    }
}

/// Makes what paces a connection; `early` is what it sent first.
fn pacer<D: Dialect>(
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
            let opens = listener.looks_for()?.opens;
            // Nearly all name the server that they want inside TLS, and the original does not.
            let is_original = stream.server_name().is_none() && opens(early);
            Some(is_original.then(|| Witness::new(heartbeat_timeout))?)
        }
    };
    Some(Pacer::new(D::UNITS, is_tls, witness))
}
