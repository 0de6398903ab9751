//! What the world around the core counts by itself, to be compared with what the core says.

use std::collections::BTreeMap;

use crate::{Broker, ConnectionKey, Encoder, Stats};

use super::super::world::expect_balance;

/// So many deliveries fit into an outbox.
const OUTBOX_COUNT_MAX: u64 = 5;

/// Outboxes whose readers are slow, and what became of what was put into them.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    outboxes: BTreeMap<ConnectionKey, u64>,
    received: u64,
    delivered: u64,
    dropped_slow: u64,
    dropped_closed: u64,
    /// Decides which reader reads next.
    turn: usize,
}

impl Accounts {
    pub(super) fn opened(&mut self, connection: ConnectionKey) {
        self.outboxes.insert(connection, 0);
    }

    /// A message was handed in.
    pub(super) fn received(&mut self) {
        self.received += 1;
    }

    /// Deliveries for a connection, which are dropped if they may be and there is no room.
    pub(super) fn sent<E: Encoder>(
        &mut self,
        broker: &mut Broker<E>,
        connection: ConnectionKey,
        (count, droppable): (u32, bool),
    ) {
        let deliveries = u64::from(count);
        match self.outboxes.get_mut(&connection) {
            Some(waiting) if droppable && OUTBOX_COUNT_MAX < *waiting + deliveries => {
                broker.stats_mut().dropped_slow += deliveries;
                self.dropped_slow += deliveries;
            }
            Some(waiting) => {
                broker.note_queued(count);
                *waiting += deliveries;
            }
            None => {
                broker.note_queued(count);
                broker.deliveries().count_unwritten(deliveries);
                self.dropped_closed += deliveries;
            }
        }
    }

    /// Somebody reads a part of what waits for them.
    pub(super) fn read<E: Encoder>(&mut self, broker: &Broker<E>) {
        self.turn += 1;
        let count = self.outboxes.len().max(1);
        if let Some(waiting) = self.outboxes.values_mut().nth(self.turn % count) {
            let read = waiting.div_ceil(2);
            *waiting -= read;
            self.delivered += read;
            broker.deliveries().count_written(read);
        }
    }

    /// A connection is gone, with what waits for it.
    pub(super) fn gone<E: Encoder>(&mut self, broker: &Broker<E>, connection: ConnectionKey) {
        if let Some(waiting) = self.outboxes.remove(&connection) {
            self.dropped_closed += waiting;
            broker.deliveries().count_unwritten(waiting);
        }
    }

    /// Compares all that with the core's counters, whose sums come out even.
    pub(super) fn check(&self, stats: &Stats) {
        expect_balance(stats);
        assert_eq!(stats.received, self.received, "received");
        assert_eq!(stats.delivered, self.delivered, "delivered");
        assert_eq!(stats.dropped_slow, self.dropped_slow, "dropped_slow");
        assert_eq!(stats.dropped_closed, self.dropped_closed, "dropped_closed");
        assert_eq!(
            stats.deliveries_waiting,
            self.outboxes.values().sum::<u64>(),
            "deliveries_waiting"
        );
    }
}
