//! What is done when too much waits: first goes what can be missed most easily.

use std::{cmp::Reverse, time::Duration};

use rialto_broker::ConnectionKey;
use rialto_domain::CloseReason;

use super::state::State;
use crate::memory::{Level, Memory, Usage};

/// Pause between two looks at all connections.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Connections to which less is on its way are not closed to make room.
const CLOSED_BYTES_MIN: usize = 256 << 10;

impl State {
    /// Compares what waits with its bound, and says whether it is too much.
    pub(super) fn watch(&mut self, memory: &Memory) -> bool {
        let usage = self.usage(memory);
        self.broker.stats_mut().waiting_bytes = usage.total() as u64;
        let level = memory.judge(usage);
        if level != self.level {
            self.note_level(level, memory, usage);
        }
        level.is_short
    }

    fn usage(&self, memory: &Memory) -> Usage {
        let held = self.broker.held();
        // What other servers have not fetched is among the frames.
        Usage {
            under_way: self.broker.frame_bytes() + memory.uncharted_bytes(),
            kept: held.histories + held.inboxes + held.retained,
        }
    }

    fn note_level(&mut self, level: Level, memory: &Memory, usage: Usage) {
        if level.is_short && !self.is_relieving {
            self.is_relieving = true;
            tracing::warn!(
                bytes = usage.total(),
                bytes_max = memory.bytes_max(),
                "memory limit reached (limits.waiting_bytes_max): histories are dropped, slow consumers \
                 are closed, and no more messages are retained"
            );
        } else if level == Level::default() && self.is_relieving {
            self.is_relieving = false;
            tracing::info!(
                bytes = usage.total(),
                "memory of waiting data is below its limit again"
            );
        }
        self.level = level;
        memory.set_pressed(level.is_pressed);
        self.broker.set_short_of_memory(level.is_short);
    }

    /// Makes room: histories of channels that nobody has published to for long go first, then the
    /// connections to which most is on its way.
    pub(super) fn relieve(&mut self, memory: &Memory) {
        let excess = memory.excess(self.usage(memory));
        if self.broker.evict_histories(excess) < excess {
            self.close_largest(memory);
        }
        self.watch(memory);
    }

    fn close_largest(&mut self, memory: &Memory) {
        let now = self.broker.now().uptime;
        let is_due = self.relieved.is_none_or(|relieved| relieved + LOOK_EVERY <= now);
        // Closing connections helps only where it is they who take much.
        if !is_due || self.usage(memory).under_way < memory.bytes_max() / 4 {
            return;
        }
        self.relieved = Some(now);
        let sizes =
            self.endpoints.iter().map(|(key, endpoint)| (endpoint.writer.waiting_bytes(), key));
        let mut largest: Vec<(usize, ConnectionKey)> =
            sizes.filter(|(bytes, _)| CLOSED_BYTES_MIN <= *bytes).collect();
        largest.sort_unstable_by_key(|(bytes, _)| Reverse(*bytes));
        for (_, connection) in largest {
            if memory.excess(self.usage(memory)) == 0 {
                return;
            }
            let writer = &self.endpoints[connection].writer;
            let limit = writer.bytes_max();
            self.broker.close(connection, CloseReason::SlowConsumer { limit });
            // It would not be read, and the memory is wanted now.
            writer.abandon();
        }
    }
}
