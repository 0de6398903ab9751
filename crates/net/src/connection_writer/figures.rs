//! What passed on a connection, for whoever asks.

use super::{Accounts, ConnectionWriter, TryWrite};

/// What passed on a connection until now, and what waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Bytes that its task has read, TLS left out.
    pub read_bytes: u64,
    /// Bytes that were written, TLS left out.
    pub written_bytes: u64,
    /// Deliveries that were written.
    pub written_deliveries: u64,
    /// Bytes that wait to be written.
    pub waiting_bytes: usize,
    /// Deliveries that were dropped because there was no room for them.
    pub dropped_deliveries: u64,
    /// Whether it counts as slow: its outbox was more than half full, and was not less than a quarter full since.
    pub is_slow: bool,
}

impl<S: TryWrite, A: Accounts> ConnectionWriter<S, A> {
    /// Returns what passed, and what waits.
    ///
    /// # Cost
    /// The writer's lock, which is never held during a write to a socket.
    pub fn figures(&self) -> Figures {
        let state = self.state.lock();
        Figures {
            read_bytes: state.read_bytes,
            written_bytes: state.outbox.written(),
            written_deliveries: state.outbox.written_deliveries(),
            waiting_bytes: state.outbox.bytes(),
            dropped_deliveries: state.dropped_count,
            is_slow: state.counted_slow,
        }
    }
}
