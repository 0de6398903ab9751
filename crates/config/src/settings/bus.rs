//! What brokers that share a database tell each other over.

use crate::choice::BusKind;
use crate::quantity::ByteSize;
use crate::secret::{OptionalPath, Secret};
use crate::section::section;

section! {
    /// The bus between brokers that share a database (store.shared): over it messages with QoS 0 reach
    /// clients of the others, and stored ones reach them at once. It may lose everything without anything
    /// acknowledged being lost. See docs/cluster.md.
    pub struct Bus {
        /// "redis", "nats", or "none": then only what is stored passes between brokers.
        kind: BusKind = "none",
        /// Where it is, as in redis://user:password@host:6379, or nats://user:password@host:4222; with
        /// rediss:// or tls:// over TLS. Several, with commas between them: the sentinels of bus.sentinel,
        /// servers of a Redis Cluster, or servers of a NATS cluster. All brokers have the same.
        urls: Secret = "",
        /// A file with that text instead, for those who keep secrets in files.
        url_file: OptionalPath = "",
        /// The name by which Redis Sentinel knows the Redis that is to be used; bus.urls are then
        /// sentinels, with user and password for Redis.
        sentinel: String = "",
        /// Whether bus.urls are servers of a Redis Cluster, of version 7 or later.
        cluster: bool = "false",
        /// Into how many parts channels are sorted in a Redis Cluster, each of which is on one of its
        /// servers. The same on all brokers.
        partitions: usize = "256" in "1" to "4096",
        /// What all subjects on the bus begin with. Brokers that share a database have the same, others
        /// another.
        prefix: String = "rialto",
        /// Memory for what waits to be sent. Beyond it stored messages are announced without being sent
        /// along, then messages with QoS 0 are dropped and counted.
        queue_bytes_max: ByteSize = "16MiB" in "1MiB" to "16GiB",
    }
}
