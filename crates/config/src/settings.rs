//! Every setting there is, one line each.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::choice::{
    AccessMode, Dialect, Durability, LogFormat, LogFull, ResumeFull, SlowConsumer, StoreKind,
    TlsMode,
};
use crate::quantity::{ByteSize, Period};
use crate::secret::{OptionalPath, Secret};
use crate::section::section;

/// All settings of a broker.
///
/// [`Settings::default`] is a broker for one machine: it listens on loopback only, for anybody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The process.
    pub server: Server,
    /// Where clients connect, by a name of the operator's choosing.
    pub listeners: BTreeMap<String, Listener>,
    /// The broker's certificate.
    pub tls: Tls,
    /// What guards the broker against its peers.
    pub limits: Limits,
    /// How long a client may be silent or away.
    pub session: Session,
    /// PubSubX's own habits.
    pub pubsubx: Pubsubx,
    /// How messages reach subscribers.
    pub delivery: Delivery,
    /// The last messages of each channel.
    pub history: History,
    /// Settings of single channels.
    pub channels: Channels,
    /// Other brokers that share messages with this one.
    pub cluster: Cluster,
    /// The in-memory cache.
    pub cache: Cache,
    /// What outlives a restart.
    pub store: Store,
    /// Who may connect.
    pub access: Access,
    /// What the broker tells its operator.
    pub log: Log,
}

section! {
    /// The process.
    pub struct Server {
        /// Directory for everything the broker keeps. It is made if it does not exist, and only one
        /// broker may use it at a time.
        data_dir: PathBuf = "rialto-data",
        /// How long a stop may take to flush connections and store. What is left is then cut off;
        /// nothing acknowledged is lost.
        shutdown_timeout: Period = "10s" in "0s" to "1h",
        /// Threads that serve connections; 0 is one for each core.
        worker_threads: usize = "0" in "0" to "1024",
    }
}

section! {
    /// A door for clients. A JMQT listener hears by itself whether a client speaks TLS or plain,
    /// WebSocket or plain socket. The names are free: those below are the defaults', and a listener
    /// by another name is added to them.
    pub struct Listener {
        /// IP address and port to listen on; port 0 takes any that is free. A listener by a name of
        /// your own must be given one.
        address: SocketAddr = "127.0.0.1:0",
        /// Whether the listener is opened at all.
        enabled: bool = "true",
        /// What its clients speak: "jmqt", "coremq" (TCP), "coremq-websocket", "pubsubx",
        /// "memcached" or "http" (the status page).
        dialect: Dialect = "jmqt",
        /// What to do about TLS: "off", "allow" (TLS or plain, as the client opens, if there is a
        /// certificate) or "require". The wss listener of the defaults is not opened while there is
        /// no certificate. On a "coremq" listener the server speaks first, so that "allow" means
        /// plain there.
        tls: TlsMode = "allow",
        /// Send whole packets in small paced writes, which the original Python clients of JMQT and
        /// the asyncio client of CoreMQ need. Slower for everybody else on the listener.
        paced: bool = "false",
    }
}

section! {
    /// The broker's certificate: both keys or none. "rialto cert new" makes one for development.
    pub struct Tls {
        /// PEM file with the certificate chain, the broker's own first.
        certificate: OptionalPath = "",
        /// PEM file with the private key of the certificate.
        key: OptionalPath = "",
    }
}

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
        /// Connections at the same time, over all listeners; one more is closed at once.
        connections_max: usize = "100000" in "1" to "10000000",
        /// Connections from one IP address at the same time; 0 is unlimited.
        connections_per_address_max: usize = "0" in "0" to "10000000",
        /// Time a new connection has to be through with TLS, WebSocket and connect.
        authenticate_timeout: Period = "15s" in "100ms" to "10m",
        /// Bytes that may wait for a client that does not read; see delivery.slow_consumer. At
        /// least limits.packet_bytes_max.
        outbox_bytes_max: ByteSize = "16MiB" in "1KiB" to "4GiB",
        /// QoS 1 messages a client may have received and not acknowledged. Further ones wait in the
        /// store where the subscription is persistent; a client without one is closed, though not
        /// below 1,000 of them.
        unacknowledged_max: usize = "10000" in "1" to "1000000",
        /// Deepest nesting of arrays and objects in the data of a packet; a deeper one is ignored.
        json_depth_max: usize = "64" in "2" to "1000",
    }
}

