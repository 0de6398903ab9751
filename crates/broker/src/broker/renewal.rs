//! Sessions whose right to be there ends: with time, or because somebody takes it away.

use std::{collections::BTreeSet, sync::Arc};

use rialto_domain::{Action, ChannelKind, CloseReason, Rights, UnixMs};

use crate::{ChannelKey, ClientKey, ConnectionKey, Encoder};

use super::Broker;

/// Clients by when the rights of their sessions end, for those that do.
pub(super) type Expiring = BTreeSet<(UnixMs, ClientKey)>;

impl<E: Encoder> Broker<E> {
    /// Returns the clients that have a session, on a connection or lost and expected back.
    pub fn sessions(&self) -> Vec<ClientKey> {
        let connected = self.connections.values().filter_map(|connection| connection.client);
        connected.chain(self.lost_clients()).collect()
    }

    /// Brings what a client may do up to date: subscriptions that it may not have any more end, with
    /// what was kept for them, and so does its session, if it may have none, or is that of a
    /// replicant that may be none. One that is lost is forgotten then, and does not get what it missed.
    pub fn renew_rights(&mut self, client: ClientKey) {
        let Some(state) = self.clients.get(client) else { return };
        let connection = state.connection;
        let Some(rights) = self.session_rights(client) else { return };
        let now = self.now.unix_ms;
        // What ends at once is no right to be there.
        let renewed = rights.renewed(now).filter(|it| it.until().is_none_or(|until| now < until));
        match (renewed, connection) {
            (Some(renewed), Some(connection)) => {
                self.set_rights(connection, Some(renewed));
                self.drop_forbidden(connection);
                self.close_forbidden_observer(connection);
            }
            (Some(renewed), None) => self.renew_lost(client, &renewed),
            (None, Some(connection)) => self.close(connection, CloseReason::Withdrawn),
            (None, None) => self.forget_lost(client),
        }
    }

    /// Ends sessions whose rights hold no longer, by the wall clock.
    pub(super) fn end_expired(&mut self) {
        while let Some(&(until, client)) = self.expiring.first()
            && until <= self.now.unix_ms
        {
            self.expiring.pop_first();
            self.renew_rights(client);
        }
    }

    /// Sets what the client of a connection may do from now on.
    pub(super) fn set_rights(
        &mut self,
        connection: ConnectionKey,
        rights: Option<Arc<dyn Rights>>,
    ) {
        let state = &mut self.connections[connection];
        let client = state.client;
        let before = std::mem::replace(&mut state.rights, rights);
        state.is_last_permitted = false;
        let until = state.rights.as_ref().and_then(|rights| rights.until());
        if let Some(client) = client {
            self.expect_no_end(client, before.as_deref());
            self.expiring.extend(until.map(|until| (until, client)));
        }
    }

    /// Waits no more for the end of rights that a client had.
    pub(super) fn expect_no_end(&mut self, client: ClientKey, rights: Option<&dyn Rights>) {
        if let Some(until) = rights.and_then(Rights::until) {
            self.expiring.remove(&(until, client));
        }
    }

    fn session_rights(&self, client: ClientKey) -> Option<Arc<dyn Rights>> {
        let state = &self.clients[client];
        match state.connection {
            Some(connection) => self.connections[connection].rights.clone(),
            None => state.detached.as_ref()?.rights().cloned(),
        }
    }

    fn renew_lost(&mut self, client: ClientKey, rights: &Arc<dyn Rights>) {
        let Some(detached) = &mut self.clients[client].detached else { return };
        let before = detached.set_rights(rights.clone());
        self.expect_no_end(client, before.as_deref());
        self.expiring.extend(rights.until().map(|until| (until, client)));
        let state = &self.clients[client];
        let is_forbidden = |key: &ChannelKey| {
            let name = &self.channels[*key].name;
            name.kind() == ChannelKind::Topic
                && !state.is_server_assigned(*key)
                && rights.decide(Action::Subscribe, name.as_str()).is_err()
        };
        let forbidden = state.subscriptions.keys().filter(is_forbidden);
        let forbidden: Vec<_> = forbidden.map(|key| self.channels[key].name.clone()).collect();
        if !forbidden.is_empty() {
            self.settle();
        }
        for name in forbidden {
            self.end_subscription(client, name.as_str(), None);
        }
    }
}
