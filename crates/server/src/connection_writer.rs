//! The writers of the broker's connections: over sockets, counted by the broker and in what waits.

use std::sync::Arc;

use rialto_broker::Deliveries;
use rialto_net::{Accounts, Socket, Written};

use crate::{answers::Lease, entrance::Entrance, memory::Memory};

/// The write half of one connection.
pub(crate) type ConnectionWriter = rialto_net::ConnectionWriter<Socket, Counts>;

/// Connection writers that rounds have put frames into and that are not flushed yet.
pub(crate) type DirtyWriters = rialto_net::DirtyWriters<Socket, Counts>;

/// Where what becomes of a connection's frames is counted.
pub(crate) struct Counts {
    pub(crate) memory: Arc<Memory>,
    pub(crate) deliveries: Arc<Deliveries>,
    pub(crate) entrance: Arc<Entrance>,
}

impl Accounts for Counts {
    type Lease = Lease;

    #[inline]
    fn count_written(&self, written: Written) {
        self.deliveries.count_written(written.deliveries);
        self.entrance.traffic.note_written(written.bytes, written.packets);
    }

    #[inline]
    fn count_unwritten(&self, deliveries: u64) {
        self.deliveries.count_unwritten(deliveries);
    }

    fn change_slow(&self, is_slow: bool) {
        self.entrance.traffic.note_slow(is_slow);
    }

    #[inline]
    fn change_overhead(&self, before: usize, after: usize) {
        self.memory.change_overhead(before, after);
    }
}