section! {
    /// How long a client may be silent or away.
    pub struct Session {
        /// Silence after which a client counts as lost and is closed. Clients are told it in whole
        /// seconds, and must send something within it.
        heartbeat_timeout: Period = "15s" in "3s" to "1d",
        /// Absence after which a client without persistent subscriptions is forgotten, with the
        /// direct messages stored for it.
        forget_after: Period = "30d" in "1s" to "3650d",
        /// How long a JMQT client whose connection was lost keeps its subscriptions that are not
        /// persistent, and what comes for them; 0s ends them with the connection, as JMQT 1.0 says.
        resume_time: Period = "0s" in "0s" to "1d",
        /// Bytes of messages kept for each lost client, whatever it speaks.
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

section! {
    /// The last messages of each channel, which CoreMQ clients can ask for.
    pub struct History {
        /// Messages kept of each channel; 0 keeps none. See channels.rules for single channels.
        messages: usize = "10" in "0" to "100000",
        /// Whether they are kept over a restart, in the store. After a crash those of the last
        /// tenth of a second may be missing.
        persistent: bool = "false",
        /// Memory for the history of all channels together. When it is full, channels that nobody
        /// has published to for long lose theirs.
        bytes_max: ByteSize = "64MiB" in "0" to "1024GiB",
    }
}

section! {
    /// Settings of single channels.
    pub struct Channels {
        /// Rules, as a list: [[channels.rules]] with pattern = "sensors.*" (where * stands for
        /// anything and ? for one character) and what differs on the channels it fits:
        /// history_messages, history_persistent. Of several that fit, the first that says
        /// something about it holds.
        rules: Vec<ChannelRule> = "[]",
    }
}

section! {
    /// Other brokers that get what is published here, and the other way round: every node passes on
    /// what its own clients publish to all others, over their "coremq" listeners.
    pub struct Cluster {
        /// Name of this server as others see it; empty is the machine's host name.
        name: String = "",
        /// All servers of the cluster, each "host" or "host:port" (6747 if none is given). The same
        /// list may stand on every server: this one is recognised and left out.
        nodes: Vec<String> = "[]",
        /// Further hosts that may ask for all messages, such as that of a WebSocket gateway. The
        /// hosts of nodes may as well.
        allowed_replicants: Vec<String> = "[]",
        /// Client id with which this server opens a session on the others, where they ask for one.
        client: String = "",
        /// The token for it.
        token: Secret = "",
        /// Memory for messages that others have not fetched yet, because the connection to them is
        /// down. Beyond it the oldest are dropped, and those that miss them are told how many.
        backlog_bytes_max: ByteSize = "16MiB" in "0" to "1024GiB",
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
        /// Which changes are published, as a list: [[cache.publish]] with prefix = "config." and
        /// channel = "cache.config" for each. Whatever clients of the cache do to a key that begins
        /// with the prefix is published on the channel, with the new value; expiry and eviction
        /// are not.
        publish: Vec<CachePublish> = "[]",
    }
}

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
        /// Age at which messages leave a channel's log, read or not; 0s is never.
        log_age_max: Period = "0s",
        /// What happens when a log is at its limit: "refuse" refuses the new message with status 5,
        /// "drop-oldest" drops the oldest one even if a subscriber has not had it.
        log_full: LogFull = "refuse",
    }
}

