//! Closing connections, for whatever reason; how often for which is counted.

use rialto_domain::CloseReason;

use crate::{ConnectionKey, Effect, Encoder};

use super::Broker;

impl<E: Encoder> Broker<E> {
    /// Asks the world to end a connection once what was sent to it is written.
    pub fn close(&mut self, connection: ConnectionKey, reason: CloseReason) {
        let Some(state) = self.connections.get_mut(connection) else { return };
        if state.closing.is_none() {
            state.closing = Some(reason);
            self.settle();
            self.count_close(reason);
            self.outputs.push(Effect::Close { connection, reason });
        }
    }

    /// Ends all connections, for a graceful stop; their effects come with the round.
    pub fn close_all(&mut self, reason: CloseReason) {
        for connection in self.connection_keys() {
            self.close(connection, reason);
        }
    }

    /// Returns all connections, for a stop that ends them a few at a time.
    pub fn connection_keys(&self) -> Vec<ConnectionKey> {
        self.connections.keys().collect()
    }

    /// Says whether a connection is to end, so that nothing more it sends counts.
    pub fn is_closing(&self, connection: ConnectionKey) -> bool {
        self.connections.get(connection).is_none_or(|connection| connection.closing.is_some())
    }

    fn count_close(&mut self, reason: CloseReason) {
        match reason {
            CloseReason::Silent | CloseReason::NotAuthenticated => self.stats.closed_silent += 1,
            CloseReason::TooManyUnacknowledged { .. }
            | CloseReason::SlowConsumer { .. }
            | CloseReason::PacketTooLarge { .. } => self.stats.closed_limit += 1,
            _ => {}
        }
    }
}
