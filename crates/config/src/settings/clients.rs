//! What one client may cost, how long it may be away, and how messages reach it.

use crate::choice::{ResumeFull, SlowConsumer};
use crate::quantity::{ByteSize, Period};
use crate::section::section;

section! {
    /// Limits that protect the broker. A client that exceeds one is refused with a status, or its
    /// connection is closed with a reason; other clients are not affected.
    pub struct Limits {
        /// Largest packet that a client may send. A larger one closes the connection.
        packet_bytes_max: ByteSize = "1MiB" in "1KiB" to "256MiB",
        /// Most subscriptions of one client. A further one is refused with status 7.
        subscriptions_max: usize = "1000" in "1" to "1000000",
        /// Longest channel name, in bytes of UTF-8. A longer one is refused with status 11.
        channel_name_bytes_max: usize = "255" in "1" to "65535",
        /// Most connections at the same time, over all listeners. Further ones are refused. Half
        /// of them are reserved for the listeners in equal shares, which other listeners cannot
        /// use.
        connections_max: usize = "100000" in "1" to "10000000",
        /// Most connections from one IP address at the same time; an IPv6 network of 64 bits
        /// counts as one address. 0 sets no limit.
        connections_per_address_max: usize = "0" in "0" to "10000000",
        /// Time within which a new connection has to complete TLS, the WebSocket upgrade and its
        /// login; on an HTTP listener to send the head of its first request, and on a memcached
        /// listener to send anything.
        authenticate_timeout: Period = "15s" in "100ms" to "10m",
        /// Time within which an HTTP request must arrive completely, head and body. It is also the
        /// longest time for which a connection may wait for its next request or for room for a
        /// large answer, and for which a client may leave an answer unread.
        request_timeout: Period = "60s" in "100ms" to "1h",
        /// Bytes that may be queued for a client that does not read fast enough; see
        /// delivery.slow_consumer. At least limits.packet_bytes_max.
        outbox_bytes_max: ByteSize = "16MiB" in "1KiB" to "4GiB",
        /// Memory for all data that waits, over all connections: data to be sent, packets that
        /// wait for a decision, messages for lost clients, histories and retained messages. From
        /// three quarters of it on, if connections take a large part, QoS 0 messages to slow
        /// consumers are dropped and all clients are read more slowly. Beyond it, histories are
        /// dropped, those not used for longest first, then the connections with the most unsent
        /// data are closed, and nothing more is retained or kept for lost clients. 0 is a quarter
        /// of the memory of the machine or of the control group.
        waiting_bytes_max: ByteSize = "0" in "0" to "1024GiB",
        /// QoS 1 messages that may have been sent to a client and not been acknowledged. If the
        /// subscription is persistent, further messages wait in the store. If it is not, the
        /// client is closed, but not below 1,000 such messages.
        unacknowledged_max: usize = "10000" in "1" to "1000000",
        /// Deepest nesting of arrays and objects in the data of a packet. A packet with deeper
        /// nesting is ignored.
        json_depth_max: usize = "128" in "2" to "1000",
    }
}

section! {
    /// How long a client may be silent or away.
    pub struct Session {
        /// Silence after which a client counts as lost and its connection is closed. Clients are
        /// told this time in whole seconds, and must send something within it.
        heartbeat_timeout: Period = "15s" in "3s" to "1d",
        /// Absence after which a client without persistent subscriptions is forgotten, together
        /// with the direct messages stored for it. Only time during which a broker runs on the
        /// store counts.
        forget_after: Period = "30d" in "1s" to "3650d",
        /// How long a JMQT client whose connection was lost keeps its non-persistent subscriptions
        /// and the messages for them. With 0s they end with the connection, as JMQT 1.0 says.
        resume_time: Period = "0s" in "0s" to "1d",
        /// Memory for the messages that are kept for each lost client of any protocol, including
        /// about five bytes for each message and 150 for each publisher and channel.
        resume_bytes_max: ByteSize = "10KiB" in "0" to "1GiB",
        /// What happens at this limit: "drop-oldest" drops the oldest message, "drop-newest" the
        /// new one. Both are counted.
        resume_full: ResumeFull = "drop-oldest",
    }
}

section! {
    /// Settings for PubSubX alone.
    pub struct Pubsubx {
        /// How long a client whose connection was lost keeps its name, its subscriptions and the
        /// messages for them. See session.resume_bytes_max.
        resume_time: Period = "60s" in "0s" to "1d",
        /// Bytes that a client may send without ending its message. Beyond that they are
        /// discarded.
        request_bytes_max: ByteSize = "10KiB" in "64B" to "256MiB",
        /// Whether each message is logged, as the original server prints them.
        log_messages: bool = "false",
    }
}

section! {
    /// How messages reach subscribers.
    pub struct Delivery {
        /// Whether a publisher that is subscribed to the channel gets its own messages back.
        echo: bool = "false",
        /// What happens to a slow consumer, that is, a client whose outbox is full because it does
        /// not read fast enough: "drop" drops QoS 0 messages to it, "close" closes its connection.
        /// QoS 1 messages are not lost in either case.
        slow_consumer: SlowConsumer = "drop",
        /// Longest time for which a publisher is not read, so that its subscribers can catch up,
        /// before slow_consumer applies (backpressure); 0s never waits.
        publisher_stall_max: Period = "50ms" in "0s" to "10s",
    }
}