section! {
    /// Who may connect.
    pub struct Access {
        /// "open" gives a token to anybody who asks, for the name they ask for; "tokens" serves
        /// only those who have a token already.
        mode: AccessMode = "open",
        /// How long a token that the broker signs is valid.
        token_lifetime: Period = "30d" in "1s" to "3650d",
        /// Allows mode "open" on an address that other machines can reach. Anybody who can reach
        /// it can then read and publish everything.
        open_beyond_loopback: bool = "false",
        /// Tokens known in advance, as a list: [[access.tokens]] with client = "name" and
        /// token = "secret" for each. A client may have several.
        tokens: Vec<PresetToken> = "[]",
    }
}

section! {
    /// What the broker tells its operator, on standard error.
    pub struct Log {
        /// "text" for people, "json" for machines: one object a line.
        format: LogFormat = "text",
        /// "off", "error", "warn", "info", "debug" or "trace", or such levels by module, as in
        /// "info,rialto_session=debug". The environment variable RIALTO_LOG stands above it.
        level: String = "info",
    }
}

/// What differs on the channels whose names fit a pattern.
#[derive(Debug, Clone, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelRule {
    /// Which channels: `*` stands for any characters, also none, `?` for one.
    pub pattern: String,
    /// Messages kept as history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_messages: Option<usize>,
    /// Whether the history is kept over a restart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_persistent: Option<bool>,
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

/// A token known in advance, for one client.
#[derive(Debug, Clone, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PresetToken {
    /// The client id the token is good for.
    pub client: String,
    /// The token as the client sends it.
    pub token: Secret,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            server: Server::default(),
            listeners: Listener::defaults(),
            tls: Tls::default(),
            limits: Limits::default(),
            session: Session::default(),
            pubsubx: Pubsubx::default(),
            delivery: Delivery::default(),
            history: History::default(),
            channels: Channels::default(),
            cluster: Cluster::default(),
            cache: Cache::default(),
            store: Store::default(),
            access: Access::default(),
            log: Log::default(),
        }
    }
}

impl Settings {
    /// Returns the listeners to open, by name.
    ///
    /// Leaves out those that are disabled, and those that require TLS while there is no
    /// certificate; [`load()`](crate::load()) accepts the latter only of the defaults.
    pub fn open_listeners(&self) -> impl Iterator<Item = (&str, &Listener)> {
        let has_certificate = self.tls.files().is_some();
        self.listeners
            .iter()
            .filter(move |(_, listener)| {
                listener.enabled && (has_certificate || listener.tls != TlsMode::Require)
            })
            .map(|(name, listener)| (name.as_str(), listener))
    }
}

impl Listener {
    /// Makes an enabled listener on `address` with the other settings at their defaults.
    pub fn on(address: SocketAddr) -> Self {
        Listener { address, ..Listener::default() }
    }

    /// Returns the listeners of the defaults, on the ports the original clients expect.
    pub(crate) fn defaults() -> BTreeMap<String, Listener> {
        let on_port = |port: u16| Listener::on(SocketAddr::from(([127, 0, 0, 1], port)));
        let speaking = |dialect, port| Listener { dialect, ..on_port(port) };
        let disabled = |listener| Listener { enabled: false, ..listener };
        BTreeMap::from([
            ("coremq".to_owned(), speaking(Dialect::Coremq, 6747)),
            ("coremq-websocket".to_owned(), speaking(Dialect::CoremqWebsocket, 9000)),
            ("http".to_owned(), speaking(Dialect::Http, 8080)),
            ("pubsubx".to_owned(), speaking(Dialect::Pubsubx, 12000)),
            ("memcached".to_owned(), disabled(speaking(Dialect::Memcached, 11211))),
            ("tcp".to_owned(), on_port(8010)),
            ("tls".to_owned(), on_port(8011)),
            ("websocket".to_owned(), on_port(8012)),
            ("wss".to_owned(), Listener { tls: TlsMode::Require, ..on_port(8013) }),
        ])
    }
}

impl Tls {
    /// Returns the paths of certificate and key, if both are set.
    pub fn files(&self) -> Option<(&Path, &Path)> {
        self.certificate.get().zip(self.key.get())
    }
}
