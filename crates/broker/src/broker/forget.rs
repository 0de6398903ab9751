//! Forgetting clients: those that were not seen for long, and those that the operator names.

use rialto_domain::{Change, ClientId, CloseReason, Seen};

use crate::{ClientKey, Encoder};

use super::{Broker, batch::Pending};

impl<E: Encoder> Broker<E> {
    /// Forgets a client: its session ends, its persistent subscriptions and all that is stored for
    /// it, direct messages included, are gone. Says whether it was known; it may come back as a new
    /// one. It must have been [claimed](Self::claim).
    pub fn forget_client(&mut self, id: &str) -> bool {
        self.settle();
        let Some(&key) = self.client_keys.get(id) else { return false };
        if let Some(connection) = self.clients[key].connection {
            self.end_session(connection, CloseReason::Removed);
            self.close(connection, CloseReason::Removed);
        }
        self.forget_lost(key);
        // One that is known only while it is connected is gone already.
        self.forget(key);
        true
    }

    /// Forgets clients in memory that have no persistent subscription and were not seen for long.
    pub(super) fn forget_clients(&mut self) {
        let stale: Vec<ClientKey> = self
            .clients
            .iter()
            .filter(|(_, client)| client.is_forgettable() && self.is_old(client.last_seen))
            .map(|(key, _)| key)
            .collect();
        for key in stale {
            self.forget(key);
        }
    }

    /// Forgets a client that was just loaded for that, if it is to be forgotten.
    pub(super) fn forget_if_old(&mut self, key: ClientKey) {
        let client = &self.clients[key];
        if client.is_forgettable() && self.is_old(client.last_seen) {
            self.forget(key);
        }
    }

    /// Says whether who was last seen then is to be forgotten, if nothing speaks against it.
    pub(super) fn is_old(&self, seen: Seen) -> bool {
        let age_max = self.settings.forget_after.as_millis() as u64;
        age_max < self.clocks.served().saturating_sub(seen.served)
    }

    fn forget(&mut self, key: ClientKey) {
        let Some(client) = self.clients.remove(key) else { return };
        self.client_keys.remove(&client.id);
        self.note_forgetting(&client.id);
        if client.epoch > 0 {
            self.batch.own(client.id.clone(), client.epoch);
        }
        self.write_forgotten(client.id.clone());
        self.release_id(client.id, client.epoch);
        for channel in client.subscriptions.keys() {
            if self.channels[channel].persistent.remove(&key).is_some() {
                self.drop_log_if_unread(self.channels[channel].name.clone());
            }
            self.drop_unread_log(channel);
            self.drop_if_idle(channel);
        }
    }

    fn write_forgotten(&mut self, client: ClientId) {
        self.batch.push(Change::ForgetClient(client.clone()), Pending::Forget(client));
    }

    /// Has the store forget clients that it refused to, unless they have come back meanwhile.
    pub(super) fn forget_again(&mut self) {
        for client in std::mem::take(&mut self.dirty.forgotten) {
            if !self.client_keys.contains_key(&client) {
                self.write_forgotten(client);
            }
        }
    }
}
