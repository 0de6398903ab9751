//! What is kept: on disk over a restart, and in memory as a cache.

use serde::{Deserialize, Serialize};

use crate::choice::{Durability, LogFull, StoreKind};
use crate::quantity::{ByteSize, Period};
use crate::secret::{OptionalPath, Secret};
use crate::section::section;

section! {
    /// What is kept over a restart: persistent subscriptions, the QoS 1 messages stored for them
    /// (a log for each channel), and retained messages.
    pub struct Store {
        /// "sqlite" stores it in the data directory, "postgres" in a PostgreSQL database, "mysql" in one
        /// of MySQL or MariaDB, "memory" loses it with the process. docs/stores.md says which is for
        /// whom.
        kind: StoreKind = "sqlite",
        /// The database for "postgres", as in postgres://user:password@host:5432/database, or for
        /// "mysql", as in mysql://user:password@host:3306/database; several hosts, with commas between
        /// them: the first that can be written to. Connections are encrypted unless the host is this
        /// machine or the URL ends with ?sslmode=disable or, for "mysql", ?ssl-mode=disabled.
        url: Secret = "",
        /// A file with that URL instead, for those who keep secrets in files.
        url_file: OptionalPath = "",
        /// Certificates of the authorities to trust for the database, as a PEM file; those of the
        /// system if empty.
        tls_ca: OptionalPath = "",
        /// Whether other brokers use the database, too, each with this setting: then clients may
        /// connect to any of them. docs/cluster.md says what works on several, and what does not
        /// yet. For "postgres".
        shared: bool = "false",
        /// When a message counts as stored: with "fsync" once the disk has it, so that it survives
        /// a loss of power; with "os" once the operating system has it, so that it survives a
        /// crash of the broker only. For "sqlite"; a database has settings of its own.
        durability: Durability = "fsync",
        /// Largest size of the store. Beyond it QoS 1 messages are refused with status 5. 0 sets
        /// no limit. For "sqlite".
        bytes_max: ByteSize = "0",
        /// Most messages in the log of a channel; 0 sets no limit.
        log_messages_max: u64 = "0",
        /// Most bytes in the log of a channel; 0 sets no limit.
        log_bytes_max: ByteSize = "0",
        /// Age at which messages are removed from a channel's log, whether they were read or not;
        /// 0s never removes any. Only time during which a broker runs on the store counts.
        log_age_max: Period = "0s",
        /// What happens when a log is at its limit: "refuse" refuses the new message with status
        /// 5, "drop-oldest" drops the oldest message, even if a subscriber has not received it.
        log_full: LogFull = "refuse",
    }
}

section! {
    /// The cache that "memcached" listeners serve. It is kept in memory and lost when the process
    /// ends. The default listener is not opened unless listeners.memcached.enabled = true.
    pub struct Cache {
        /// Memory for all items together, including their keys and about 400 bytes for each. When
        /// it is full, the items not used for longest are evicted.
        bytes_max: ByteSize = "64MiB" in "1MiB" to "1024GiB",
        /// Longest value. A longer one is refused. At most half of cache.bytes_max takes effect.
        item_bytes_max: ByteSize = "1MiB" in "1KiB" to "1GiB",
        /// Silence after which a connection is closed; 0s never closes one, as in memcached. A
        /// client that does not read its answers counts as silent.
        idle_timeout: Period = "0s" in "0s" to "1d",
        /// Which changes are published, as a list: [[cache.publish]] with prefix = "config." and
        /// channel = "cache.config" for each. Whenever a client of the cache changes a key that
        /// begins with the prefix, the change is published on the channel with the new value.
        /// Expiry and eviction are not published.
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
