//! Counters of everything that happened, for the control channel `$stats`, logs and metrics.

use serde::Serialize;

/// What happened since start. Counters only grow; gauges say so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Gauge: open connections.
    pub connections: u64,
    /// Gauge: clients with an open session.
    pub sessions: u64,
    /// Gauge: channels in use.
    pub channels: u64,
    /// Gauge: memory of everything that waits, in bytes.
    pub waiting_bytes: u64,
    /// Gauge: channels with a retained message.
    pub retained: u64,
    /// Gauge: memory of retained messages in bytes, about, their channels included.
    pub retained_bytes: u64,
    /// Sessions that were opened.
    pub sessions_opened: u64,
    /// Sessions that a newer connection of the same client took over.
    pub sessions_taken_over: u64,
    /// Sessions whose connection was lost and that could be taken up again.
    pub sessions_lost: u64,
    /// Sessions that were taken up again.
    pub sessions_restored: u64,
    /// Messages taken from publishers.
    pub published: u64,
    /// Deliveries put into outboxes.
    pub delivered: u64,
    /// QoS 1 messages committed to a log.
    pub stored: u64,
    /// Messages to a channel without subscribers.
    pub discarded: u64,
    /// Pushes acknowledged by clients.
    pub acknowledged: u64,
    /// Messages taken in from other servers.
    pub relayed: u64,
    /// Messages of other servers that were gone before they could be fetched.
    pub relay_missed: u64,
    /// Channels whose history was dropped because there was no memory for more.
    pub history_evicted: u64,
    /// Messages that were not retained: the ceiling was reached, or the store had no room.
    pub retained_refused: u64,
    /// Requests refused, all causes.
    pub rejected: u64,
    /// Frames ignored because they are no packet.
    pub malformed: u64,
    /// QoS 0 deliveries dropped because the receiver does not read.
    pub dropped_slow: u64,
    /// Messages for lost clients dropped because too many came.
    pub dropped_absent: u64,
    /// Stored messages dropped because a log reached its limit.
    pub dropped_log: u64,
    /// Stored messages dropped because the page they stood in was damaged.
    pub dropped_damaged: u64,
    /// Stored records that were damaged and set aside: pages of messages, retained messages, messages
    /// of a history, cursors, clients, sessions.
    pub damaged_records: u64,
    /// Gauge: batches of changes handed to the store that it has not answered.
    pub store_queue: u64,
    /// Gauge: milliseconds that the oldest of these has been waiting.
    pub store_wait_ms: u64,
    /// Commits the store refused.
    pub store_failures: u64,
    /// Connections closed for a limit: packet size, outbox, unacknowledged pushes.
    pub closed_limit: u64,
    /// Connections closed for silence or a session not opened in time.
    pub closed_silent: u64,
    /// Connections refused because too many were open.
    pub refused_connections: u64,
}
