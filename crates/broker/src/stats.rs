//! Counters of everything that happened, for the control channel `$stats`, the API, logs and metrics.
//!
//! Each stands here once, with what it counts and what a rise means: the manual (`docs/operating.md`)
//! and the status page are made of this table. What must come out even is [`Stats::balance`].

use serde::Serialize;

/// Whether a number only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CounterKind {
    /// It counts what happened since the server's start.
    Counter,
    /// It says how much there is at the moment.
    Gauge,
}

/// One of the numbers of [`Stats`], explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counter {
    /// Its name, which is a promise.
    pub name: &'static str,
    /// What it is about, with others.
    pub group: &'static str,
    /// Whether it only grows.
    pub kind: CounterKind,
    /// What it is a number of.
    pub unit: &'static str,
    /// What it counts.
    pub what: &'static str,
    /// What a rise means, and what to do.
    pub rise: &'static str,
    /// Whether it stays at zero on a server on which all is well.
    pub is_trouble: bool,
}

macro_rules! counters {
    ($(
        $group:literal:
        $(
            $(#[doc = $what:literal])+
            $name:ident: $kind:ident of $unit:literal, $mood:ident: $rise:literal;
        )+
    )+) => {
        /// What happened since start, and what there is at the moment.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
        pub struct Stats {
            $($(
                $(#[doc = $what])+
                pub $name: u64,
            )+)+
        }

        /// All numbers of [`Stats`], explained, in their order.
        pub const COUNTERS: &[Counter] = &[$($(
            Counter {
                name: stringify!($name),
                group: $group,
                kind: CounterKind::$kind,
                unit: $unit,
                what: concat!($($what),+),
                rise: $rise,
                is_trouble: counters!(@$mood),
            },
        )+)+];
    };
    (@well) => { false };
    (@trouble) => { true };
}

counters! {
    "Messages that come in":
    /// Messages handed in for publishing: by clients of every dialect (questions to control channels
    /// included), over the HTTP API, by the embedding program and by the cache. Each of them is then
    /// `published`, `publish_refused` or `publish_waiting`.
    received: Counter of "messages", well: "Publishers send more.";
    /// Messages that were accepted.
    published: Counter of "messages", well: "Publishers send more.";
    /// Messages that were refused: no right, a rate limit, an invalid channel or payload, a receiver that is
    /// offline, a full log, a store that cannot take them.
    publish_refused: Counter of "messages", trouble:
        "A publisher does what it may not, or more than it may; or the store is in trouble. The audit log says who and why.";
    /// Messages that wait for the store to commit them.
    publish_waiting: Gauge of "messages", well:
        "The disk is slower than publishers. They are read more slowly (backpressure); see `store_wait_ms`.";
    /// Messages accepted from other servers of the cluster.
    relayed: Counter of "messages", well: "Clients of other servers publish more.";
    /// Messages of other servers that were gone from their backlog before they could be fetched.
    relay_missed: Counter of "messages", trouble:
        "A connection between servers was down for longer than the backlog covers. Raise `cluster.backlog_bytes_max`.";
    /// Packets that were ignored because they are malformed. They are not in `received`: what they were meant
    /// to be is not known.
    malformed: Counter of "packets", trouble: "A client has a fault, or speaks another protocol.";
    /// Requests that were refused: publishes, subscriptions, sessions, logins. A publish to a client that is
    /// offline is among them also where the message was stored for it, and so `published`.
    rejected: Counter of "requests", trouble:
        "Clients ask for what they may not have. The audit log says who and why.";

    "What becomes of messages":
    /// Messages that were questions, answered by the broker (control channels) or by the application.
    answered: Counter of "messages", well: "Clients ask more.";
    /// Messages to a channel that somebody subscribes to (connected, lost and expected back, or persistently), or to a client that
    /// gets them.
    routed: Counter of "messages", well: "Publishers send more.";
    /// Messages to a channel without subscribers on this server. They are retained, kept in the history and
    /// passed on to other servers all the same, where that is configured.
    discarded: Counter of "messages", well:
        "Publishers send what nobody listens to: a subscriber is missing, or a channel's name is misspelt.";

    "Deliveries (a message to one receiver)":
    /// Deliveries begun: each message counts once for each subscriber and each other server that is to
    /// get it, retained messages and repetitions at QoS 1 included. Answers with a channel's history are no
    /// deliveries, and a message in the log of a persistent subscription becomes one when it is sent.
    deliveries: Counter of "deliveries", well: "More is published, or to more subscribers (fan-out).";
    /// Deliveries written to the receiver's connection, whole, as far as the operating system took them.
    delivered: Counter of "deliveries", well: "More is published, or to more subscribers (fan-out).";
    /// Deliveries that wait, for a connection to take them or for a lost client to come back.
    deliveries_waiting: Gauge of "deliveries", well:
        "Subscribers read more slowly than publishers send. If it keeps rising, deliveries will be dropped.";
    /// Deliveries of QoS 0 that were dropped because the receiver is a slow consumer: its outbox was full, or
    /// was not small while memory was short.
    dropped_slow: Counter of "deliveries", trouble:
        "A subscriber does not read fast enough; the log names it. Make it faster, share its load, use QoS 1, or raise `limits.outbox_bytes_max`.";
    /// Deliveries that waited for a connection when it ended, or came while it was closing. Those of QoS 1 to a
    /// persistent subscriber come again from the log.
    dropped_closed: Counter of "deliveries", well:
        "Subscribers leave, or are closed, before they have read everything; see `closed_limit`.";
    /// Deliveries to a lost client that were dropped because its inbox was full, or memory short.
    dropped_absent: Counter of "deliveries", trouble:
        "Lost clients miss messages. Raise `session.resume_bytes_max`, or have them subscribe persistently.";
    /// Deliveries that waited for a lost client which did not come back in time, or wanted no more of them.
    dropped_expired: Counter of "deliveries", well:
        "Clients vanish for longer than their session is kept (`session.resume_time`, `pubsubx.resume_time`).";
    /// Deliveries left out because the receiver's dialect has no form for them: a channel name with a space in CoreMQ, a
    /// message that is too long for PubSubX.
    dropped_dialect: Counter of "deliveries", trouble:
        "Subscribers of one dialect miss what is published in another. Change the channel's name, or shorten the message.";
    /// Deliveries that clients acknowledged (QoS 1), each once.
    acknowledged: Counter of "deliveries", well: "More is delivered at QoS 1.";

    "Logs of persistent subscriptions":
    /// Messages committed to a log.
    stored: Counter of "messages", well: "More is published at QoS 1 to channels with persistent subscribers.";
    /// Messages that the logs held when the server started.
    log_found: Counter of "messages", well: "It does not rise while the server runs.";
    /// Messages that the logs hold.
    log_held: Gauge of "messages", well:
        "Persistent subscribers are away or slow. `rialto channel list` says on which channels.";
    /// Payload bytes of these messages.
    log_bytes: Gauge of "bytes", well:
        "As for `log_held`; the limits are `store.log_*` for each channel, and `store.bytes_max` for the file.";
    /// Messages removed from a log because every persistent subscriber has acknowledged them.
    log_acknowledged: Counter of "messages", well: "Persistent subscribers acknowledge.";
    /// Messages removed from a log because its last persistent subscriber unsubscribed or was forgotten, or because an
    /// operator purged it.
    log_unread: Counter of "messages", well: "Persistent subscribers leave with messages unread, or backlogs are purged.";
    /// Messages removed from a log because it reached its limit.
    dropped_log: Counter of "messages", trouble:
        "Persistent subscribers lose messages: they are away for too long, or too slow. Raise `store.log_*`, or have them unsubscribe.";
    /// Messages removed from a log because the page they stood in is damaged.
    dropped_damaged: Counter of "messages", trouble: "As for `damaged_records`.";

    "Retained messages and histories":
    /// Channels with a retained message.
    retained: Gauge of "channels", well: "Publishers retain more; the limit is `retained.count_max`.";
    /// Memory of retained messages, about, their channels included.
    retained_bytes: Gauge of "bytes", well: "Publishers retain more; the limit is `retained.bytes_max`.";
    /// Messages that were not retained: a limit was reached, the store had no room, or memory was short.
    retained_refused: Counter of "messages", trouble:
        "A limit of `[retained]` or `store.bytes_max` is reached. Raise it, or remove retained messages.";
    /// Channels whose history was dropped because there was no memory for more.
    history_evicted: Counter of "channels", trouble:
        "Histories take more than `history.bytes_max`, or memory was short (`limits.waiting_bytes_max`).";

    "Connections and sessions":
    /// Open connections.
    connections: Gauge of "connections", well: "More clients; the limit is `limits.connections_max`.";
    /// Clients with an open session.
    sessions: Gauge of "sessions", well: "More clients.";
    /// Channels in use.
    channels: Gauge of "channels", well: "Clients use more channels.";
    /// Sessions that were opened.
    sessions_opened: Counter of "sessions", well:
        "Clients connect. If it rises much faster than `sessions`, they keep reconnecting.";
    /// Sessions that a newer connection of the same client took over.
    sessions_taken_over: Counter of "sessions", well:
        "Clients reconnect before their old connection has ended; or two programs use one client id.";
    /// Sessions whose connection was lost and that could be taken up again.
    sessions_lost: Counter of "sessions", well: "The network, or the clients, are not stable.";
    /// Sessions that were taken up again.
    sessions_restored: Counter of "sessions", well: "Lost clients come back.";
    /// Connections closed at a limit: packet size, full outbox (slow consumer), too many unacknowledged pushes.
    closed_limit: Counter of "connections", trouble: "The log names client and limit.";
    /// Connections closed because they were silent too long, or opened no session in time.
    closed_silent: Counter of "connections", trouble:
        "Clients vanish without a goodbye, or something connects and says nothing.";
    /// Connections refused because too many were open.
    refused_connections: Counter of "connections", trouble:
        "Raise `limits.connections_max` or the listener's share, and the limit of open files.";

    "Memory and store":
    /// Memory of everything that waits: frames, parked packets, inboxes, histories, retained messages.
    waiting_bytes: Gauge of "bytes", well:
        "Slow consumers, many lost clients or large histories; the limit is `limits.waiting_bytes_max`.";
    /// Batches of changes handed to the store that it has not answered.
    store_queue: Gauge of "batches", well: "The disk is slower than what is to be written.";
    /// How long the oldest of these batches has been waiting.
    store_wait_ms: Gauge of "milliseconds", well:
        "The disk is slow or hangs. More than a second is logged.";
    /// Store write errors: batches that the store did not commit.
    store_failures: Counter of "batches", trouble:
        "The disk is full or fails; the log has the error. QoS 1 is refused meanwhile.";
    /// Stored records that are damaged and were set aside: pages of messages, retained messages, histories, cursors,
    /// clients, sessions.
    damaged_records: Counter of "records", trouble:
        "The disk, or a program, has changed the store. Run `rialto store check`, and restore a backup.";
}

impl Stats {
    /// Returns the sums that must come out even, each with its name and both sides:
    ///
    /// - what came in was accepted, refused, or waits for the store;
    /// - what was accepted, here or from other servers, was answered, routed, or discarded;
    /// - what was begun to be delivered was delivered, was dropped for one of the causes, or waits;
    /// - what logs held and got, they hold, or it was removed for one of the causes.
    #[must_use]
    pub fn balance(&self) -> [(&'static str, u64, u64); 4] {
        let dropped = self.dropped_slow
            + self.dropped_closed
            + self.dropped_absent
            + self.dropped_expired
            + self.dropped_dialect;
        let removed =
            self.log_acknowledged + self.log_unread + self.dropped_log + self.dropped_damaged;
        [
            (
                "received = published + publish_refused + publish_waiting",
                self.received,
                self.published + self.publish_refused + self.publish_waiting,
            ),
            (
                "published + relayed = answered + routed + discarded",
                self.published + self.relayed,
                self.answered + self.routed + self.discarded,
            ),
            (
                "deliveries = delivered + deliveries_waiting + dropped_slow + dropped_closed + \
                 dropped_absent + dropped_expired + dropped_dialect",
                self.deliveries,
                self.delivered + self.deliveries_waiting + dropped,
            ),
            (
                "log_found + stored = log_held + log_acknowledged + log_unread + dropped_log + \
                 dropped_damaged",
                self.log_found + self.stored,
                self.log_held + removed,
            ),
        ]
    }
}

#[cfg(test)]
mod tests;
