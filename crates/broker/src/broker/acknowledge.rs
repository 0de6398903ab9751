//! Acknowledgements of pushes.

use crate::{ChannelKey, ClientKey, ConnectionKey, Encoder, PacketId, Sequence, cursor::Phase};

use super::Broker;

impl<E: Encoder> Broker<E> {
    /// Takes a client's acknowledgement of a push by its id.
    ///
    /// An id that was never given, or is acknowledged already, changes nothing.
    pub fn acknowledge(&mut self, connection: ConnectionKey, id: &str) {
        let Some(client) = self.session(connection) else { return };
        let stored = match PacketId::parse(id) {
            Some(PacketId::Stored(log, sequence)) => {
                self.log_channels.get(&log).map(|&channel| (channel, sequence))
            }
            Some(PacketId::Live(_)) => None,
            None => return,
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
        if last < sequence {
            return false;
        }
        let before = cursor.in_flight_bytes();
        let was_clean = !cursor.dirty;
        let news = cursor.acknowledge(sequence);
        let freed = before - cursor.in_flight_bytes();
        let catches_up = cursor.phase == Phase::CatchingUp;
        if news && was_clean {
            self.dirty.cursors.push((client, channel));
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
}
