//! What the log is told, at `debug`, of connections: when one comes, opens a session and ends.
//!
//! Made only where the log wants it, so that an idle connection carries nothing of it otherwise.

use std::{net::SocketAddr, sync::Arc};

use rialto_config::EventKind;
use rialto_domain::{ClientId, CloseReason};
use rialto_stopwatch::Moment;
use serde_json::{Value, json};

use crate::{
    audit::Audit,
    entrance::{Entrance, Origin},
};

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
    /// Who wants to be told of its session besides the log.
    told: Option<Arc<Audit>>,
}

impl Visit {
    /// Tells of a connection that begins, if the log wants to hear of it.
    ///
    /// With `audit` its session is told of as an event, too, if that is wanted.
    pub(crate) fn begin(origin: Origin<'_>, audit: Option<&Arc<Audit>>) -> Option<Box<Self>> {
        let told = audit.filter(|audit| audit.events.wants_sessions()).cloned();
        if told.is_none() && !tracing::enabled!(target: TARGET, tracing::Level::DEBUG) {
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
            told,
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
        self.tell(EventKind::Connected, &json!({}));
    }

    /// Tells nobody but the log of its end.
    pub(crate) fn hush(&mut self) {
        self.told = None;
    }

    /// Tells of its session as an event, with more about it.
    fn tell(&self, kind: EventKind, more: &Value) {
        let (Some(audit), Some(client), Some(session)) = (&self.told, &self.client, self.session)
        else {
            return;
        };
        audit.events.note(kind, || {
            let Entrance { dialect, listener, .. } = &*self.entrance;
            let mut fields = json!({
                "client": client.as_str(),
                "session": session,
                "dialect": dialect,
                "listener": listener,
                "address": self.address.to_string(),
            });
            if let (Value::Object(fields), Value::Object(more)) = (&mut fields, more) {
                fields.extend(more.clone());
            }
            fields
        });
    }

    /// Notes why it is to end.
    pub(crate) fn close(&mut self, reason: CloseReason) {
        self.reason = reason.word();
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let lasted_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.tell(EventKind::Disconnected, &json!({"reason": self.reason, "lasted_ms": lasted_ms}));
        let Visit { entrance, address, client, session, reason, .. } = self;
        let Entrance { dialect, listener, .. } = &**entrance;
        let client = client.as_ref().map(ClientId::as_str);
        tracing::debug!(
            target: TARGET,
            dialect, listener, %address, session, reason, lasted_ms, client, "connection ended"
        );
    }
}
