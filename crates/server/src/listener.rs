//! Accepting connections, within the limits of how many there may be.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use rialto_broker::CloseReason;
use rialto_session::jmqt::LastWord;
use rialto_wire::jmqt::FrameSplitter;
use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{sleep, timeout},
};

use crate::{
    connection::{Connection, ConnectionLimits, Inbound},
    greeting::{Greeted, Stream, Tls, greet},
    hub::Hub,
    link::{Link, OwnedLink, OwnedStream},
    outlet::Outlet,
};

/// Connections the system keeps for us until they are accepted.
const BACKLOG: i32 = 4096;
/// Silence after which the system asks whether the peer is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);
/// Pause after the system refused to accept (no file descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// A paced client has one stored message under way at a time (J-109).
const PACED_WINDOW: u32 = 1;

/// One door of the server.
pub(crate) struct Listener {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    pub(crate) socket: TcpListener,
    pub(crate) tls: Tls,
    /// Whole frames in small paced writes, for the original Python client.
    pub(crate) is_paced: bool,
}

/// What all doors share.
pub(crate) struct Reception {
    pub(crate) hub: Arc<Hub>,
    pub(crate) limits: Arc<ConnectionLimits>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) outbox_bytes_max: usize,
    pub(crate) greeting_timeout: Duration,
    /// Becomes true when the server stops.
    pub(crate) stopping: watch::Receiver<bool>,
}

/// Counts connections against their limits.
pub(crate) struct Admission {
    open: AtomicUsize,
    open_max: usize,
    per_address: Mutex<HashMap<IpAddr, usize>>,
    /// 0 is unlimited.
    per_address_max: usize,
    /// Whether the last connection was refused, so that a flood of them is one line in the log.
    refusing: AtomicBool,
}

/// A place among the open connections; given back when dropped.
struct Permit {
    admission: Arc<Admission>,
    address: Option<IpAddr>,
}

/// Opens a listening socket.
///
/// # Errors
/// When the address cannot be bound; the message names it.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // A restarted server gets its port back at once.
    socket.set_reuse_address(true)?;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE))?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

impl Listener {
    /// Accepts until the task is aborted.
    pub(crate) async fn accept_all(self, reception: Arc<Reception>) {
        let mut failing = false;
        loop {
            match self.socket.accept().await {
                Ok((socket, peer)) => {
                    failing = false;
                    self.receive(&reception, socket, peer);
                }
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        tracing::warn!(%error, "cannot accept connections; trying again");
                    }
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn receive(&self, reception: &Arc<Reception>, socket: TcpStream, peer: SocketAddr) {
        match reception.admission.admit(peer.ip()) {
            Ok(permit) => {
                let (reception, tls) = (reception.clone(), self.tls.clone());
                let is_paced = self.is_paced;
                tokio::spawn(async move {
                    // The greeting's state is large and short-lived: boxed, so that an idle
                    // connection does not carry it.
                    let greeted = Box::pin(reception.greet(socket, tls, is_paced)).await;
                    if let Some((connection, early)) = greeted {
                        connection.run(early).await;
                    }
                    drop(permit);
                });
            }
            Err(reason) => {
                if reception.admission.begins_refusing() {
                    tracing::warn!(%peer, %reason, "connections are refused");
                }
                reception.hub.round(|broker| broker.stats_mut().refused_connections += 1);
                // The socket's buffer is empty: this goes out at once or never.
                _ = socket.try_write(&LastWord::new(reason).packet.unwrap_or_default());
            }
        }
    }
}

impl Reception {
    async fn greet(
        &self,
        socket: TcpStream,
        tls: Tls,
        is_paced: bool,
    ) -> Option<(Box<Connection>, Vec<u8>)> {
        // Small packets leave at once; batching is done in the outlet.
        _ = socket.set_nodelay(true);
        let greeting = greet(socket, &tls, self.limits.packet_bytes_max);
        let mut stopping = self.stopping.clone();
        let greeting = async {
            tokio::select! {
                greeted = greeting => greeted,
                _ = stopping.wait_for(|stopping| *stopping) => Err(io::ErrorKind::Interrupted.into()),
            }
        };
        match timeout(self.greeting_timeout, greeting).await {
            Ok(Ok(greeted)) => Some(self.connection(greeted, is_paced)),
            Ok(Err(error)) => {
                tracing::debug!(%error, "connection ended before it said what it speaks");
                None
            }
            Err(_) => {
                self.hub.round(|broker| broker.stats_mut().closed_silent += 1);
                None
            }
        }
    }

    fn connection(&self, greeted: Greeted, is_paced: bool) -> (Box<Connection>, Vec<u8>) {
        let Greeted { stream, format, websocket, early } = greeted;
        let is_paced = is_paced && websocket.is_none();
        let (link, socket) = match stream {
            Stream::Plain(socket) if !is_paced => (Link::Shared, Some(socket)),
            Stream::Plain(socket) => (owned(OwnedStream::Plain(socket), is_paced), None),
            Stream::Tls(stream) => (owned(OwnedStream::Tls(stream), is_paced), None),
        };
        let inbound = match websocket {
            Some(reader) => Inbound::WebSocket(reader),
            None => Inbound::Stream(FrameSplitter::new(self.limits.packet_bytes_max)),
        };
        let outlet = Arc::new(Outlet::new(socket, self.outbox_bytes_max));
        let window = if is_paced { PACED_WINDOW } else { u32::MAX };
        let key = self.hub.open(format, window, outlet.clone());
        let connection = Connection {
            hub: self.hub.clone(),
            outlet,
            key,
            link,
            inbound,
            limits: self.limits.clone(),
            hold: None,
        };
        (Box::new(connection), early)
    }
}

fn owned(stream: OwnedStream, is_paced: bool) -> Link {
    Link::Owned(Box::new(OwnedLink::new(stream, is_paced)))
}

impl Admission {
    pub(crate) fn new(open_max: usize, per_address_max: usize) -> Arc<Self> {
        let per_address = Mutex::new(HashMap::new());
        Arc::new(Admission {
            open: AtomicUsize::new(0),
            open_max,
            per_address,
            per_address_max,
            refusing: AtomicBool::new(false),
        })
    }

    /// Returns how many connections are open.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }

    fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Permit, CloseReason> {
        let mut permit = Permit { admission: self.clone(), address: None };
        if self.open_max <= self.open.fetch_add(1, Ordering::AcqRel) {
            return Err(CloseReason::TooManyConnections { limit: self.open_max });
        }
        if self.per_address_max > 0 {
            let mut counts = self.per_address.lock();
            let count = counts.entry(address).or_insert(0);
            if self.per_address_max <= *count {
                return Err(CloseReason::TooManyFromAddress { limit: self.per_address_max });
            }
            *count += 1;
            permit.address = Some(address);
        }
        self.refusing.store(false, Ordering::Relaxed);
        Ok(permit)
    }

    /// Says whether this is the first refusal of a series.
    fn begins_refusing(&self) -> bool {
        !self.refusing.swap(true, Ordering::Relaxed)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(address) = self.address {
            let mut counts = self.admission.per_address.lock();
            if let Some(count) = counts.get_mut(&address) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(&address);
                }
            }
        }
        self.admission.open.fetch_sub(1, Ordering::AcqRel);
    }
}
