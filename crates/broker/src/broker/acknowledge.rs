//! Acknowledgements of pushes, and the window of what may be unacknowledged.

use rialto_domain::{PacketId, Sequence};

use crate::{ChannelKey, ClientKey, ConnectionKey, Encoder, cursor::Phase};

use super::Broker;

/// Stretches of a log that a client may acknowledge ahead of what it was sent: bounds what one that
/// makes sequences up can have us remember.
const EARLY_STRETCHES_MAX: usize = 1024;

impl<E: Encoder> Broker<E> {
    /// Takes a client's acknowledgement of a push by its id.
    ///
    /// An id that was never given, or is acknowledged already, changes no cursor.
    pub fn acknowledge(&mut self, connection: ConnectionKey, id: &str) {
        if let Some(id) = PacketId::parse(id) {
            self.acknowledge_id(connection, id);
        }
    }

    /// Takes a client's acknowledgement of a delivery.
    pub(super) fn acknowledge_id(&mut self, connection: ConnectionKey, id: PacketId) {
        let Some(client) = self.session(connection) else { return };
        let stored = match id {
            PacketId::Stored(log, sequence) => {
                self.log_channels.get(&log).map(|&channel| (channel, sequence))
            }
            PacketId::Live(_) => None,
        };
        let news = match stored {
            Some((channel, sequence)) if self.clients[client].cursor(channel).is_some() => {
                self.acknowledge_stored(connection, client, channel, sequence)
            }
            _ => {
                let owed = &mut self.connections[connection].live_unacknowledged;
                let news = 0 < *owed;
                *owed = owed.saturating_sub(1);
                news
            }
        };
        self.stats.acknowledged += u64::from(news);
    }

    fn acknowledge_stored(
        &mut self,
        connection: ConnectionKey,
        client: ClientKey,
        channel: ChannelKey,
        sequence: Sequence,
    ) -> bool {
        let last = self.channels[channel].log.as_ref().map_or(0, |log| log.last);
        let Some(cursor) = self.clients[client].cursor(channel) else { return false };
        // What was not sent on this connection may have been on an earlier one.
        let is_unsent = cursor.next() <= sequence;
        if last < sequence || (is_unsent && EARLY_STRETCHES_MAX <= cursor.stretch_count()) {
            return false;
        }
        let before = cursor.in_flight_bytes();
        let news = cursor.acknowledge(sequence);
        let freed = before - cursor.in_flight_bytes();
        let catches_up = cursor.phase == Phase::CatchingUp;
        if news {
            self.mark_cursor_dirty(client, channel);
        }
        let state = &mut self.connections[connection];
        state.window_bytes = state.window_bytes.saturating_sub(freed);
        if catches_up {
            self.fill(client, channel);
        }
        if !self.connections[connection].waiting.is_empty() {
            self.fill_waiting(connection, client);
        }
        news
    }

    /// Returns a connection's window in messages, and the bytes its window still has room for.
    pub(super) fn window_room(&self, connection: ConnectionKey) -> (u64, u64) {
        let Some(state) = self.connections.get(connection) else { return (0, 0) };
        // J-109: where one message at a time is wanted, it is one over all subscriptions.
        let is_taken = state.profile.unacknowledged_max == 1 && 0 < state.window_bytes;
        let bytes_max = if is_taken { 0 } else { self.settings.window_bytes_max as u64 };
        let room = bytes_max.saturating_sub(state.window_bytes);
        (u64::from(state.profile.unacknowledged_max), room)
    }
}
