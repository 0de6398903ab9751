//! One listening socket of the server, and the service that it leads to.

use std::{net::SocketAddr, sync::Arc};

use rialto_domain::CloseReason;
use rialto_net::{Arrival, Receive};

use crate::{
    acceptor::Acceptor,
    asked::ListenerStatus,
    entrance::{Entrance, Origin},
    service::Service,
};

/// One listening socket of the server. A listener whose host name has several addresses has a socket
/// for each.
pub(crate) struct Listener {
    pub(crate) entrance: Arc<Entrance>,
    pub(crate) service: Service,
    pub(crate) socket: rialto_net::Listener,
}

/// Takes the connections of one listener.
struct Receiver<'a> {
    acceptor: &'a Arc<Acceptor>,
    listener: &'a Listener,
}

impl Listener {
    /// Returns where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.socket.address
    }

    /// Returns what the status page shows of it.
    pub(crate) fn status(&self) -> ListenerStatus {
        ListenerStatus {
            name: self.entrance.listener.clone(),
            dialect: self.entrance.dialect,
            address: self.address(),
            tls: self.service.tls().as_str(),
        }
    }

    /// Accepts until the task is aborted.
    pub(crate) async fn accept_all(self: Arc<Self>, acceptor: Arc<Acceptor>) {
        let receiver = Receiver { acceptor: &acceptor, listener: &self };
        self.socket.accept_all(&acceptor.gate, &receiver).await;
    }

    /// Accepts whoever connected before the server stopped: the system would reset them, while here
    /// they are parted from as all others are.
    pub(crate) fn part_from_waiting(&self, acceptor: &Arc<Acceptor>) {
        let receiver = Receiver { acceptor, listener: self };
        self.socket.accept_waiting(&acceptor.gate, &receiver);
    }
}

impl Receive for Receiver<'_> {
    fn receive(&self, arrival: Arrival) {
        let Listener { entrance, service, .. } = self.listener;
        self.acceptor.begin(arrival, entrance.clone(), service);
    }

    fn refuse(&self, peer: SocketAddr, reason: CloseReason) -> Vec<u8> {
        let Listener { entrance, service, .. } = self.listener;
        self.acceptor.note_refused(Origin { entrance, address: peer }, reason);
        if let Service::Cache(_) = service {
            self.acceptor.cache.note_refused();
        }
        service.refusal(reason)
    }
}
