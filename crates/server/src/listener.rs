//! Accepting connections, within the limits of how many there may be.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};
use tokio::{
    net::{TcpListener, TcpStream},
    time::sleep,
};

use crate::reception::{Reception, Room};

/// Connections the system keeps for us until they are accepted.
const BACKLOG: i32 = 4096;
/// Silence after which the system asks whether the peer is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);
/// Pause after the system refused to accept (no file descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// One door of the server.
pub(crate) struct Listener {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    pub(crate) socket: TcpListener,
    pub(crate) room: Room,
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
    pub(crate) async fn accept_all(self: Arc<Self>, reception: Arc<Reception>) {
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
                let reception = reception.clone();
                match self.room.clone() {
                    Room::Broker(door) => tokio::spawn(async move {
                        // The greeting's state is large and short-lived: boxed, so that an idle
                        // connection does not carry it.
                        let received = Box::pin(reception.receive(socket, peer, door)).await;
                        if let Some((connection, early)) = received {
                            connection.run(early).await;
                        }
                        drop(permit);
                    }),
                    Room::Cache(tls) => tokio::spawn(async move {
                        reception.serve_cache(socket, tls).await;
                        drop(permit);
                    }),
                    Room::Http(tls) => tokio::spawn(async move {
                        reception.serve_http(socket, peer, tls).await;
                        drop(permit);
                    }),
                };
            }
            Err(reason) => {
                if reception.admission.begins_refusing() {
                    tracing::warn!(%peer, %reason, "connections are refused");
                }
                reception.hub.count_refused();
                // The socket's buffer is empty: this goes out at once or never.
                _ = socket.try_write(&self.room.refusal(reason));
            }
        }
    }
}
