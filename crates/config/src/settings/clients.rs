//! What one client may cost, how long it may be away, and how messages reach it.

use crate::choice::{ResumeFull, SlowConsumer};
use crate::quantity::{ByteSize, Period};
use crate::section::section;

section! {
    /// What guards the broker against its peers. A client that goes over a limit gets a status or
    /// is closed with a reason; it never costs another client anything.
    pub struct Limits {
        /// Largest packet a client may send; a longer one closes its connection.
        packet_bytes_max: ByteSize = "1MiB" in "1KiB" to "256MiB",
        /// Subscriptions one client may hold; one more is refused with status 7.
        subscriptions_max: usize = "1000" in "1" to "1000000",
        /// Longest channel name in bytes of UTF-8; a longer one is refused with status 11.
        channel_name_bytes_max: usize = "255" in "1" to "65535",
        /// Connections at the same time, over all listeners; one more is refused. Half of them is
        /// kept for the listeners in equal shares, which other listeners cannot take.
        connections_max: usize = "100000" in "1" to "10000000",
        /// Connections from one IP address at the same time, from one IPv6 network of 64 bits alike;
        /// 0 is unlimited.
        connections_per_address_max: usize = "0" in "0" to "10000000",
        /// Time a new connection has to be through with TLS, WebSocket and connect, on an HTTP
        /// listener with the head of its first request, on that of the cache to send something.
        authenticate_timeout: Period = "15s" in "100ms" to "10m",
        /// Time an HTTP request may take to come whole, the body as well as the head. So long may a
        /// connection also wait for its next request or for room for a large answer, and a client leave
        /// an answer unread.
        request_timeout: Period = "60s" in "100ms" to "1h",
        /// Bytes that may wait for a client that does not read; see delivery.slow_consumer. At
        /// least limits.packet_bytes_max.
        outbox_bytes_max: ByteSize = "16MiB" in "1KiB" to "4GiB",
        /// Memory for everything that waits, over all connections: to be read, for a decision, for
        /// lost clients, as history, as retained messages. At three quarters of it, where
        /// connections take a good part, QoS 0 messages to those that are behind are dropped and
        /// all are read more slowly. Beyond it histories go, longest unused first, then the
        /// connections to which most is on its way are closed, and nothing more is retained or kept
        /// for lost clients. 0 is a quarter of the memory of the machine or of the control group.
        waiting_bytes_max: ByteSize = "0" in "0" to "1024GiB",
        /// QoS 1 messages a client may have received and not acknowledged. Further ones wait in the
        /// store where the subscription is persistent; a client without one is closed, though not
        /// below 1,000 of them.
        unacknowledged_max: usize = "10000" in "1" to "1000000",
        /// Deepest nesting of arrays and objects in the data of a packet; a deeper one is ignored.
        json_depth_max: usize = "128" in "2" to "1000",
    }
}

section! {
    /// How long a client may be silent or away.
    pub struct Session {
        /// Silence after which a client counts as lost and is closed. Clients are told it in whole
        /// seconds, and must send something within it.
        heartbeat_timeout: Period = "15s" in "3s" to "1d",
        /// Absence after which a client without persistent subscriptions is forgotten, with the
        /// direct messages stored for it. Counted while a broker runs on the store.
        forget_after: Period = "30d" in "1s" to "3650d",
        /// How long a JMQT client whose connection was lost keeps its subscriptions that are not
        /// persistent, and what comes for them; 0s ends them with the connection, as JMQT 1.0 says.
        resume_time: Period = "0s" in "0s" to "1d",
        /// Memory for the messages kept for each lost client, whatever it speaks: some five bytes
        /// for each message and 150 for each publisher and channel included.
        resume_bytes_max: ByteSize = "10KiB" in "0" to "1GiB",
        /// What happens when they are reached: "drop-oldest" drops the oldest message, "drop-newest"
        /// the new one. Both are counted.
        resume_full: ResumeFull = "drop-oldest",
    }
}

section! {
    /// PubSubX's own habits.
    pub struct Pubsubx {
        /// How long a client whose connection was lost keeps its name, its subscriptions and what
        /// comes for them. See session.resume_bytes_max.
        resume_time: Period = "60s" in "0s" to "1d",
        /// Bytes a client may send without ending its message; then they are thrown away.
        request_bytes_max: ByteSize = "10KiB" in "64B" to "256MiB",
        /// Whether each message is logged too, as the original prints them.
        log_messages: bool = "false",
    }
}

section! {
    /// How messages reach subscribers.
    pub struct Delivery {
        /// Whether a publisher that is subscribed to the channel gets its own messages back.
        echo: bool = "false",
        /// What happens to a client that does not read and whose outbox is full: "drop" drops QoS 0
        /// messages to it, "close" closes its connection. QoS 1 is not lost either way.
        slow_consumer: SlowConsumer = "drop",
        /// Longest pause put on a publisher to let its subscribers catch up, before
        /// slow_consumer applies; 0s never pauses.
        publisher_stall_max: Period = "50ms" in "0s" to "10s",
    }
}
