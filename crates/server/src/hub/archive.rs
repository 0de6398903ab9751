//! What is stored about clients that the broker does not have in memory, for whoever asks about them from
//! outside: it is read at once, by a reader of its own and beside the broker's lock.

use parking_lot::Mutex;
use rialto_broker::{Broker, ClientReport};
use rialto_domain::{ClientId, ClientState, StoredClient};
use rialto_store::{StoreError, StoreReader};
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::dialects::Dialects;

/// Reads what is stored about clients.
pub(crate) struct Archive {
    /// None where the broker has all of them in memory.
    reader: Option<Mutex<Box<dyn StoreReader>>>,
}

impl Archive {
    pub(super) fn new(broker: &Broker<Dialects>, reader: Box<dyn StoreReader>) -> Self {
        Archive { reader: (!broker.is_whole()).then(|| Mutex::new(reader)) }
    }

    /// Says whether there are none: the broker has all in memory.
    pub(crate) fn is_empty(&self) -> bool {
        self.reader.is_none()
    }

    /// Returns what is known of a client that is not in memory.
    pub(crate) fn client_report(&self, id: &str) -> Option<ClientReport> {
        let id = ClientId::from(id);
        let ClientState { seen, cursors } = self.client(&id)?;
        let direct = id.direct_channel();
        let topics = cursors.iter().filter(|(channel, _)| *channel != direct);
        let topic_count = topics.count() as u64;
        Some(report(StoredClient { id, seen, topic_count }))
    }

    /// Returns the channels that a client which is not in memory is subscribed to, its own direct one
    /// left out.
    pub(crate) fn subscriptions(&self, id: &str) -> Option<Vec<String>> {
        let id = ClientId::from(id);
        let direct = id.direct_channel();
        let cursors = self.client(&id)?.cursors.into_iter();
        let topics = cursors.map(|(channel, _)| channel).filter(|channel| *channel != direct);
        Some(topics.map(|channel| channel.as_str().to_owned()).collect())
    }

    /// Returns the first stored clients behind the id `after`, by id.
    pub(crate) fn client_reports(&self, after: &str, count_max: usize) -> Vec<ClientReport> {
        let Some(reader) = &self.reader else { return Vec::new() };
        let listed = aside(|| reader.lock().clients(&ClientId::from(after), count_max));
        told(listed).unwrap_or_default().into_iter().map(report).collect()
    }

    /// Returns the ids of the first stored clients behind the id `after`, by id.
    pub(crate) fn ids(&self, after: &str, count_max: usize) -> Vec<ClientId> {
        let Some(reader) = &self.reader else { return Vec::new() };
        let listed = aside(|| reader.lock().ids(&ClientId::from(after), count_max));
        told(listed).unwrap_or_default().into_iter().map(|stored| stored.id).collect()
    }

    fn client(&self, id: &ClientId) -> Option<ClientState> {
        let reader = self.reader.as_ref()?;
        told(aside(|| reader.lock().client(id)))?
    }
}

/// Reads without keeping other tasks from the thread: a database may take seconds to answer.
fn aside<T>(read: impl FnOnce() -> T) -> T {
    match Handle::try_current() {
        Ok(runtime) if runtime.runtime_flavor() == RuntimeFlavor::MultiThread => {
            tokio::task::block_in_place(read)
        }
        _ => read(),
    }
}

/// Tells of what cannot be read.
fn told<T>(result: Result<T, StoreError>) -> Option<T> {
    result
        .inspect_err(|error| {
            let error = error as &dyn std::error::Error;
            tracing::error!(error, "what is stored about clients cannot be read");
        })
        .ok()
}

fn report(StoredClient { id, seen, topic_count }: StoredClient) -> ClientReport {
    ClientReport {
        id,
        connection: None,
        account: None,
        connected_for: None,
        last_seen: seen.unwrap_or_default().at,
        is_lost: false,
        subscription_count: topic_count as usize,
    }
}
