//! Accepting connections, within the limits of how many there may be.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use rialto_net::Socket;
use rialto_stopwatch::Moment;
use socket2::{Domain, Protocol, SockRef, Socket as RawSocket, TcpKeepalive, Type};
use tokio::{
    net::{TcpListener, TcpStream},
    time::sleep,
};

use crate::{
    acceptor::{Acceptor, Arrival},
    asked::ListenerStatus,
    entrance::{Entrance, Origin},
    service::Service,
};

/// Connections the system keeps for us until they are accepted.
const BACKLOG: i32 = 4096;
/// Silence after which the system asks whether the peer is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);
/// Pause after the system refused to accept (no file descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// One listening socket of the server. A listener whose host name has several addresses has a socket
/// for each.
pub(crate) struct Listener {
    pub(crate) entrance: Arc<Entrance>,
    /// The place of the listener among all, by which its connections are counted.
    pub(crate) number: usize,
    pub(crate) address: SocketAddr,
    pub(crate) socket: TcpListener,
    pub(crate) service: Service,
    /// Whether its peers are proxies, which say by the PROXY protocol for whom they connect.
    pub(crate) is_proxied: bool,
}

/// Opens a listening socket.
///
/// # Errors
/// When the address cannot be bound; the message names it.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = RawSocket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
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
    /// Returns what the status page shows of it.
    pub(crate) fn status(&self) -> ListenerStatus {
        ListenerStatus {
            name: self.entrance.listener.clone(),
            dialect: self.entrance.dialect,
            address: self.address,
            tls: self.service.tls().as_str(),
        }
    }

    /// Accepts until the task is aborted.
    pub(crate) async fn accept_all(self: Arc<Self>, acceptor: Arc<Acceptor>) {
        let mut failing = false;
        loop {
            match self.socket.accept().await {
                Ok((stream, peer)) => {
                    failing = false;
                    self.receive(&acceptor, stream, peer);
                }
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        tracing::warn!(%error, "new connections cannot be accepted: retrying");
                    }
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Accepts whoever connected before the server stopped: the system would reset them, while here
    /// they are parted from as all others are.
    pub(crate) fn part_from_waiting(&self, acceptor: &Arc<Acceptor>) {
        // The system itself is asked: the runtime may not know yet of those who came last.
        while let Ok((socket, peer)) = SockRef::from(&self.socket).accept() {
            let stream =
                socket.set_nonblocking(true).and_then(|()| TcpStream::from_std(socket.into()));
            if let (Ok(stream), Some(peer)) = (stream, peer.as_socket()) {
                self.receive(acceptor, stream, peer);
            }
        }
    }

    fn receive(&self, acceptor: &Arc<Acceptor>, stream: TcpStream, peer: SocketAddr) {
        // On a socket for both, IPv4 addresses come mapped into IPv6.
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        // Small packets leave at once; batching is done in the writer.
        _ = stream.set_nodelay(true);
        // For whom a proxy connects is known later.
        let is_named = !self.is_proxied && !acceptor.proxies.trust(peer.ip());
        let admitted = acceptor.limiter.admit(self.number).and_then(|mut slot| {
            if is_named {
                slot.count_from(peer.ip())?;
            }
            Ok(slot)
        });
        match admitted {
            Ok(slot) => {
                let socket = Socket::new(stream, slot.into());
                let (accepted, is_proxied) = (Moment::now(), self.is_proxied);
                let entrance = self.entrance.clone();
                let arrival = Arrival { socket, peer, accepted, is_proxied, entrance };
                acceptor.begin(arrival, &self.service);
            }
            Err(reason) => {
                let origin = Origin { entrance: &self.entrance, address: peer };
                acceptor.note_refused(origin, reason);
                if let Service::Cache(_) = self.service {
                    acceptor.cache.note_refused();
                }
                // The socket's buffer is empty: this goes out at once or never.
                _ = stream.try_write(&self.service.refusal(reason));
                if let Some(place) = acceptor.limiter.place_of_refused() {
                    drop(Socket::new(stream, place));
                }
            }
        }
    }
}
