//! A session of the broker's for somebody who comes by HTTP: its client is known as long as it lasts, and
//! named by the server.

use std::sync::Arc;

use rialto_broker::{Connect, ConnectionKey, ConnectionProfile, Entry, Remembered};
use rialto_domain::{Admission, ClientId, Reject};
use uuid::Uuid;

use crate::{
    authorizer::Caller,
    connection_writer::{ConnectionWriter, Counts},
    hub::Hub,
};

/// A connection of the broker's with its session; both end when this is dropped.
pub(crate) struct HttpSession {
    pub(crate) hub: Arc<Hub>,
    pub(crate) key: ConnectionKey,
    pub(crate) writer: Arc<ConnectionWriter>,
}

/// What a session begins with.
pub(crate) struct Terms<'a> {
    pub(crate) profile: ConnectionProfile,
    pub(crate) admission: &'a Admission,
    /// Most bytes that wait to be read.
    pub(crate) bytes_max: usize,
    /// Whether others are told that it comes and goes.
    pub(crate) is_told: bool,
}

impl HttpSession {
    /// Opens one.
    ///
    /// # Errors
    /// Why it is not opened.
    pub(crate) async fn open(
        hub: &Arc<Hub>,
        caller: Arc<Caller>,
        terms: Terms<'_>,
    ) -> Result<Self, Reject> {
        let client = ClientId::from(format!("http-{}", Uuid::new_v4().simple()).as_str());
        hub.claim_session(client.as_str(), Remembered::Session).await?;
        let counts = Counts {
            memory: hub.memory.clone(),
            deliveries: hub.deliveries.clone(),
            entrance: caller.entrance.clone(),
        };
        let writer = Arc::new(ConnectionWriter::new(None, false, terms.bytes_max, counts));
        let open = if terms.is_told { Hub::open } else { Hub::open_quietly };
        let key = open(hub, terms.profile, writer.clone(), caller);
        let session = HttpSession { hub: hub.clone(), key, writer };
        let connect = Connect::transient(&client, terms.admission);
        match hub.round(|broker| broker.connect(key, &connect))? {
            Entry::New => Ok(session),
            Entry::Refused | Entry::Open | Entry::Restored => Err(Reject::NotAllowed),
        }
    }
}

impl Drop for HttpSession {
    fn drop(&mut self) {
        self.writer.abandon();
        self.hub.forget(self.key);
    }
}
