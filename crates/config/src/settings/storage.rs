//! What is kept: on disk over a restart, and in memory as a cache.

use serde::{Deserialize, Serialize};

use crate::choice::{Durability, LogFull, StoreKind};
use crate::quantity::{ByteSize, Period};
use crate::section::section;

section! {
    /// What outlives a restart: persistent subscriptions, the QoS 1 messages stored for them (a log
    /// for each channel), and retained messages.
    pub struct Store {
        /// "sqlite" keeps it in the data directory, "memory" forgets it with the process.
        kind: StoreKind = "sqlite",
        /// When a message counts as stored: "fsync" once the disk has it, which survives a power
        /// cut; "os" once the operating system has it, which survives a crash of the broker only.
        durability: Durability = "fsync",
        /// Largest size of the store; then QoS 1 is refused with status 5. 0 is unlimited.
        bytes_max: ByteSize = "0",
        /// Messages one channel's log may hold; 0 is unlimited.
        log_messages_max: u64 = "0",
        /// Bytes one channel's log may hold; 0 is unlimited.
        log_bytes_max: ByteSize = "0",
        /// Age at which messages leave a channel's log, read or not; 0s is never. Counted while a
        /// broker runs on the store.
        log_age_max: Period = "0s",
        /// What happens when a log is at its limit: "refuse" refuses the new message with status 5,
        /// "drop-oldest" drops the oldest one even if a subscriber has not had it.
        log_full: LogFull = "refuse",
    }
}

section! {
    /// The cache that "memcached" listeners serve. It is kept in memory, and gone with the process.
    /// The listener of the defaults is not opened unless listeners.memcached.enabled = true.
    pub struct Cache {
        /// Memory for all items together, keys and some 400 bytes for each included. When it is
        /// full, those that nobody has used for longest are evicted.
        bytes_max: ByteSize = "64MiB" in "1MiB" to "1024GiB",
        /// Longest value; a longer one is refused. More than half of cache.bytes_max counts as half.
        item_bytes_max: ByteSize = "1MiB" in "1KiB" to "1GiB",
        /// Silence after which a connection is closed; 0s lets them be silent for as long as they
        /// like, as memcached does. A client that leaves answers unread is silent, too.
        idle_timeout: Period = "0s" in "0s" to "1d",
        /// Which changes are published, as a list: [[cache.publish]] with prefix = "config." and
        /// channel = "cache.config" for each. Whatever clients of the cache do to a key that begins
        /// with the prefix is published on the channel, with the new value; expiry and eviction
        /// are not.
        publish: Vec<CachePublish> = "[]",
    }
}

/// Which changes of the cache are published where.
#[derive(Debug, Clone, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CachePublish {
    /// How the keys begin; all keys do with an empty one.
    pub prefix: String,
    /// The channel on which their changes are published.
    pub channel: String,
}
