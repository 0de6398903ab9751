//! Accepting connections, within the limits of how many there may be.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use rialto_domain::CloseReason;
use rialto_stopwatch::Moment;
use socket2::{Domain, Protocol, SockRef, Socket as RawSocket, TcpKeepalive, Type};
use tokio::{
    net::{TcpListener, TcpStream},
    time::sleep,
};

use crate::{
    arrival::Arrival, connection_limiter::ConnectionLimiter, proxies::Proxies, socket::Socket,
};

/// Connections the system keeps for us until they are accepted.
const BACKLOG: i32 = 4096;
/// Silence after which the system asks whether the peer is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);
/// Pause after the system refused to accept (no file descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// One listening socket. A listener whose host name has several addresses has a socket for each.
pub struct Listener {
    /// The place of the listener among all, by which its connections are counted.
    pub number: usize,
    /// Where it listens.
    pub address: SocketAddr,
    /// The socket.
    pub socket: TcpListener,
    /// Whether its peers are proxies, which say by the PROXY protocol for whom they connect.
    pub is_proxied: bool,
}

/// What new connections are held to.
pub struct Gate {
    /// How many there may be.
    pub limiter: Arc<ConnectionLimiter>,
    /// Who may connect for others.
    pub proxies: Arc<Proxies>,
}

/// What takes the connections of a listener.
pub trait Receive {
    /// Takes a connection for which there is room.
    fn receive(&self, arrival: Arrival);

    /// Notes that there is no room for a connection from there, and returns what its peer is told.
    fn refuse(&self, peer: SocketAddr, reason: CloseReason) -> Vec<u8>;
}

/// Sockets that were opened, with their addresses, and the addresses where that failed.
#[derive(Debug, Default)]
pub struct Opened {
    /// Those that listen.
    pub sockets: Vec<(SocketAddr, TcpListener)>,
    /// Why others do not.
    pub failures: Vec<(SocketAddr, io::Error)>,
}

impl Opened {
    /// Opens a listening socket on each of some addresses. Where any port will do, all have the same.
    pub fn on(addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        let mut opened = Opened::default();
        for mut address in addresses {
            if let (0, Some((first, _))) = (address.port(), opened.sockets.first()) {
                address.set_port(SocketAddr::port(first));
            }
            match bind(address).and_then(|socket| Ok((socket.local_addr()?, socket))) {
                Ok(socket) => opened.sockets.push(socket),
                Err(error) => opened.failures.push((address, error)),
            }
        }
        opened
    }
}

/// Opens a listening socket.
fn bind(address: SocketAddr) -> io::Result<TcpListener> {
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
    /// Accepts until the task is aborted.
    pub async fn accept_all(&self, gate: &Gate, receiver: &impl Receive) {
        let mut failing = false;
        loop {
            match self.socket.accept().await {
                Ok((stream, peer)) => {
                    failing = false;
                    self.admit(gate, receiver, stream, peer);
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

    /// Accepts whoever has connected and was not accepted yet, without waiting for others: the system
    /// would reset them once the socket is closed.
    pub fn accept_waiting(&self, gate: &Gate, receiver: &impl Receive) {
        // The system itself is asked: the runtime may not know yet of those who came last.
        while let Ok((socket, peer)) = SockRef::from(&self.socket).accept() {
            let stream =
                socket.set_nonblocking(true).and_then(|()| TcpStream::from_std(socket.into()));
            if let (Ok(stream), Some(peer)) = (stream, peer.as_socket()) {
                self.admit(gate, receiver, stream, peer);
            }
        }
    }

    fn admit(&self, gate: &Gate, receiver: &impl Receive, stream: TcpStream, peer: SocketAddr) {
        // On a socket for both, IPv4 addresses come mapped into IPv6.
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        // Small packets leave at once; batching is done in the writer.
        _ = stream.set_nodelay(true);
        // For whom a proxy connects is known later.
        let is_named = !self.is_proxied && !gate.proxies.trust(peer.ip());
        let admitted = gate.limiter.admit(self.number).and_then(|mut slot| {
            if is_named {
                slot.count_from(peer.ip())?;
            }
            Ok(slot)
        });
        match admitted {
            Ok(slot) => {
                let socket = Socket::new(stream, slot.into());
                let (accepted, is_proxied) = (Moment::now(), self.is_proxied);
                receiver.receive(Arrival { socket, peer, accepted, is_proxied });
            }
            Err(reason) => {
                // The socket's buffer is empty: this goes out at once or never.
                _ = stream.try_write(&receiver.refuse(peer, reason));
                if let Some(place) = gate.limiter.place_of_refused() {
                    drop(Socket::new(stream, place));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
