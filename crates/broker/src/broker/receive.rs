//! What makes a connection a receiver of a channel: its place among the receivers, the retained
//! message it begins with, and whether it gets an echo of what it publishes.

use crate::{
    ChannelKey, ClientKey, ConnectionKey, ConnectionProfile, Encoder, Mark, Source,
    client::Subscription, receivers::Receiver,
};

use super::Broker;

impl<E: Encoder> Broker<E> {
    pub(super) fn add_receiver(
        &mut self,
        channel: ChannelKey,
        connection: ConnectionKey,
        client: ClientKey,
    ) {
        let ConnectionProfile { format, acknowledges, is_addressed, .. } =
            self.connections[connection].profile;
        let subscription = self.clients[client].subscriptions.get(&channel);
        let persistent = matches!(subscription, Some(Subscription::Persistent(_)));
        let receiver = Receiver { client, format, persistent, acknowledges, is_addressed };
        self.channels[channel].receivers.insert(connection, receiver);
        if self.settings.has_bus {
            self.hear(channel);
        }
    }

    pub(super) fn deliver_retained(&mut self, key: ChannelKey, connection: ConnectionKey) {
        let channel = &self.channels[key];
        let Some(retained) = &channel.retained else { return };
        let ConnectionProfile { format, takes_retained, is_addressed, .. } =
            self.connections[connection].profile;
        if !takes_retained {
            return;
        }
        let message = &retained.message;
        if !self.tails.is_empty() {
            self.tail_retained(key, connection);
        }
        let source = Source::of(&message.publisher);
        let mut envelope = self.encoder.envelope(format, &channel.name, source);
        self.outputs.append_delivery(connection, |out| {
            if !is_addressed {
                return self.encoder.delivery(&mut envelope, &message.payload, Mark::Retained, out);
            }
            let mut shared = Vec::new();
            self.encoder.delivery(&mut envelope, &message.payload, Mark::Retained, &mut shared);
            let to = (connection, format);
            out.extend(self.outgoing.address(&self.encoder, to, &shared));
        });
    }

    /// Sets whether a connection gets back what it publishes.
    pub fn set_echo(&mut self, connection: ConnectionKey, echo: bool) {
        self.settle();
        if let Some(connection) = self.connections.get_mut(connection) {
            connection.profile.echo = Some(echo);
        }
    }

    /// Says whether a connection gets back what it publishes to a channel.
    pub(super) fn has_echo(&self, connection: ConnectionKey, channel: ChannelKey) -> bool {
        self.own_echo(connection).unwrap_or(self.channels[channel].profile.echo)
    }

    /// Says whether a connection gets back what it sends to its own client.
    pub(super) fn has_general_echo(&self, connection: ConnectionKey) -> bool {
        self.own_echo(connection).unwrap_or(self.settings.echo)
    }

    fn own_echo(&self, connection: ConnectionKey) -> Option<bool> {
        self.connections.get(connection)?.profile.echo
    }
}
