//! What a client gets at the beginning of its session: retained messages first, a part at a time,
//! then what was stored for it.

use crate::{ChannelKey, ClientKey, ConnectionKey, Encoder, client::Subscription};

use super::Broker;

/// Bytes of retained messages that are sent before the client has to read them; one message may
/// have more.
const PART_BYTES: usize = 256 << 10;

impl<E: Encoder> Broker<E> {
    /// Returns the bytes that follow the beginning of a client's session at once.
    pub fn welcome_bytes(&self, client: &str) -> usize {
        let Some(&key) = self.client_keys.get(client) else { return 0 };
        let client = &self.clients[key];
        let persistent = client.subscriptions.iter().filter_map(|(channel, kind)| {
            matches!(kind, Subscription::Persistent(_)).then_some(channel)
        });
        let mut bytes = 0;
        for retained_bytes in persistent.map(|channel| self.retained_bytes_of(channel)) {
            if 0 < bytes && PART_BYTES < bytes + retained_bytes {
                break;
            }
            bytes += retained_bytes;
        }
        bytes + client.detached.as_ref().map_or(0, |detached| detached.bytes())
    }

    /// Takes up a client's persistent subscriptions on its new connection.
    pub(super) fn resume(&mut self, connection: ConnectionKey, client: ClientKey) {
        let subscribed = self.clients[client].subscriptions.keys();
        // One whose end is still to be stored brings nothing any more.
        let channels: Vec<ChannelKey> =
            subscribed.filter(|&channel| !self.is_forbidden(connection, client, channel)).collect();
        for &channel in &channels {
            self.add_receiver(channel, connection, client);
            if let Some(cursor) = self.clients[client].cursor(channel) {
                cursor.rewind();
            }
        }
        let due = channels.iter().rev().copied();
        self.connections[connection].due =
            due.filter(|&channel| self.channels[channel].retained.is_some()).collect();
        self.deliver_part(connection, client);
        if self.connections[connection].due.is_empty() {
            self.fill_all(client, channels);
        }
    }

    /// Sends more of the retained messages that a client is to get at the beginning of its session,
    /// once it has read the ones before; then what was stored for it.
    ///
    /// # Spec
    /// J-82, J-119.
    pub fn deliver_due(&mut self, connection: ConnectionKey) {
        let Some(client) = self.session(connection) else { return };
        if self.connections[connection].due.is_empty() {
            return;
        }
        self.settle();
        self.deliver_part(connection, client);
        if self.connections[connection].due.is_empty() {
            let channels = self.clients[client].subscriptions.keys().collect();
            self.fill_all(client, channels);
        }
    }

    /// Says whether more of them [is due](Self::deliver_due).
    pub fn is_due(&self, connection: ConnectionKey) -> bool {
        self.connections.get(connection).is_some_and(|connection| !connection.due.is_empty())
    }

    fn deliver_part(&mut self, connection: ConnectionKey, client: ClientKey) {
        let mut bytes = 0;
        while let Some(&channel) = self.connections[connection].due.last() {
            // It may have unsubscribed meanwhile.
            let is_wanted = self.clients[client].subscriptions.contains_key(&channel);
            if is_wanted {
                let retained_bytes = self.retained_bytes_of(channel);
                if 0 < bytes && PART_BYTES < bytes + retained_bytes {
                    return;
                }
                bytes += retained_bytes;
                self.deliver_retained(channel, connection);
            }
            self.connections[connection].due.pop();
        }
    }

    fn fill_all(&mut self, client: ClientKey, channels: Vec<ChannelKey>) {
        for channel in channels {
            if self.clients[client].cursor(channel).is_some() {
                self.fill(client, channel);
            }
        }
    }

    fn retained_bytes_of(&self, channel: ChannelKey) -> usize {
        let retained = self.channels.get(channel).and_then(|channel| channel.retained.as_ref());
        retained.map_or(0, |retained| retained.message.payload.len())
    }
}
