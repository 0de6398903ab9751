//! What the log is told, at `debug`, of connections: when one comes, opens a session and ends.
//!
//! Made only where the log wants it, so that an idle connection carries nothing of it otherwise.

use std::{net::SocketAddr, sync::Arc};

use rialto_domain::{ClientId, CloseReason};
use rialto_stopwatch::Moment;

use crate::entrance::{Entrance, Origin};

/// Where the lines go, as log filters name it.
const TARGET: &str = "rialto::connection";

/// One connection, from its begin to its end. Its end is told of when this is dropped.
#[derive(Debug)]
pub(crate) struct Visit {
    entrance: Arc<Entrance>,
    address: SocketAddr,
    began: Moment,
    client: Option<ClientId>,
    session: Option<u64>,
    /// Why it ends; without, because the peer or the network ended it.
    reason: &'static str,
}

impl Visit {
    /// Tells of a connection that begins, if the log wants to hear of it.
    pub(crate) fn begin(origin: Origin<'_>) -> Option<Box<Self>> {
        if !tracing::enabled!(target: TARGET, tracing::Level::DEBUG) {
            return None;
        }
        let Origin { entrance, address } = origin;
        let Entrance { dialect, listener, .. } = &**entrance;
        tracing::debug!(target: TARGET, dialect, listener, %address, "connection opened");
        Some(Box::new(Visit {
            entrance: entrance.clone(),
            address,
            began: Moment::now(),
            client: None,
            session: None,
            reason: CloseReason::Ended.word(),
        }))
    }

    /// Tells of a session that it opened.
    pub(crate) fn open_session(&mut self, client: ClientId, session: u64) {
        let Entrance { dialect, listener, .. } = &*self.entrance;
        let address = self.address;
        let name = client.as_str();
        tracing::debug!(
            target: TARGET,
            dialect, listener, %address, session, client = name, "session opened"
        );
        self.client = Some(client);
        self.session = Some(session);
    }

    /// Notes why it is to end.
    pub(crate) fn close(&mut self, reason: CloseReason) {
        self.reason = reason.word();
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let Visit { entrance, address, began, client, session, reason } = self;
        let Entrance { dialect, listener, .. } = &**entrance;
        let client = client.as_ref().map(ClientId::as_str);
        let lasted_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(
            target: TARGET,
            dialect, listener, %address, session, reason, lasted_ms, client, "connection ended"
        );
    }
}
