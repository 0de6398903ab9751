//! What clients may do, and how that changes while they are connected.

use std::collections::BTreeSet;

use rialto_domain::{
    Action, Admission, ChannelKind, CloseReason, Reject, Rights, is_event_channel,
};

use crate::{ChannelKey, ClientKey, ConnectionKey, Encoder, client::Beginning};

use super::Broker;

/// Told to those that may not read what the server tells.
const NO_READER: &str = "this client is none of events.readers";

impl<E: Encoder> Broker<E> {
    /// Judges whether the client of a connection may do this with a channel.
    ///
    /// # Errors
    /// [`Reject::Denied`] with the rule.
    pub fn may(
        &self,
        connection: ConnectionKey,
        action: Action,
        channel: &str,
    ) -> Result<(), Reject> {
        if is_event_channel(channel) && !self.reads_events(connection) {
            return Err(Reject::Denied(NO_READER.into()));
        }
        match self.connections.get(connection).and_then(|connection| connection.rights.as_ref()) {
            Some(rights) => rights.decide(action, channel),
            None => Ok(()),
        }
    }

    /// Says whether the client of a connection is one of those that may read what the server tells.
    fn reads_events(&self, connection: ConnectionKey) -> bool {
        let readers = &self.settings.event_readers;
        let account = || match self.rights_of(connection) {
            Some(rights) => Some(rights.account()),
            None => self.session(connection).map(|client| self.clients[client].id.as_str()),
        };
        readers.iter().any(|reader| reader == "*" || account() == Some(reader))
    }

    /// Returns what the client of a connection may do; `None` is everything.
    pub fn rights_of(&self, connection: ConnectionKey) -> Option<&dyn Rights> {
        self.connections.get(connection)?.rights.as_deref()
    }

    /// Says whether the client of a connection may be a replicant. `is_listed` says whether its
    /// address is that of a configured host, which is enough where there are no rights to ask.
    pub fn may_replicate(&self, connection: ConnectionKey, is_listed: bool) -> bool {
        self.rights_of(connection).map_or(is_listed, |rights| rights.may_replicate(is_listed))
    }

    /// Judges whether a client may publish to a topic. That it may publish to the channel it
    /// published to last is not asked again.
    #[inline]
    pub(super) fn may_publish(
        &mut self,
        from: ConnectionKey,
        known: Option<ChannelKey>,
        channel: &str,
    ) -> Result<(), Reject> {
        let connection = &mut self.connections[from];
        if let Some(rights) = &connection.rights
            && !connection.is_last_permitted
        {
            rights.decide(Action::Publish, channel)?;
            connection.is_last_permitted = known.is_some();
        }
        Ok(())
    }

    /// Lets the client of a connection go on as somebody else: with other rights, subscribed to
    /// what else the admission brings, which then makes its announcements.
    pub fn readmit(&mut self, connection: ConnectionKey, admission: &Admission) {
        self.settle();
        if self.connections.contains_key(connection) {
            self.set_rights(connection, admission.rights.clone());
        }
        self.drop_forbidden(connection);
        if let Some(beginning) = Beginning::of(admission) {
            self.begin(connection, *beginning);
        }
        self.close_forbidden_observer(connection);
    }

    /// Closes the connection of a replicant that may be none any more.
    pub(super) fn close_forbidden_observer(&mut self, connection: ConnectionKey) {
        let listing = self.listing_of(connection);
        if listing.is_some_and(|is_listed| !self.may_replicate(connection, is_listed)) {
            self.close(connection, CloseReason::Withdrawn);
        }
    }

    /// Ends the subscriptions that a client's rights do not allow and the server did not make.
    pub(super) fn drop_forbidden(&mut self, connection: ConnectionKey) {
        let Some(client) = self.session(connection) else { return };
        let state = &self.clients[client];
        // Also those that are under way.
        let all: BTreeSet<_> = state.subscriptions.keys().chain(state.changing.keys()).collect();
        let own = all.into_iter().filter(|&key| {
            state.will_be_subscribed(key) && self.is_forbidden(connection, client, key)
        });
        let forbidden: Vec<_> = own.map(|key| self.channels[key].name.clone()).collect();
        if !forbidden.is_empty() {
            self.settle();
        }
        for name in forbidden {
            self.end_subscription(client, name.as_str(), None);
        }
    }

    /// Says whether a client is not to have a subscription that it has.
    pub(super) fn is_forbidden(
        &self,
        connection: ConnectionKey,
        client: ClientKey,
        channel: ChannelKey,
    ) -> bool {
        let name = &self.channels[channel].name;
        name.kind() == ChannelKind::Topic
            && !self.clients[client].is_server_assigned(channel)
            && !self.will_be_assigned(connection, name.as_str())
            && self.may(connection, Action::Subscribe, name.as_str()).is_err()
    }

    /// Says whether the client of a connection is about to be subscribed to a channel by the server.
    fn will_be_assigned(&self, connection: ConnectionKey, channel: &str) -> bool {
        let beginning = self.connections[connection].beginning.as_deref();
        let to_assign = beginning.map(|beginning| &*beginning.subscriptions).unwrap_or_default();
        to_assign.iter().any(|assigned| assigned.channel == channel)
    }
}
